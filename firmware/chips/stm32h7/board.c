/* The board interface, and the order of the bring-up. */
#include "board.h"

#include "board_config.h"
#include "bringup.h"
#include "console.h"
#include "registers.h"
#include "seals.h"

/* FMC bank 1 is on after reset: a read ahead there blocks the FMC for 24 us. It has no memory. */
static void close_fmc_bank1(void) {
    RCC_AHB3ENR |= RCC_AHB3ENR_FMCEN;
    (void)RCC_AHB3ENR;
    FMC_BCR1 &= ~FMC_BCR1_MBKEN;
    RCC_AHB3ENR &= ~RCC_AHB3ENR_FMCEN;
}

/* ES0396 2.2.9, revision Y: reads from AXI SRAM can return wrong data. */
static void apply_axi_erratum(void) {
    if (silicon_is_revision_y()) {
        AXI_TARG7_FN_MOD = AXI_FN_MOD_READ_ISS_OVERRIDE;
    }
}

/* External memories, where something lives there. */
static void start_memories(void) {
#if BOARD_USES_QSPI
    qspi_start();
    /* A flash tool may have written one of the two flashes only. */
    const char *text = seals_broken();
    if (text != NULL) {
        bringup_fail(text);
    }
#endif
#if BOARD_USES_SDRAM
    sdram_start();
#endif
}

/* Before the start-up copies, because what is copied may lie in QSPI or go to SDRAM. */
void board_early_init(void) {
    timebase_start(clocks_cpu_khz());
    close_fmc_bank1();
    apply_axi_erratum();
    console_start();
    power_check();
    mpu_start();
    clocks_reset();
    if (BOARD_USES_QSPI || BOARD_USES_SDRAM) {
        pins_compensate();
    }
    clocks_start();
    RCC_AHB2ENR |= RCC_AHB2ENR_SRAMS;
    (void)RCC_AHB2ENR;
    if (BOARD_NEEDS_CRC) {
        RCC_AHB4ENR |= RCC_AHB4ENR_CRCEN;
        (void)RCC_AHB4ENR;
    }
    start_memories();
}

void board_init(void) {
    caches_start();
    cycles_start();
    leds_start();
    console_text(BOARD_TITLE ", revision ");
    console_text(silicon_is_revision_y() ? "Y" : silicon_is_revision_v() ? "V" : "X");
    console_text(", ");
    console_unsigned(clocks_cpu_khz() / 1000u);
    console_text(clocks_on_hse() ? " MHz from HSE\n" : " MHz from HSI\n");
}
