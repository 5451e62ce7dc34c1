/* Two MT25QL512ABB (UM2488, "Quad-SPI NOR flash memory"), command by command, on one line. */
#include "bringup.h"
#include "console.h"
#include "qspi.h"

/* Reset enable and reset: on four lines for a chip that a debugger's loader left in QPI. */
#define CCR_RESET_ENABLE_4 0x00000366u
#define CCR_RESET_4 0x00000399u
#define CCR_RESET_ENABLE 0x00000166u
#define CCR_RESET 0x00000199u
#define CCR_READ_ID 0x0500019Fu
#define CCR_WRITE_ENABLE 0x00000106u
#define CCR_WRITE_VCR 0x01000181u
#define CCR_READ_VCR 0x05000185u

/* JEDEC id 20 BA 20 (Micron, 3 V, 512 Mbit) of both chips, byte by byte in turn. */
#define ID_WORD_0 0xBABA2020u
#define ID_WORD_1 0x2020u

/* Volatile configuration register: 10 dummy cycles, XIP off, no wrap. */
#define VCR_10_DUMMY 0xABu
#define RESET_RECOVERY_US 100u

static void reset(void) {
    qspi_command(CCR_RESET_ENABLE_4);
    qspi_command(CCR_RESET_4);
    qspi_command(CCR_RESET_ENABLE);
    qspi_command(CCR_RESET);
    delay_us(RESET_RECOVERY_US);
}

static void check_id(void) {
    uint32_t id[2] = {0, 0};
    qspi_read(CCR_READ_ID, 0, id, 6);
    if (id[0] != ID_WORD_0 || (id[1] & 0xFFFFu) != ID_WORD_1) {
        console_text("qspi: id ");
        console_hex(id[0]);
        console_text(" ");
        console_hex(id[1] & 0xFFFFu);
        console_text("\n");
        bringup_fail("qspi: not two MT25QL512ABB (id 20 BA 20, twice)");
    }
}

static void set_dummy_cycles(void) {
    uint32_t vcr = 0;
    qspi_command(CCR_WRITE_ENABLE);
    qspi_write_both(CCR_WRITE_VCR, VCR_10_DUMMY);
    qspi_read(CCR_READ_VCR, 0, &vcr, 2);
    if (vcr != VCR_10_DUMMY * 0x0101u) {
        bringup_fail("qspi: the flash does not take its dummy cycles (VCR)");
    }
}

void mt25q_start(void) {
    reset();
    check_id();
    set_dummy_cycles();
}
