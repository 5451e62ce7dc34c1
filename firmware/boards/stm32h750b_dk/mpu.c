/*
 * The MPU keeps the core, which also reads ahead on its own, out of memory that does not answer.
 * Attributes: PM0253 "MPU region attribute and size register": XN 28, AP 26:24, TEX 21:19, S, C, B
 * 18:16, SRD 15:8, SIZE 5:1 (log2(bytes) - 1), ENABLE 0. Higher regions win.
 */
#include "bringup.h"
#include "registers.h"

enum region { REGION_EXTERNAL, REGION_SYSTEM_FLASH, REGION_QSPI, REGION_SDRAM };

static void region_set(enum region region, uint32_t base, uint32_t attributes) {
    __asm volatile("dmb" ::: "memory");
    MPU_RNR = region;
    MPU_RBAR = base;
    MPU_RASR = attributes;
    __asm volatile("dsb\n\tisb" ::: "memory");
}

void mpu_start(void) {
    MPU_CTRL = 0;
    /* 4 GiB without sub-regions 0, 1, 2, 7: no access to 0x60000000..0xDFFFFFFF, never execute.
     * QUADSPI hangs the bus when it is read before it is mapped, FMC before it is set up. */
    region_set(REGION_EXTERNAL, 0x00000000u, 0x1004873Fu);
    /* 512 KiB of system flash: strongly ordered, never execute, so that reading ahead cannot hit
     * its read-protected parts (RM0433, FLASH "RDSERR"). */
    region_set(REGION_SYSTEM_FLASH, 0x1FF00000u, 0x11040025u);
    MPU_CTRL = MPU_CTRL_PRIVDEFENA | MPU_CTRL_ENABLE;
    __asm volatile("dsb\n\tisb" ::: "memory");
}

/* 128 MiB, read only, executable, cached write-through. The end of the window stays closed: FSIZE
 * claims twice the size, because reads near the size it claims hang the bus (ES0396 2.4.4). */
void mpu_open_qspi(void) {
    region_set(REGION_QSPI, 0x90000000u, 0x06020035u);
}

/* 8 MiB, normal memory, cached write-back (write-through can lose data, ES0396 2.1.1), never
 * execute. Without it the window is device memory, where unaligned accesses fault (AN4839). */
void mpu_open_sdram(void) {
    region_set(REGION_SDRAM, 0xD0000000u, 0x130B002Du);
}
