/* Time by polling: SysTick for timeouts, a counted loop for delays, DWT for board_cycles(). */
#include "board.h"
#include "core_registers.h"
#include "stm32.h"

/* Oscillators, PLL, voltage and transfers of a few bytes take microseconds. */
#define REQUIRE_MS 5u

void timebase_start(uint32_t khz) {
    SYSTICK_CTRL = 0;
    SYSTICK_LOAD = khz - 1u; /* at most 480,000: fits the 24 bits */
    SYSTICK_VAL = 0;
    SYSTICK_CTRL = SYSTICK_CTRL_CLKSOURCE | SYSTICK_CTRL_ENABLE;
}

bool wait_until(volatile uint32_t *reg, uint32_t mask, uint32_t value, uint32_t milliseconds) {
    while ((*reg & mask) != value) {
        if ((SYSTICK_CTRL & SYSTICK_CTRL_COUNTFLAG) != 0 && milliseconds-- == 0) {
            return false;
        }
    }
    return true;
}

void require(volatile uint32_t *reg, uint32_t mask, uint32_t value, const char *text) {
    if (!wait_until(reg, mask, value, REQUIRE_MS)) {
        bringup_fail(text);
    }
}

/* The core issues at most two instructions in a cycle, so a turn takes one cycle or more. */
void delay_us(uint32_t microseconds) {
    uint32_t turns = microseconds * (clocks_cpu_khz() / 1000u + 1u);
    __asm volatile("1: subs %0, %0, #1\n\t"
                   "bne 1b"
                   : "+r"(turns)
                   :
                   : "cc");
}

/* The Cortex-M7's DWT ignores writes until its lock register has the key (CoreSight LAR). */
void cycles_start(void) {
    DEMCR |= DEMCR_TRCENA;
    DWT_LAR = DWT_LAR_UNLOCK;
    DWT_CYCCNT = 0;
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
}

uint32_t board_cycles(void) {
    return DWT_CYCCNT;
}
