/*
 * What the chips of the STM32 families share: time, pins, console, LEDs, the end of a run.
 * `registers.h` is the family's (firmware/chips/<family>/), `board_config.h` is made of board.toml.
 * Nothing here uses .data or .bss: bring-up runs before the start-up copies,
 * because what is copied may be stored in an external flash or go to an external RAM.
 */
#ifndef CHIPS_STM32_H
#define CHIPS_STM32_H

#include <stdbool.h>
#include <stdint.h>

/* Status of board_finish when a step of the bring-up failed; faults have their own from 128 on. */
#define BRINGUP_FAILED 64

/* finish.c: "error: <text>" on the console, then board_finish(BRINGUP_FAILED, text, 0). */
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

/* The family's clocks.c. */
uint32_t clocks_cpu_khz(void);

/* pins.c: pins of one port with one function. */
enum port {
    PORT_A,
    PORT_B,
    PORT_C,
    PORT_D,
    PORT_E,
    PORT_F,
    PORT_G,
    PORT_H,
    PORT_I,
    PORT_J,
    PORT_K
};
struct pins {
    uint8_t port;     /* enum port */
    uint8_t function; /* alternate function 0..15 */
    uint16_t mask;    /* bit n: pin n */
};
void pins_clock_on(uint32_t port);
/* Push-pull, very high speed; pulled up, so that a line that nobody drives is quiet. */
void pins_connect(const struct pins *groups, uint32_t count);
void pins_output(uint32_t port, uint32_t pin);

/* The family's usart.c sets the console up; console_port.c sends and receives. */
void console_start(void);
void console_drain(void); /* until the last bit is sent */

/* leds.c */
void leds_start(void);
void leds_show(bool success);

#endif
