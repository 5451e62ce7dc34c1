/*
 * The steps from reset to main(), one small file each. None of them uses .data or .bss: they run
 * before the start-up copies, because what is copied may be stored in QSPI or go to SDRAM.
 * A step that fails prints why on the console and ends the run.
 */
#ifndef STM32H750B_DK_BRINGUP_H
#define STM32H750B_DK_BRINGUP_H

#include <stdbool.h>
#include <stdint.h>

/* Status of board_finish when a step failed; faults have their own from 128 on. */
#define BRINGUP_FAILED 64

/* bringup.c: "error: <text>" on the console, then board_finish(BRINGUP_FAILED, NULL, 0). */
_Noreturn void bringup_fail(const char *text);

/* timebase.c: time without interrupts. SysTick counts `khz` down, once in a millisecond. */
void timebase_start(uint32_t khz);
/* Whether (*reg & mask) becomes `value` within `milliseconds`. */
bool wait_until(volatile uint32_t *reg, uint32_t mask, uint32_t value, uint32_t milliseconds);
/* The same, within a time that is ample on a board that works, or bringup_fail(text). */
void require(volatile uint32_t *reg, uint32_t mask, uint32_t value, const char *text);
/* At least that long. */
void delay_us(uint32_t microseconds);
void cycles_start(void);

/* power.c: what board_power_on() began, checked; then the core voltage. */
void power_check(void);
void power_vos1(void);
void power_vos0(void); /* from VOS1; 480 MHz needs it, revision Y does not have it */

/* clocks.c */
void clocks_reset(void); /* back to HSI, PLL1 off, whatever ran before us left */
void clocks_start(void);
uint32_t clocks_cpu_khz(void);
uint32_t clocks_hclk_khz(void); /* AXI, AHB and the kernel clocks of QUADSPI and FMC */
bool clocks_on_hse(void);
bool silicon_is_revision_y(void);
bool silicon_is_revision_v(void);

/* pins.c: pins of one port with one function. */
enum port { PORT_B = 1, PORT_D = 3, PORT_E, PORT_F, PORT_G, PORT_H, PORT_I, PORT_J };
struct pins {
    uint8_t port;     /* enum port */
    uint8_t function; /* alternate function 0..15 */
    uint16_t mask;    /* bit n: pin n */
};
void pins_connect(const struct pins *groups, uint32_t count); /* very high speed, push-pull */
void pins_pull_up(uint32_t port, uint32_t pin);
void pins_output(uint32_t port, uint32_t pin);
void pins_compensate(void); /* the cell that keeps fast edges clean */

/* mpu.c: which external windows the core may touch, also speculatively. */
void mpu_start(void);
void mpu_open_qspi(void);
void mpu_open_sdram(void);

/* caches.c */
void caches_start(void);

/* usart.c, leds.c */
void console_start(void);
void console_drain(void); /* until the last bit is sent */
void leds_start(void);
void leds_show(bool success);

/* qspi.c, mt25q.c */
void qspi_start(void);

/* sdram.c */
void sdram_start(void);

#endif
