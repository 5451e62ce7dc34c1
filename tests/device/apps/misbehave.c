/* One way of going wrong per build: -DACTION=... */
#include "board.h"
#include "console.h"
#include "startup.h"

#define RETURN_SEVEN 1
#define BUS_FAULT 2
#define UNDEFINED 3
#define DIVIDE_BY_ZERO 4
#define EXECUTE_NEVER 5
#define HARD_FAULT 6
#define STACK_GONE 7
#define HANG 8
#define LOCKUP 9
#define EXIT_EARLY 10
#define UNEXPECTED_EXCEPTION 11
#define FLOAT 12
#define HALF_LINE 13

volatile uint32_t sink;
volatile float half = 0.5f;

__attribute__((noinline)) void misbehave(void) {
#if ACTION == BUS_FAULT
    sink = *(volatile uint32_t *)0x5F000000u;
#elif ACTION == UNDEFINED
    __asm volatile("udf #0");
#elif ACTION == DIVIDE_BY_ZERO
    volatile uint32_t zero = 0;
    sink = 100u / zero;
#elif ACTION == EXECUTE_NEVER
    ((void (*)(void))0x40000001u)();
#elif ACTION == HARD_FAULT
    __asm volatile("cpsid i\n\tsvc #0");
#elif ACTION == STACK_GONE
    __asm volatile("movw r0, #0\n\tmovt r0, #0x5F00\n\tmsr msp, r0\n\tpush {r0}" ::: "r0");
#elif ACTION == LOCKUP
    *(volatile uint32_t *)0xE000ED08u = 0x5F000000u; /* no vector table there */
    __asm volatile("udf #0");
#elif ACTION == EXIT_EARLY
    static const uint32_t reason[2] = {0x20026u, 3};
    register uint32_t operation __asm("r0") = 0x20;
    register const uint32_t *argument __asm("r1") = reason;
    __asm volatile("bkpt 0xAB" : "+r"(operation) : "r"(argument) : "memory");
#elif ACTION == UNEXPECTED_EXCEPTION
    *(volatile uint32_t *)0xE000ED04u = 1u << 28; /* ICSR.PENDSVSET */
#endif
}

int main(void) {
    board_init();
#if ACTION == HALF_LINE
    console_text("no line end");
    board_finish(0, 0, 0);
#endif
    console_text("about to misbehave\n");
    misbehave();
#if ACTION == HANG
    for (;;) {
        ++sink;
    }
#endif
#if ACTION == FLOAT
    return half * 4.0f == 2.0f ? 0 : 1;
#endif
    return 7;
}
