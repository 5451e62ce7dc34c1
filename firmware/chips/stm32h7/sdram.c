/*
 * An SDRAM on one of the two banks of the FMC; what chip it is, and how it is wired: board.toml.
 * RM0433 "FMC", SDRAM controller.
 */
#include "bringup.h"
#include "registers.h"

#if BOARD_USES_SDRAM

static const struct pins sdram_pins[] = BOARD_PINS_SDRAM;

#define SDRAM ((volatile uint32_t *)BOARD_SDRAM_ORIGIN)
#define SDRAM_BYTES ((volatile uint8_t *)BOARD_SDRAM_ORIGIN)
#define SDRAM_WORDS (BOARD_SDRAM_BYTES / 4u)
#define SECOND_BANK (BOARD_SDRAM_ORIGIN == 0xD0000000u)
#define ROW_BYTES ((BOARD_SDRAM_DATA_BITS / 8u) << BOARD_SDRAM_COLUMN_BITS)
_Static_assert(BOARD_SDRAM_ORIGIN == 0xC0000000u || SECOND_BANK,
               "sdram: origin: bank 1 is at 0xC0000000, bank 2 at 0xD0000000");
_Static_assert(BOARD_SDRAM_BYTES == (ROW_BYTES << BOARD_SDRAM_ROW_BITS) * BOARD_SDRAM_BANKS,
               "sdram: length: not that of its columns, rows, banks and data lines");

/* SDCR: NC 1:0, NR 3:2, MWID 5:4, NB 6, CAS 8:7. */
#define SDCR_GEOMETRY                                                                              \
    ((BOARD_SDRAM_COLUMN_BITS - 8u) | (BOARD_SDRAM_ROW_BITS - 11u) << 2 |                          \
     (BOARD_SDRAM_DATA_BITS / 16u) << 4 | (BOARD_SDRAM_BANKS / 4u) << 6 | BOARD_SDRAM_CAS << 7)
_Static_assert(BOARD_SDRAM_COLUMN_BITS >= 8u && BOARD_SDRAM_COLUMN_BITS <= 11u,
               "sdram_column_bits: 8 to 11");
_Static_assert(BOARD_SDRAM_ROW_BITS >= 11u && BOARD_SDRAM_ROW_BITS <= 13u,
               "sdram_row_bits: 11 to 13");
_Static_assert(BOARD_SDRAM_DATA_BITS == 8u || BOARD_SDRAM_DATA_BITS == 16u ||
                   BOARD_SDRAM_DATA_BITS == 32u,
               "sdram_data_bits: 8, 16 or 32");
_Static_assert(BOARD_SDRAM_BANKS == 2u || BOARD_SDRAM_BANKS == 4u, "sdram_banks: 2 or 4");
_Static_assert(BOARD_SDRAM_CAS >= 1u && BOARD_SDRAM_CAS <= 3u, "sdram_cas: 1 to 3");
/* In SDCR1 for both banks: SDCLK = kernel clock / 2 or / 3 (11:10), RBURST 12. */
#define SDCR1_SDCLK(divider) (((divider) << 10) | (1u << 12))
_Static_assert(BOARD_SDRAM_KHZ >= 80000u, "sdram_khz: a third of the FMC's clock is 80000");

/* FMC itself gives 110 MHz at the most (datasheet, SDCLK). */
#define SDCLK_MAX_KHZ (BOARD_SDRAM_KHZ < 110000u ? BOARD_SDRAM_KHZ : 110000u)

/* The chip's times in clocks of the highest frequency; enough at each lower one, too. */
#define CLOCKS(ns) (((ns) * ((SDCLK_MAX_KHZ + 999u) / 1000u) + 999u) / 1000u)
#define GREATER(a, b) ((a) > (b) ? (a) : (b))
#define TMRD 2u
#define TXSR CLOCKS(BOARD_SDRAM_TXSR_NS)
#define TRAS CLOCKS(BOARD_SDRAM_TRAS_NS)
#define TRC CLOCKS(BOARD_SDRAM_TRC_NS)
#define TRP CLOCKS(BOARD_SDRAM_TRP_NS)
#define TRCD CLOCKS(BOARD_SDRAM_TRCD_NS)
_Static_assert(TRAS >= TRCD && TRC >= TRCD + TRP, "sdram_tras_ns, sdram_trc_ns: too short");
/* RM0433 FMC_SDTRx asks for TWR >= TRAS - TRCD and TWR >= TRC - TRCD - TRP, too. */
#define TWR GREATER(CLOCKS(BOARD_SDRAM_TWR_NS), GREATER(TRAS - TRCD, TRC - TRCD - TRP))
_Static_assert(TXSR <= 16u && TRAS <= 16u && TRC <= 16u && TWR <= 16u && TRP <= 16u && TRCD <= 16u,
               "sdram_..._ns: more than 16 clocks");
/* SDTR, clocks - 1. TRC and TRP are those of SDTR1 for both banks. */
#define SDTR                                                                                       \
    ((TMRD - 1u) | (TXSR - 1u) << 4 | (TRAS - 1u) << 8 | (TRC - 1u) << 12 | (TWR - 1u) << 16 |     \
     (TRP - 1u) << 20 | (TRCD - 1u) << 24)

/* SDCMR: MODE 2:0, bank 2 (bit 3) or bank 1 (bit 4), NRFS 8:5 (refreshes - 1), MRD 21:9. */
#define SDCMR_BANK (SECOND_BANK ? 1u << 3 : 1u << 4)
#define SDCMR_CLOCK_ENABLE 1u
#define SDCMR_PRECHARGE_ALL 2u
#define SDCMR_REFRESH_8 (3u | 7u << 5)
/* Burst 1, sequential, single writes (JEDEC, mode register). */
#define SDCMR_LOAD_MODE (4u | (1u << 9 | BOARD_SDRAM_CAS << 4) << 9)
#define MODES (SECOND_BANK ? FMC_SDSR_MODES2 : FMC_SDSR_MODES1)
#define POWER_UP_US 100u
_Static_assert(8u * BOARD_SDRAM_TRC_NS <= 1000u, "sdram_trc_ns: command() waits 1 us");

/* All rows in time, less 20 clocks (RM0433 FMC_SDRTR). */
static uint32_t refresh_count(uint32_t sdclk_khz) {
    return (sdclk_khz * BOARD_SDRAM_REFRESH_MS >> BOARD_SDRAM_ROW_BITS) - 20u;
}

static void command(uint32_t value) {
    FMC_SDCMR = SDCMR_BANK | value;
    delay_us(1); /* longer than any command takes */
}

static void controller_start(void) {
    const uint32_t hclk = clocks_hclk_khz();
    const uint32_t divider = hclk <= 2u * SDCLK_MAX_KHZ ? 2u : 3u;
    RCC_AHB3ENR |= RCC_AHB3ENR_FMCEN;
    (void)RCC_AHB3ENR;
    FMC_SDCR1 = SDCR_GEOMETRY | SDCR1_SDCLK(divider);
    FMC_SDTR1 = SDTR;
    if (SECOND_BANK) {
        FMC_SDCR2 = SDCR_GEOMETRY;
        FMC_SDTR2 = SDTR;
    }
    FMC_BCR1 |= FMC_BCR1_FMCEN;
    command(SDCMR_CLOCK_ENABLE);
    delay_us(POWER_UP_US);
    command(SDCMR_PRECHARGE_ALL);
    command(SDCMR_REFRESH_8);
    command(SDCMR_LOAD_MODE);
    FMC_SDRTR = refresh_count(hclk / divider) << 1;
    require(&FMC_SDSR, MODES, 0, "sdram: not in its normal mode (FMC_SDSR)");
}

/* Two words in each row of each bank, over all columns. */
#define HALF_ROW (ROW_BYTES / 2u / 4u)
static volatile uint32_t *probe(uint32_t i) {
    return &SDRAM[HALF_ROW * i + i % HALF_ROW];
}

static uint32_t pattern(uint32_t i) {
    return i * 0x9E3779B9u; /* odd: different for each i, all bits in use */
}

/* Address, data and byte lines. The caches are still off: the memory itself answers. */
static void self_test(void) {
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < SDRAM_WORDS / HALF_ROW; ++i) {
        *probe(i) = pattern(i);
    }
    for (uint32_t i = 0; i < SDRAM_WORDS / HALF_ROW; ++i) {
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

#endif
