/* Flash chips of Micron's MT25Q family, command by command, on one line: its data sheet. */
#include "bringup.h"
#include "console.h"
#include "qspi.h"

#if BOARD_USES_QSPI

/* Reset enable and reset: on four lines for a chip that a debugger's loader left in QPI. */
#define CCR_RESET_ENABLE_4 0x00000366u
#define CCR_RESET_4 0x00000399u
#define CCR_RESET_ENABLE 0x00000166u
#define CCR_RESET 0x00000199u
#define CCR_READ_ID 0x0500019Fu
#define CCR_WRITE_ENABLE 0x00000106u
#define CCR_WRITE_VCR 0x01000181u
#define CCR_READ_VCR 0x05000185u

/* The JEDEC id: maker, type, size; the byte that follows is not compared. */
#define ID_BYTES 4u

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
    uint8_t bytes[ID_BYTES * BOARD_QSPI_CHIPS];
    qspi_read(CCR_READ_ID, 0, bytes, sizeof bytes);
    for (uint32_t chip = 0; chip < BOARD_QSPI_CHIPS; ++chip) {
        uint32_t id = 0;
        for (uint32_t i = chip; i < (ID_BYTES - 1u) * BOARD_QSPI_CHIPS; i += BOARD_QSPI_CHIPS) {
            id = id << 8 | bytes[i];
        }
        if (id != BOARD_QSPI_JEDEC_ID) {
            console_text("qspi: flash chip ");
            console_unsigned(chip + 1u);
            console_text(" answers with id ");
            console_hex(id);
            console_text(", not ");
            console_hex(BOARD_QSPI_JEDEC_ID);
            console_text("\n");
            bringup_fail("qspi: not the flash chips of board.toml (qspi_jedec_id)");
        }
    }
}

static void set_dummy_cycles(void) {
    uint8_t vcr[BOARD_QSPI_CHIPS];
    qspi_command(CCR_WRITE_ENABLE);
    qspi_write_each(CCR_WRITE_VCR, VCR_10_DUMMY);
    qspi_read(CCR_READ_VCR, 0, vcr, sizeof vcr);
    for (uint32_t chip = 0; chip < BOARD_QSPI_CHIPS; ++chip) {
        if (vcr[chip] != VCR_10_DUMMY) {
            bringup_fail("qspi: the flash does not take its dummy cycles (VCR)");
        }
    }
}

void mt25q_start(void) {
    reset();
    check_id();
    set_dummy_cycles();
}

#endif
