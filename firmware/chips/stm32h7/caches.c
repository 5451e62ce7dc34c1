/*
 * Both caches, invalidated and switched on (AN4839 4, PM0253 "Cache maintenance operations").
 * After the start-up copies, so that copied code needs no cleaning.
 */
#include "bringup.h"
#include "registers.h"

static void data_cache_invalidate(void) {
    SCB_CSSELR = 0; /* level 1, data */
    __asm volatile("dsb" ::: "memory");
    const uint32_t size = SCB_CCSIDR;
    const uint32_t last_set = (size >> 13) & 0x7FFFu;
    const uint32_t last_way = (size >> 3) & 0x3FFu;
    for (uint32_t set = 0; set <= last_set; ++set) {
        for (uint32_t way = 0; way <= last_way; ++way) {
            SCB_DCISW = (way << 30) | (set << 5); /* four ways, lines of 32 bytes */
        }
    }
    __asm volatile("dsb" ::: "memory");
}

void caches_start(void) {
    __asm volatile("dsb\n\tisb" ::: "memory");
    if ((SCB_CCR & SCB_CCR_IC) == 0) {
        SCB_ICIALLU = 0;
        __asm volatile("dsb\n\tisb" ::: "memory");
        SCB_CCR |= SCB_CCR_IC;
        __asm volatile("dsb\n\tisb" ::: "memory");
    }
    if ((SCB_CCR & SCB_CCR_DC) == 0) {
        data_cache_invalidate();
        SCB_CCR |= SCB_CCR_DC;
        __asm volatile("dsb\n\tisb" ::: "memory");
    }
}
