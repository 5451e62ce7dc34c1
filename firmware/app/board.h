/*
 * What an application knows of the board it runs on. Each firmware/boards/<name>/ implements it;
 * docs/add-a-board.md tells how.
 */
#ifndef NN_BOARD_H
#define NN_BOARD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Clocks, memories and the console. The first call in main(). */
void board_init(void);

/* Send `size` bytes as they are; returns when the last one is handed to the hardware. */
void board_console_write(const char *data, size_t size);

/* The next received byte, 0..255, or -1 when nothing is there. Never waits. */
int board_console_read(void);

/*
 * Processor cycles, counting modulo 2^32. Always 0 where nothing counts cycles (an emulator counts
 * instructions), so a difference of 0 means "not measured".
 */
uint32_t board_cycles(void);

/* ---- Optional: NULL on a board that does not define it ---- */

/* Rest until a byte may be there for board_console_read(). */
__attribute__((weak)) void board_console_wait(void);

/* Executed instructions, counting modulo 2^32, where an emulator tells them to its firmware. */
__attribute__((weak)) uint32_t board_instructions(void);

/* The core's clock in Hz, as board_init() left it. */
__attribute__((weak)) uint32_t board_clock_hz(void);

/*
 * Of the application: prints how the run ended, in one line without its end. A board whose console
 * may be opened late repeats it after board_finish().
 */
__attribute__((weak)) void app_summary(void);

/* ---- */

/*
 * The end of a run. `status` is 0 for success; `results` are the `size` output bytes of all
 * inferences in the order of the images; with `size` 0 a line of text that says why there are none,
 * or NULL. Emulators and debuggers stop at the first
 * instruction of this function and read its arguments from the running firmware.
 */
__attribute__((noreturn)) void board_finish(int32_t status, const void *results, uint32_t size);

#ifdef __cplusplus
}
#endif

#endif
