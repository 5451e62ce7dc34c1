/* Vector table and reset of an ARMv7-M processor. Registers: ARMv7-M ARM (DDI 0403), B3.2. */
#include "startup.h"

#include <stddef.h>

#include "board.h"

int main(void);

#define SCB_VTOR (*(volatile uint32_t *)0xE000ED08u)
#define SCB_CCR (*(volatile uint32_t *)0xE000ED14u)
#define SCB_CCR_DIV_0_TRP (1u << 4)
#define SCB_SHCSR (*(volatile uint32_t *)0xE000ED24u)
#define SCB_SHCSR_FAULTS (7u << 16) /* USGFAULTENA, BUSFAULTENA, MEMFAULTENA */

__attribute__((weak, naked)) void board_power_on(void) {
    __asm volatile("bx lr");
}

__attribute__((weak)) void board_early_init(void) {
}

/* An exception that nobody asked for. Weak names let a board or application take one over. */
static void unexpected_exception(void) {
    uint32_t number;
    __asm volatile("mrs %0, ipsr" : "=r"(number));
    board_finish((int32_t)(FAULT_STATUS + (number & 0x1FFu)), NULL, 0);
}

#define WEAK_HANDLER(name) void name(void) __attribute__((weak, alias("unexpected_exception")))
WEAK_HANDLER(NMI_Handler);
WEAK_HANDLER(SVC_Handler);
WEAK_HANDLER(DebugMon_Handler);
WEAK_HANDLER(PendSV_Handler);
WEAK_HANDLER(SysTick_Handler);

struct vector_table {
    uint32_t *initial_stack;
    void (*handlers[15])(void);
};

/* The sixteen entries of the processor; no interrupt of the chip is ever enabled. */
__attribute__((used, section(".isr_vector"))) static const struct vector_table vectors = {
    __stack_top,
    {Reset_Handler, NMI_Handler, HardFault_Handler, MemManage_Handler, BusFault_Handler,
     UsageFault_Handler, NULL, NULL, NULL, NULL, SVC_Handler, DebugMon_Handler, NULL,
     PendSV_Handler, SysTick_Handler}};

/* `volatile` keeps the compiler from calling memcpy, which may itself be among the copied code. */
static void fill_memories(void) {
    for (const struct copy_row *row = __nn_copy_table_start; row < __nn_copy_table_end; ++row) {
        volatile uint32_t *run = row->run;
        for (uint32_t i = 0; i < row->bytes / 4u; ++i) {
            run[i] = row->load[i];
        }
    }
    for (const struct zero_row *row = __nn_zero_table_start; row < __nn_zero_table_end; ++row) {
        volatile uint32_t *run = row->run;
        for (uint32_t i = 0; i < row->bytes / 4u; ++i) {
            run[i] = 0;
        }
    }
    __asm volatile("dsb\n\tisb" ::: "memory"); /* copied code is code from here on */
}

/* Called by Reset_Handler only; a function of its own because that one has no stack frame. */
__attribute__((used)) static _Noreturn void start(void) {
    SCB_VTOR = (uint32_t)(uintptr_t)&vectors;
    SCB_SHCSR |= SCB_SHCSR_FAULTS; /* or each fault would look like a HardFault */
    SCB_CCR |= SCB_CCR_DIV_0_TRP;
    __asm volatile("dsb\n\tisb" ::: "memory");
    board_early_init();
    fill_memories();
    board_finish(main(), NULL, 0);
}

/*
 * The stack pointer again, for a debugger that jumps here; then the power; then full access to CP10
 * and CP11 (the FPU, CPACR at 0xE000ED88) in assembly, because compiled code may use FPU registers
 * anywhere.
 */
__attribute__((naked)) void Reset_Handler(void) {
    __asm volatile("ldr r0, =__stack_top\n\t"
                   "msr msp, r0\n\t"
                   "bl board_power_on\n\t"
                   "ldr r0, =0xE000ED88\n\t"
                   "ldr r1, [r0]\n\t"
                   "orr r1, r1, #0x00F00000\n\t"
                   "str r1, [r0]\n\t"
                   "dsb\n\t"
                   "isb\n\t"
                   "b start\n\t"
                   ".ltorg");
}
