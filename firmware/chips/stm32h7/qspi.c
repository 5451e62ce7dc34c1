/* The controller. RM0433 "Quad-SPI interface"; errata: ES0396 2.4, ES0392 "QUADSPI". */
#include "qspi.h"

#include "bringup.h"
#include "registers.h"

#if BOARD_USES_QSPI

static const struct pins qspi_pins[] = BOARD_PINS_QSPI;

_Static_assert(BOARD_QSPI_ORIGIN == 0x90000000u, "qspi: origin: the window is at 0x90000000");
_Static_assert(BOARD_QSPI_CHIPS == 1u || BOARD_QSPI_CHIPS == 2u, "qspi_chips: 1 or 2");
_Static_assert(BOARD_QSPI_BYTES / BOARD_QSPI_CHIPS > 0x1000000u,
               "qspi: commands with 4 address bytes need chips of more than 16 MiB");
_Static_assert(BOARD_QSPI_KHZ <= 50000u,
               "qspi_khz: at most 50000, for reads on one line without dummy cycles");

#define CR_EN (1u << 0)
#define CR_SSHIFT (1u << 4)                   /* sample half a clock later */
#define CR_DFM ((BOARD_QSPI_CHIPS - 1u) << 6) /* dual flash */
#define CR_PRESCALER(divider) (((divider) - 1u) << 24)
/* FSIZE: twice what is there (see mpu_open_qspi()), log2(bytes) - 1; CSHT: 4 clocks high. */
#define FSIZE_TWICE (31u - (uint32_t)__builtin_clz(BOARD_QSPI_BYTES))
#define DCR_TWICE ((FSIZE_TWICE << 16) | (3u << 8))

#define WINDOW ((const volatile uint32_t *)BOARD_QSPI_ORIGIN)
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

void qspi_write_each(uint32_t ccr, uint8_t value) {
    QUADSPI_DLR = BOARD_QSPI_CHIPS - 1u; /* bytes - 1 */
    QUADSPI_CCR = ccr;
    for (uint32_t chip = 0; chip < BOARD_QSPI_CHIPS; ++chip) {
        QUADSPI_DR8 = value;
    }
    wait_done();
}

/* All of it fits the FIFO of 32 bytes, so it is taken out when the transfer is complete. */
void qspi_read(uint32_t ccr, uint32_t address, uint8_t *to, uint32_t bytes) {
    QUADSPI_DLR = bytes - 1u;
    QUADSPI_CCR = ccr;
    if ((ccr >> 10 & 3u) != 0) {
        QUADSPI_AR = address; /* starts the transfer when there is an address phase */
    }
    require(&QUADSPI_SR, QUADSPI_SR_TCF, QUADSPI_SR_TCF, "qspi: a read does not end");
    for (uint32_t i = 0; i < bytes; ++i) {
        to[i] = QUADSPI_DR8;
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
    const uint32_t divider = (clocks_hclk_khz() + BOARD_QSPI_KHZ - 1u) / BOARD_QSPI_KHZ;
    pins_connect(qspi_pins, sizeof qspi_pins / sizeof qspi_pins[0]);
    RCC_AHB3ENR |= RCC_AHB3ENR_QSPIEN;
    (void)RCC_AHB3ENR;
    RCC_AHB3RSTR |= RCC_AHB3RSTR_QSPIRST; /* a debugger's loader may have used it */
    RCC_AHB3RSTR &= ~RCC_AHB3RSTR_QSPIRST;
    (void)RCC_AHB3RSTR;
    apply_startup_erratum();
    QUADSPI_DCR = DCR_TWICE;
    QUADSPI_CR = CR_PRESCALER(divider) | CR_SSHIFT | CR_DFM;
    QUADSPI_CR |= CR_EN;
    mt25q_start();
    qspi_read(MT25Q_CCR_READ_ONE_LINE, 0, (uint8_t *)signature, sizeof signature);
    qspi_map(MT25Q_CCR_MAPPED);
    mpu_open_qspi();
    check_window(signature);
}

#endif
