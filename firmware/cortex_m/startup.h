/*
 * From reset to main() on an ARMv7-M processor.
 *
 * The linker script (rendered from the board's memories) defines the symbols below. `.data` is a
 * row of the copy table and `.bss` one of the zero table, so there is one rule for everything that
 * runs elsewhere than it is stored. All addresses and sizes are multiples of four.
 */
#ifndef NN_CORTEX_M_STARTUP_H
#define NN_CORTEX_M_STARTUP_H

#include <stdint.h>

struct copy_row {
    const uint32_t *load;
    uint32_t *run;
    uint32_t bytes;
};

struct zero_row {
    uint32_t *run;
    uint32_t bytes;
};

extern const struct copy_row __nn_copy_table_start[], __nn_copy_table_end[];
extern const struct zero_row __nn_zero_table_start[], __nn_zero_table_end[];
extern uint32_t __stack_top[];   /* first address above the stack; 8-byte aligned */
extern uint32_t __stack_limit[]; /* the stack's lowest address; a multiple of MPU_GUARD (mpu.h) */

/*
 * What must happen before RAM may be written at all, the stack included: written in assembly, with
 * registers r0 to r3 only. Boards that need it define it; the default does nothing.
 */
void board_power_on(void);

/*
 * What must happen before memory other than the stack may be written, or before something can be
 * copied from where it is stored. Runs without .data, .bss and copied code. Boards that need it
 * define it; the default does nothing.
 */
void board_early_init(void);

_Noreturn void Reset_Handler(void);

/*
 * A fault ends the run with board_finish(FAULT_STATUS + exception number, NULL, 0): 131 HardFault,
 * 132 MemManage, 133 BusFault, 134 UsageFault (ARMv7-M ARM, B1.5.2).
 */
#define FAULT_STATUS 128

void HardFault_Handler(void);
void MemManage_Handler(void);
void BusFault_Handler(void);
void UsageFault_Handler(void);

#endif
