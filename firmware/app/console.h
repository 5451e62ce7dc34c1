/* Text and integers on the board's console, without stdio: a few hundred bytes of code. */
#ifndef NN_CONSOLE_H
#define NN_CONSOLE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A NUL-terminated string; '\n' goes out as "\r\n", as serial terminals want it. */
void console_text(const char *text);

/* Decimal, no padding. */
void console_unsigned(uint32_t value);
void console_signed(int32_t value);

/* "0x" and eight digits. */
void console_hex(uint32_t value);

/*
 * 100 * part / whole with two decimals, rounded half up, and " %": console_percent(1, 3) writes
 * "33.33 %". `whole` may be at most 2^31 / 10; a `whole` of 0 writes "- %".
 */
void console_percent(uint32_t part, uint32_t whole);

#ifdef __cplusplus
}
#endif

#endif
