/*
 * A bare-metal host: vectors, FPU, then main() with newlib's semihosting. QEMU's loader has filled
 * code and variables, and its memory is zero.
 */
#include <stdint.h>
#include <stdlib.h>

extern uint32_t __stack[];
void initialise_monitor_handles(void);
void Reset_Handler(void);
int main(void);

static void start(void) {
    initialise_monitor_handles();
    _Exit(main());
}

static void fault(void) {
    _Exit(99);
}

/* ARMv7-M ARM (DDI 0403), B3.2.20: full access to CP10 and CP11, before compiled code runs. */
__attribute__((naked)) void Reset_Handler(void) {
    __asm volatile("ldr r0, =0xE000ED88\n\t"
                   "ldr r1, [r0]\n\t"
                   "orr r1, r1, #0x00F00000\n\t"
                   "str r1, [r0]\n\t"
                   "dsb\n\t"
                   "isb\n\t"
                   "b %c0\n\t"
                   ".ltorg"
                   :
                   : "i"(start));
}

struct vectors {
    uint32_t *stack;
    void (*handlers[7])(void);
};

__attribute__((used, section(".vectors"))) static const struct vectors vectors = {
    __stack, {Reset_Handler, fault, fault, fault, fault, fault, fault}};
