/* The core's supply and voltage. RM0433 "Power control"; UM2488 6.4: the board has the LDO only. */
#include "bringup.h"
#include "registers.h"
#include "startup.h"

/*
 * Runs first, and in registers only: until ACTVOSRDY the chip is in Run* mode, where writes to RAM
 * are not guaranteed (RM0433 "Run* mode"), so there is no stack yet. The supply can be chosen once
 * after power-on: LDOEN set, SCUEN and BYPASS clear; a later reset finds SCUEN clear and leaves it.
 * A wait that ends without ACTVOSRDY is reported by power_check(), in C.
 */
__attribute__((naked)) void board_power_on(void) {
    __asm volatile("ldr r0, =0x5802480C\n\t" /* PWR_CR3 */
                   "ldr r1, [r0]\n\t"
                   "tst r1, #4\n\t" /* SCUEN */
                   "beq 1f\n\t"
                   "bic r1, r1, #7\n\t"
                   "orr r1, r1, #2\n\t" /* LDOEN */
                   "str r1, [r0]\n"
                   "1:\n\t"
                   "ldr r0, =0x58024804\n\t" /* PWR_CSR1 */
                   "ldr r2, =200000\n"       /* polls; the LDO needs microseconds */
                   "2:\n\t"
                   "ldr r1, [r0]\n\t"
                   "tst r1, #0x2000\n\t" /* ACTVOSRDY */
                   "bne 3f\n\t"
                   "subs r2, r2, #1\n\t"
                   "bne 2b\n"
                   "3:\n\t"
                   "bx lr\n\t"
                   ".ltorg");
}

void power_check(void) {
    require(&PWR_CSR1, PWR_CSR1_ACTVOSRDY, PWR_CSR1_ACTVOSRDY,
            "power: the core voltage is not ready (PWR_CSR1.ACTVOSRDY)");
    if ((PWR_CR3 & PWR_CR3_SUPPLY) != PWR_CR3_LDOEN) {
        bringup_fail("power: not on the LDO (PWR_CR3); remove all power, try again");
    }
}

/* ST's own drivers allow as much (HAL, PWR_FLAG_SETTING_DELAY). */
#define VOLTAGE_TIMEOUT_MS 1000u

static bool voltage_settles(void) {
    return wait_until(&PWR_D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY, VOLTAGE_TIMEOUT_MS);
}

static void require_voltage(void) {
    if (!voltage_settles()) {
        bringup_fail("power: the core voltage does not settle (PWR_D3CR.VOSRDY)");
    }
}

/* VOSRDY may be looked at when the write has arrived: read back first, as after each scaling. */
void power_vos1(void) {
    PWR_D3CR = (PWR_D3CR & ~PWR_D3CR_VOS) | PWR_D3CR_VOS1;
    (void)PWR_D3CR;
    require_voltage();
}

static void overdrive(uint32_t oden) {
    SYSCFG_PWRCR = (SYSCFG_PWRCR & ~SYSCFG_PWRCR_ODEN) | oden;
    (void)SYSCFG_PWRCR;
}

/* VOS0 is VOS1 with the overdrive of SYSCFG_PWRCR (RM0433 "Voltage scaling", VOS0 activation). */
bool power_vos0(void) {
    RCC_APB4ENR |= RCC_APB4ENR_SYSCFGEN;
    (void)RCC_APB4ENR;
    overdrive(SYSCFG_PWRCR_ODEN);
    if (voltage_settles()) {
        return true;
    }
    overdrive(0);
    require_voltage();
    return false;
}
