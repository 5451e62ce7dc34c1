/* Faults end the run with a report. Registers: ARMv7-M ARM (DDI 0403), B3.2.15 to B3.2.18. */
#include <stddef.h>
#include <stdint.h>

#include "board.h"
#include "console.h"
#include "startup.h"

#define SCB_CFSR (*(volatile uint32_t *)0xE000ED28u)
#define SCB_HFSR (*(volatile uint32_t *)0xE000ED2Cu)
#define SCB_MMFAR (*(volatile uint32_t *)0xE000ED34u)
#define SCB_BFAR (*(volatile uint32_t *)0xE000ED38u)
#define CFSR_MMARVALID (1u << 7)
#define CFSR_BFARVALID (1u << 15)

/* What the processor pushes on exception entry (B1.5.6); FPU registers lie above it. */
struct exception_frame {
    uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
};

static void report(const char *name, uint32_t value) {
    console_text(name);
    console_hex(value);
    console_text("\n");
}

/* `frame` is NULL when the processor could not push one: a stack outside of memory. */
__attribute__((used)) static _Noreturn void fault(const struct exception_frame *frame,
                                                  uint32_t exception) {
    static const char *const names[] = {"HardFault", "MemManage", "BusFault", "UsageFault"};
    const uint32_t cfsr = SCB_CFSR;
    console_text("\nfault: ");
    const char *name = exception >= 3u && exception <= 6u ? names[exception - 3u] : "exception";
    console_text(name);
    console_text("\n");
    report("  CFSR  ", cfsr);
    report("  HFSR  ", SCB_HFSR);
    if ((cfsr & CFSR_MMARVALID) != 0) {
        report("  MMFAR ", SCB_MMFAR);
    }
    if ((cfsr & CFSR_BFARVALID) != 0) {
        report("  BFAR  ", SCB_BFAR);
    }
    if (frame != NULL) {
        report("  pc    ", frame->pc);
        report("  lr    ", frame->lr);
        report("  xpsr  ", frame->xpsr);
    } else {
        console_text("  no stacked registers: the stack pointer left its memory\n");
    }
    board_finish((int32_t)(FAULT_STATUS + exception), name, 0);
}

/*
 * EXC_RETURN bit 2 says which stack holds the frame. With MSTKERR or STKERR (CFSR bits 4 and 12)
 * there is none and the stack is unusable: begin again at its top.
 */
__attribute__((naked)) void HardFault_Handler(void) {
    __asm volatile("tst lr, #4\n\t"
                   "ite eq\n\t"
                   "mrseq r0, msp\n\t"
                   "mrsne r0, psp\n\t"
                   "ldr r2, =0xE000ED28\n\t"
                   "ldr r2, [r2]\n\t"
                   "movw r3, #0x1010\n\t"
                   "tst r2, r3\n\t"
                   "ittt ne\n\t"
                   "ldrne r0, =__stack_top\n\t"
                   "msrne msp, r0\n\t"
                   "movne r0, #0\n\t"
                   "mrs r1, ipsr\n\t"
                   "b fault\n\t"
                   ".ltorg");
}

/* IPSR tells which one it is. */
void MemManage_Handler(void) __attribute__((alias("HardFault_Handler")));
void BusFault_Handler(void) __attribute__((alias("HardFault_Handler")));
void UsageFault_Handler(void) __attribute__((alias("HardFault_Handler")));
