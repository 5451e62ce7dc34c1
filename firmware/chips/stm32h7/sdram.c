/*
 * The MT48LC4M32B2 on SDRAM bank 2 of the FMC: 16 of its 32 data lines are wired, so 8 MiB at
 * 0xD0000000 (UM2488, "SDRAM"). RM0433 "FMC", SDRAM controller; times: Micron's data sheet, -6A.
 */
#include "bringup.h"
#include "registers.h"

#ifndef BOARD_PINS_SDRAM
#define BOARD_PINS_SDRAM {{0, 0, 0}}
#endif
static const struct pins sdram_pins[] = BOARD_PINS_SDRAM;

#define SDRAM ((volatile uint32_t *)0xD0000000u)
#define SDRAM_BYTES ((volatile uint8_t *)0xD0000000u)
#define SDRAM_WORDS (8u * 1024u * 1024u / 4u)

/* SDCR: 8 column bits (NC 0), 12 row bits (NR 1), 16 data bits (MWID 1), 4 banks, CAS latency 3. */
#define SDCR_GEOMETRY ((1u << 2) | (1u << 4) | (1u << 6) | (3u << 7))
/* In SDCR1 for both banks: SDCLK = kernel clock / 2 or / 3 (11:10), RBURST 12. */
#define SDCR1_SDCLK(divider) (((divider) << 10) | (1u << 12))
/* SDTR, clocks - 1: TMRD 2, TXSR 7, TRAS 5, TRC 7, TWR 3, TRP 2, TRCD 2. TRC and TRP are those of
 * SDTR1 for both banks. Enough at 100 MHz: Micron -6A asks for 12 ns (TWR), 42 (TRAS), 67 (TXSR).
 * RM0433 FMC_SDTRx asks for TWR >= TRAS - TRCD and TWR >= TRC - TRCD - TRP, too. */
#define SDTR_100MHZ                                                                                \
    ((1u << 0) | (6u << 4) | (4u << 8) | (6u << 12) | (2u << 16) | (1u << 20) | (1u << 24))
#define SDRAM_MAX_KHZ 100000u

/* SDCMR: MODE 2:0, bank 2 (bit 3), NRFS 8:5 (refreshes - 1), MRD 21:9. */
#define SDCMR_CLOCK_ENABLE 0x00000009u
#define SDCMR_PRECHARGE_ALL 0x0000000Au
#define SDCMR_REFRESH_8 0x000000EBu
#define SDCMR_LOAD_MODE 0x0004600Cu /* 0x230: burst 1, sequential, CAS latency 3, single writes */
#define POWER_UP_US 100u

/* 4096 rows in 64 ms, less 20 clocks (RM0433 FMC_SDRTR): 15.625 us * f - 20. */
static uint32_t refresh_count(uint32_t sdclk_khz) {
    return sdclk_khz / 64u - 20u;
}

static void command(uint32_t value) {
    FMC_SDCMR = value;
    delay_us(1); /* longer than any command takes */
}

static void controller_start(void) {
    const uint32_t hclk = clocks_hclk_khz();
    const uint32_t divider = hclk <= 2u * SDRAM_MAX_KHZ ? 2u : 3u;
    RCC_AHB3ENR |= RCC_AHB3ENR_FMCEN;
    (void)RCC_AHB3ENR;
    FMC_SDCR1 = SDCR_GEOMETRY | SDCR1_SDCLK(divider);
    FMC_SDCR2 = SDCR_GEOMETRY;
    FMC_SDTR1 = SDTR_100MHZ;
    FMC_SDTR2 = SDTR_100MHZ;
    FMC_BCR1 |= FMC_BCR1_FMCEN;
    command(SDCMR_CLOCK_ENABLE);
    delay_us(POWER_UP_US);
    command(SDCMR_PRECHARGE_ALL);
    command(SDCMR_REFRESH_8);
    command(SDCMR_LOAD_MODE);
    FMC_SDRTR = refresh_count(hclk / divider) << 1;
    require(&FMC_SDSR, FMC_SDSR_MODES2, 0, "sdram: not in its normal mode (FMC_SDSR)");
}

/* Two words in each row of each bank, over all columns: a row is 512 bytes. */
static volatile uint32_t *probe(uint32_t i) {
    return &SDRAM[64u * i + i % 64u];
}

static uint32_t pattern(uint32_t i) {
    return i * 0x9E3779B9u; /* odd: different for each i, all bits in use */
}

/* Address, data and byte lines. The caches are still off: the memory itself answers. */
static void self_test(void) {
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < SDRAM_WORDS / 64u; ++i) {
        *probe(i) = pattern(i);
    }
    for (uint32_t i = 0; i < SDRAM_WORDS / 64u; ++i) {
        wrong |= *probe(i) ^ pattern(i);
    }
    for (uint32_t lane = 0; lane < 4u; ++lane) {
        SDRAM_BYTES[lane] = (uint8_t)(lane + 1u);
        __asm volatile("dsb" ::: "memory"); /* or four stores may be merged into one of a word */
    }
    if ((wrong | (SDRAM[0] ^ 0x04030201u)) != 0) {
        bringup_fail("sdram: the self-test read other values than it wrote");
    }
}

void sdram_start(void) {
    pins_connect(sdram_pins, sizeof sdram_pins / sizeof sdram_pins[0]);
    controller_start();
    mpu_open_sdram();
    self_test();
}
