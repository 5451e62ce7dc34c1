/*
 * The MPU keeps the core, which also reads ahead on its own, out of memory that does not answer,
 * and firmware out of what it has no business in.
 */
#include "mpu.h"

#include "bringup.h"

enum region { REGION_EXTERNAL, REGION_SYSTEM_FLASH, REGION_QSPI, REGION_SDRAM };

void mpu_start(void) {
    mpu_disable();
    /* 4 GiB without sub-regions 0, 1, 2, 7: no access to 0x60000000..0xDFFFFFFF, never execute.
     * QUADSPI hangs the bus when it is read before it is mapped, FMC before it is set up. */
    mpu_set_region(REGION_EXTERNAL, 0x00000000u, 0x1004873Fu);
    /* 512 KiB of system flash: strongly ordered, never execute, so that reading ahead cannot hit
     * its read-protected parts (RM0433, FLASH "RDSERR"). */
    mpu_set_region(REGION_SYSTEM_FLASH, 0x1FF00000u, 0x11040025u);
    mpu_guard_stack();
    mpu_guard_null(); /* board.toml keeps the first 32 bytes of ITCM empty */
    mpu_enable();
}

#if BOARD_USES_QSPI
_Static_assert(MPU_FITS(BOARD_QSPI_ORIGIN, BOARD_QSPI_BYTES), "qspi: length: a power of two");

/* Read only, executable, cached write-through. What lies behind stays closed: FSIZE claims twice
 * the size, because reads near the size it claims hang the bus (ES0396 2.4.4). */
void mpu_open_qspi(void) {
    mpu_set_region(REGION_QSPI, BOARD_QSPI_ORIGIN, 0x06020001u | MPU_SIZE(BOARD_QSPI_BYTES));
}
#endif

#if BOARD_USES_SDRAM
_Static_assert(MPU_FITS(BOARD_SDRAM_ORIGIN, BOARD_SDRAM_BYTES), "sdram: length: a power of two");

/* Normal memory, cached write-back (write-through can lose data, ES0396 2.1.1), never execute.
 * Without it 0xD0000000 is device memory, where unaligned accesses fault (AN4839). */
void mpu_open_sdram(void) {
    mpu_set_region(REGION_SDRAM, BOARD_SDRAM_ORIGIN, 0x130B0001u | MPU_SIZE(BOARD_SDRAM_BYTES));
}
#endif
