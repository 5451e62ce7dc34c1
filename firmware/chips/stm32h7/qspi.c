/* The controller. RM0433 "Quad-SPI interface"; errata: ES0396 2.4, ES0392 "QUADSPI". */
#include "qspi.h"

#include "bringup.h"
#include "registers.h"

#ifndef BOARD_PINS_QSPI
#define BOARD_PINS_QSPI {{0, 0, 0}}
#endif
static const struct pins qspi_pins[] = BOARD_PINS_QSPI;

/* Slow enough for the one-line read without dummy cycles, and for any board trace. */
#define QSPI_MAX_KHZ 50000u
#define CR_EN (1u << 0)
#define CR_SSHIFT (1u << 4) /* sample half a clock later */
#define CR_DFM (1u << 6)    /* dual flash */
#define CR_PRESCALER(divider) (((divider) - 1u) << 24)
/* FSIZE 27: 2^28 bytes, twice what is there (see mpu_open_qspi()); CSHT: 4 clocks high. */
#define DCR_256MIB ((27u << 16) | (3u << 8))

#define WINDOW ((const volatile uint32_t *)0x90000000u)
#define SIGNATURE_WORDS 4u

/*
 * ES0392 "QUADSPI internal timing criticality": after reset, disable, let the clock run free at
 * the largest prescaler (CCR.FRCM, written twice), and disable again within 127 kernel clocks. In
 * assembly, because the compiler may load a constant between the stores, and a load from flash can
 * take longer than that.
 */
static void apply_startup_erratum(void) {
    QUADSPI_CR = 0;
    require(&QUADSPI_SR, QUADSPI_SR_BUSY, 0, "qspi: busy after its reset");
    __asm volatile("dsb\n\t"
                   "str %1, [%0]\n\t"
                   "str %2, [%0, #0x14]\n\t"
                   "str %2, [%0, #0x14]\n\t"
                   "str %3, [%0]"
                   :
                   : "r"(&QUADSPI_CR), "r"(0xFF000001u), "r"(0x20000000u), "r"(0)
                   : "memory");
    require(&QUADSPI_SR, QUADSPI_SR_BUSY, 0, "qspi: busy after the start-up sequence");
}

static void wait_done(void) {
    require(&QUADSPI_SR, QUADSPI_SR_TCF, QUADSPI_SR_TCF, "qspi: a transfer does not end");
    QUADSPI_FCR = QUADSPI_FCR_CTCF;
    require(&QUADSPI_SR, QUADSPI_SR_BUSY, 0, "qspi: busy after a transfer");
}

void qspi_command(uint32_t ccr) {
    QUADSPI_CCR = ccr;
    wait_done();
}

void qspi_write_both(uint32_t ccr, uint8_t value) {
    QUADSPI_DLR = 1; /* bytes - 1 */
    QUADSPI_CCR = ccr;
    QUADSPI_DR16 = (uint16_t)(value * 0x0101u);
    wait_done();
}

/* All of it fits the FIFO of 32 bytes, so it is taken out when the transfer is complete. */
void qspi_read(uint32_t ccr, uint32_t address, void *words, uint32_t bytes) {
    uint32_t *word = words;
    QUADSPI_DLR = bytes - 1u;
    QUADSPI_CCR = ccr;
    if ((ccr >> 10 & 3u) != 0) {
        QUADSPI_AR = address; /* starts the transfer when there is an address phase */
    }
    require(&QUADSPI_SR, QUADSPI_SR_TCF, QUADSPI_SR_TCF, "qspi: a read does not end");
    for (; bytes >= 4u; bytes -= 4u) {
        *word++ = QUADSPI_DR;
    }
    if (bytes != 0) { /* status, id and settings come in pairs */
        *word = QUADSPI_DR16;
    }
    wait_done();
}

void qspi_map(uint32_t ccr) {
    QUADSPI_CCR = ccr;
}

/* The same bytes read the slow, safe way and through the window: dummy cycles, lines, sampling. */
static void check_window(const uint32_t *signature) {
    for (uint32_t i = 0; i < SIGNATURE_WORDS; ++i) {
        if (WINDOW[i] != signature[i]) {
            bringup_fail("qspi: mapped reads differ from reads on one line");
        }
    }
}

void qspi_start(void) {
    uint32_t signature[SIGNATURE_WORDS];
    const uint32_t divider = (clocks_hclk_khz() + QSPI_MAX_KHZ - 1u) / QSPI_MAX_KHZ;
    pins_connect(qspi_pins, sizeof qspi_pins / sizeof qspi_pins[0]);
    RCC_AHB3ENR |= RCC_AHB3ENR_QSPIEN;
    (void)RCC_AHB3ENR;
    RCC_AHB3RSTR |= RCC_AHB3RSTR_QSPIRST; /* a debugger's loader may have used it */
    RCC_AHB3RSTR &= ~RCC_AHB3RSTR_QSPIRST;
    (void)RCC_AHB3RSTR;
    apply_startup_erratum();
    QUADSPI_DCR = DCR_256MIB;
    QUADSPI_CR = CR_PRESCALER(divider) | CR_SSHIFT | CR_DFM;
    QUADSPI_CR |= CR_EN;
    mt25q_start();
    qspi_read(MT25Q_CCR_READ_ONE_LINE, 0, signature, sizeof signature);
    qspi_map(MT25Q_CCR_MAPPED);
    mpu_open_qspi();
    check_window(signature);
}
