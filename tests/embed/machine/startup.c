/*
 * Bare metal as most projects have it: vectors in flash, start-up code that copies .data and clears
 * .bss and nothing else, then main() with newlib's semihosting. RAM holds garbage before.
 */
#include <stdint.h>
#include <stdlib.h>

extern uint32_t _estack[], _sidata[], _sdata[], _edata[], _sbss[], _ebss[];
void initialise_monitor_handles(void);
void Reset_Handler(void);
int main(void);

static void start(void) {
    const uint32_t *from = _sidata;
    volatile uint32_t *to;
    for (to = _sdata; to < _edata; to++) {
        *to = *from++;
    }
    for (to = _sbss; to < _ebss; to++) {
        *to = 0;
    }
    initialise_monitor_handles();
    _Exit(main());
}

static void fault(void) {
    _Exit(99);
}

/* ARMv7-M ARM (DDI 0403), B3.2.20: full access to CP10 and CP11, before compiled code runs. */
__attribute__((naked)) void Reset_Handler(void) {
    __asm volatile(".syntax unified\n\t"
                   "ldr r0, =0xE000ED88\n\t"
                   "ldr r1, [r0]\n\t"
                   "movs r2, #0xF0\n\t"
                   "lsls r2, r2, #16\n\t"
                   "orrs r1, r2\n\t"
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

__attribute__((used, section(".isr_vector"))) static const struct vectors vectors = {
    _estack, {Reset_Handler, fault, fault, fault, fault, fault, fault}};
