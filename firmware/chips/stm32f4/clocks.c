/*
 * The clock tree. RM0090 "Reset and clock control"; limits: data sheet of the STM32F405, "General
 * operating conditions". Each wait ends: without crystal, voltage or PLL it goes on with HSI.
 */
#include "board.h"
#include "bringup.h"
#include "console.h"
#include "registers.h"

#define HSI_KHZ 16000u
#define PLL_KHZ 168000u
#define HSE_TIMEOUT_MS 100u
#define READY_TIMEOUT_MS 10u

/* At 2.7 to 3.6 V: one wait state more for each 30 MHz (RM0090, FLASH, "read access latency"). */
#define FLASH_ACR_168MHZ (5u | FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN)

/* HPRE / 1, PPRE1 / 4: 42 MHz, PPRE2 / 2: 84 MHz. */
#define CFGR_168MHZ ((5u << 10) | (4u << 13))

/* PLLM 5:0, PLLN 14:6, PLLP 17:16 (0: / 2), PLLSRC 22 (HSE), PLLQ 27:24: 48 MHz for USB. */
#define PLLCFGR_168MHZ ((7u << 24) | (1u << 22) | (BOARD_PLL_N << 6) | BOARD_PLL_M)
_Static_assert(BOARD_HSE_KHZ *BOARD_PLL_N == 2u * PLL_KHZ * BOARD_PLL_M, "pll_n: not 168 MHz");
_Static_assert(BOARD_HSE_KHZ >= 1000u * BOARD_PLL_M && BOARD_HSE_KHZ <= 2000u * BOARD_PLL_M,
               "pll_m: the input of the PLL must be 1 to 2 MHz");

bool clocks_on_pll(void) {
    return (RCC_CFGR & RCC_CFGR_SWS) == RCC_CFGR_SW_PLL << 2;
}

uint32_t clocks_cpu_khz(void) {
    return clocks_on_pll() ? PLL_KHZ : HSI_KHZ;
}

uint32_t clocks_apb2_khz(void) {
    return clocks_on_pll() ? PLL_KHZ / 2u : HSI_KHZ;
}

uint32_t board_clock_hz(void) {
    return clocks_cpu_khz() * 1000u;
}

/* A debugger may start us without a reset, with the PLL running: it cannot be changed then. */
static void clocks_reset(void) {
    RCC_CR |= RCC_CR_HSION;
    RCC_CFGR &= ~RCC_CFGR_SW;
    (void)wait_until(&RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SW_HSI, READY_TIMEOUT_MS);
    RCC_CFGR &= ~RCC_CFGR_DIVIDERS;
    RCC_CR &= ~(RCC_CR_PLLON | RCC_CR_HSEON);
    (void)wait_until(&RCC_CR, RCC_CR_PLLRDY | RCC_CR_HSERDY, 0, READY_TIMEOUT_MS);
}

/* What is missing, or NULL when the core runs from the PLL. */
static const char *pll_start(void) {
    RCC_CR = (RCC_CR & ~RCC_CR_HSEBYP) | RCC_CR_HSEON;
    if (!wait_until(&RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY, HSE_TIMEOUT_MS)) {
        RCC_CR &= ~RCC_CR_HSEON;
        return "nothing comes from HSE";
    }
    RCC_APB1ENR |= RCC_APB1ENR_PWREN;
    (void)RCC_APB1ENR;
    PWR_CR |= PWR_CR_VOS;
    RCC_PLLCFGR = PLLCFGR_168MHZ;
    RCC_CR |= RCC_CR_PLLON;
    /* On this family the voltage settles when the PLL is on (RM0090 PWR_CR, VOS). */
    if (!wait_until(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY, READY_TIMEOUT_MS) ||
        !wait_until(&PWR_CSR, PWR_CSR_VOSRDY, PWR_CSR_VOSRDY, READY_TIMEOUT_MS)) {
        return "PLL or voltage do not get ready";
    }
    FLASH_ACR = FLASH_ACR_168MHZ;
    if (!wait_until(&FLASH_ACR, FLASH_ACR_LATENCY, 5u, READY_TIMEOUT_MS)) {
        return "the flash wait states do not take effect";
    }
    RCC_CFGR |= CFGR_168MHZ;
    RCC_CFGR = (RCC_CFGR & ~RCC_CFGR_SW) | RCC_CFGR_SW_PLL;
    return wait_until(&RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SW_PLL << 2, READY_TIMEOUT_MS)
               ? NULL
               : "the PLL cannot be selected";
}

void clocks_start(void) {
    timebase_start(HSI_KHZ);
    clocks_reset();
    const char *missing = pll_start();
    timebase_start(clocks_cpu_khz());
    console_start(); /* its clock may be another one now */
    if (missing != NULL) {
        console_text("clock: ");
        console_text(missing);
        console_text("; the internal HSI is used, at 16 MHz\n");
    }
}
