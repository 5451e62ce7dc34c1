/*
 * The clock tree. RM0433 "Reset and clock control"; limits: datasheet of the STM32H750, "General
 * operating conditions"; silicon revisions: ES0396, "480 MHz maximum CPU frequency not available".
 */
#include "board.h"
#include "bringup.h"
#include "console.h"
#include "registers.h"

#define HSI_KHZ 64000u
#define HSE_TIMEOUT_MS 100u /* a crystal starts in 2 ms (datasheet, HSE); ST's drivers wait 100 */

/* FLASH_ACR: LATENCY 4, WRHIGHFREQ 2: right for each AXI clock up to 240 MHz (RM0433 "FLASH
 * recommended number of wait states"). Code runs from the caches and ITCM, so one value serves. */
#define FLASH_ACR_240MHZ 0x24u

/* D1CFGR: HPRE /2, D1PPRE /2, D1CPRE /1; D2CFGR: D2PPRE1 /2, D2PPRE2 /2; D3CFGR: D3PPRE /2. */
#define D1CFGR_HPRE2_PPRE2 0x48u
#define D2CFGR_PPRE2 0x440u
#define D3CFGR_PPRE2 0x40u

/* PLLCFGR: P, Q, R outputs on (reset value), PLL1 input 4..8 MHz (PLL1RGE = 2), wide VCO. */
#define PLLCFGR_PLL1_4_8MHZ 0x01FF0008u
#define PLLCKSELR_SRC_HSI 0u
#define PLLCKSELR_SRC_HSE 2u
#define PLLCKSELR_SRC 3u
#define PLLCKSELR_DIVM23 0x02020000u /* PLL2 and PLL3: reset values */

/* PLL1: vco = source / m * n; the core gets vco / 2, Q and R outputs are not used. */
struct pll1 {
    uint8_t source, m, n;
};
/* board.toml: 480 MHz (VOS0) and 400 MHz (VOS1) from the board's oscillator. */
static const struct pll1 pll1_480 = {PLLCKSELR_SRC_HSE, BOARD_PLL_M, BOARD_PLL_N_480};
static const struct pll1 pll1_400 = {PLLCKSELR_SRC_HSE, BOARD_PLL_M, BOARD_PLL_N_400};
_Static_assert(BOARD_HSE_KHZ *BOARD_PLL_N_480 == 960000u * BOARD_PLL_M, "pll_n_480: not 480 MHz");
_Static_assert(BOARD_HSE_KHZ *BOARD_PLL_N_400 == 800000u * BOARD_PLL_M, "pll_n_400: not 400 MHz");
_Static_assert(BOARD_HSE_KHZ >= 4000u * BOARD_PLL_M && BOARD_HSE_KHZ <= 8000u * BOARD_PLL_M,
               "pll_m: the input of PLL1 must be 4 to 8 MHz");
/* 64 / 12 * 144 / 2 = 384 MHz: HSI is off by a few percent over temperature; 400 is the limit. */
static const struct pll1 pll1_384 = {PLLCKSELR_SRC_HSI, 12, 144};

/* DBGMCU_IDCODE, REV_ID: 0x1003 revision Y, 0x2001 X, 0x2003 V (ES0396, "Device revisions"). */
bool silicon_is_revision_y(void) {
    return DBGMCU_IDCODE >> 16 < 0x2000u;
}

bool silicon_is_revision_v(void) {
    return DBGMCU_IDCODE >> 16 == 0x2003u;
}

/* A debugger may start us without a reset, with PLL1 running: it cannot be changed then. */
void clocks_reset(void) {
    RCC_CR |= RCC_CR_HSION;
    require(&RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY, "clock: HSI does not start");
    RCC_CR &= ~RCC_CR_HSIDIV;
    RCC_CFGR &= ~RCC_CFGR_SW;
    require(&RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SW_HSI << 3, "clock: HSI cannot be selected");
    RCC_CR &= ~RCC_CR_PLL1ON;
    require(&RCC_CR, RCC_CR_PLL1RDY, 0, "clock: PLL1 does not stop");
}

/*
 * Bypass is the setting of an oscillator; if nothing comes that way the pins are tried as a
 * crystal's. HSEBYP may be changed only while HSE is off (RM0433 RCC_CR).
 */
static bool hse_start(void) {
    for (uint32_t bypass = RCC_CR_HSEBYP;; bypass = 0) {
        RCC_CR &= ~RCC_CR_HSEON;
        if (!wait_until(&RCC_CR, RCC_CR_HSERDY, 0, HSE_TIMEOUT_MS)) {
            return false;
        }
        RCC_CR = (RCC_CR & ~RCC_CR_HSEBYP) | bypass;
        RCC_CR |= RCC_CR_HSEON;
        if (wait_until(&RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY, HSE_TIMEOUT_MS)) {
            return true;
        }
        if (bypass == 0) {
            RCC_CR &= ~RCC_CR_HSEON;
            return false;
        }
    }
}

static void pll1_start(const struct pll1 *pll) {
    RCC_PLLCKSELR = PLLCKSELR_DIVM23 | ((uint32_t)pll->m << 4) | pll->source;
    RCC_PLLCFGR = PLLCFGR_PLL1_4_8MHZ;
    /* R / 2, Q / 4, P / 2, N: each field holds its value minus one. */
    RCC_PLL1DIVR = (1u << 24) | (3u << 16) | (1u << 9) | (pll->n - 1u);
    RCC_CR |= RCC_CR_PLL1ON;
    require(&RCC_CR, RCC_CR_PLL1RDY, RCC_CR_PLL1RDY, "clock: PLL1 does not lock");
}

/* Slow to fast: voltage, then wait states, then dividers, then the clock. */
void clocks_start(void) {
    const struct pll1 *pll = &pll1_384;
    if (hse_start()) {
        pll = silicon_is_revision_v() ? &pll1_480 : &pll1_400;
    } else {
        console_text("clock: nothing comes from HSE; the internal HSI is used, at 384 MHz\n");
    }
    power_vos1();
    if (pll == &pll1_480 && !power_vos0()) {
        console_text("clock: no voltage for 480 MHz (VOS0); 400 MHz are used\n");
        pll = &pll1_400;
    }
    FLASH_ACR = FLASH_ACR_240MHZ;
    require(&FLASH_ACR, 0x3Fu, FLASH_ACR_240MHZ, "clock: the flash wait states do not take effect");
    pll1_start(pll);
    RCC_D1CFGR = D1CFGR_HPRE2_PPRE2;
    RCC_D2CFGR = D2CFGR_PPRE2;
    RCC_D3CFGR = D3CFGR_PPRE2;
    RCC_CFGR = (RCC_CFGR & ~RCC_CFGR_SW) | RCC_CFGR_SW_PLL1;
    require(&RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SW_PLL1 << 3, "clock: PLL1 cannot be selected");
    timebase_start(clocks_cpu_khz());
}

bool clocks_on_hse(void) {
    return (RCC_PLLCKSELR & PLLCKSELR_SRC) == PLLCKSELR_SRC_HSE;
}

/* From the registers, so that no variable can disagree with them. */
uint32_t clocks_cpu_khz(void) {
    if ((RCC_CFGR & RCC_CFGR_SWS) != RCC_CFGR_SW_PLL1 << 3) {
        return HSI_KHZ;
    }
    const uint32_t source = clocks_on_hse() ? BOARD_HSE_KHZ : HSI_KHZ;
    const uint32_t m = (RCC_PLLCKSELR >> 4) & 0x3Fu;
    const uint32_t n = (RCC_PLL1DIVR & 0x1FFu) + 1u;
    const uint32_t p = ((RCC_PLL1DIVR >> 9) & 0x7Fu) + 1u;
    return source * n / (m * p);
}

uint32_t clocks_hclk_khz(void) {
    return clocks_cpu_khz() >> (RCC_D1CFGR == D1CFGR_HPRE2_PPRE2 ? 1u : 0u);
}

uint32_t board_clock_hz(void) {
    return clocks_cpu_khz() * 1000u;
}
