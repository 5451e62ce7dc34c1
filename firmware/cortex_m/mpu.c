#include "mpu.h"

#include "startup.h"

#define MPU_CTRL (*(volatile uint32_t *)0xE000ED94u)
#define MPU_CTRL_ENABLE (1u << 0)
#define MPU_CTRL_PRIVDEFENA (1u << 2)
#define MPU_RNR (*(volatile uint32_t *)0xE000ED98u)
#define MPU_RBAR (*(volatile uint32_t *)0xE000ED9Cu)
#define MPU_RASR (*(volatile uint32_t *)0xE000EDA0u)

enum { REGION_STACK = 6, REGION_NULL = 7 };

/* No access for anybody (AP 0), never execute, strongly ordered; 256 and 32 bytes. */
#define CLOSED_256 (1u << 28 | 7u << 1 | 1u)
#define CLOSED_32 (1u << 28 | 4u << 1 | 1u)

/* Off while it changes: base and size of two regions must not be seen mixed. */
void mpu_set_region(uint32_t number, uint32_t base, uint32_t attributes) {
    __asm volatile("dmb" ::: "memory");
    MPU_RNR = number;
    MPU_RASR = 0;
    MPU_RBAR = base;
    MPU_RASR = attributes;
    __asm volatile("dsb\n\tisb" ::: "memory");
}

void mpu_enable(void) {
    __asm volatile("dmb" ::: "memory");
    MPU_CTRL = MPU_CTRL_PRIVDEFENA | MPU_CTRL_ENABLE;
    __asm volatile("dsb\n\tisb" ::: "memory");
}

void mpu_disable(void) {
    __asm volatile("dmb" ::: "memory");
    MPU_CTRL = 0;
    __asm volatile("dsb\n\tisb" ::: "memory");
}

void mpu_guard_stack(void) {
    mpu_set_region(REGION_STACK, (uint32_t)(uintptr_t)__stack_limit, CLOSED_256);
}

void mpu_guard_null(void) {
    mpu_set_region(REGION_NULL, 0, CLOSED_32);
}
