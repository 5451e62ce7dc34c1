/*
 * The steps from reset to main(), one small file each. None of them uses .data or .bss: they run
 * before the start-up copies, because what is copied may be stored in QSPI or go to SDRAM.
 * A step that fails prints why on the console and ends the run.
 */
#ifndef CHIPS_STM32H7_BRINGUP_H
#define CHIPS_STM32H7_BRINGUP_H

#include <stdbool.h>
#include <stdint.h>

#include "board_config.h"
#include "stm32.h"

/* Memories that a board of this family need not have; their drivers are compiled only where
 * something lives there. What each needs of board.toml: family.toml. */
#ifndef BOARD_USES_QSPI
#define BOARD_USES_QSPI 0
#endif
#ifndef BOARD_USES_SDRAM
#define BOARD_USES_SDRAM 0
#endif

/* power.c: what board_power_on() began, checked; then the core voltage. */
void power_check(void);
void power_vos1(void);
/* From VOS1: 480 MHz needs it, revision Y does not have it. Whether it came; if not, VOS1 is back.
 */
bool power_vos0(void);

/* clocks.c */
void clocks_reset(void); /* back to HSI, PLL1 off, whatever ran before us left */
void clocks_start(void);
uint32_t clocks_hclk_khz(void); /* AXI, AHB and the kernel clocks of QUADSPI and FMC */
bool clocks_on_hse(void);
bool silicon_is_revision_y(void);
bool silicon_is_revision_v(void);

/* compensation.c: the cell that keeps fast edges clean */
void pins_compensate(void);

/* windows.c: which external windows the core may touch, also speculatively. */
void mpu_start(void);
void mpu_open_qspi(void);
void mpu_open_sdram(void);

/* caches.c */
void caches_start(void);

/* qspi.c, mt25q.c */
void qspi_start(void);

/* sdram.c */
void sdram_start(void);

#endif
