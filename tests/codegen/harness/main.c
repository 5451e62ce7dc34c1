/* Runs every network of cases.inc over all its inputs and hands out all output bytes. Each input
 * runs twice, with another garbage in the arena: the outputs may not depend on it. */
#include <string.h>

#include "board.h"
#include "case.h"
#include "console.h"

#define CASE(name) extern const test_case name##_case;
#include "cases.inc"
#undef CASE

#define CASE(name) &name##_case,
static const test_case *const cases[] = {
#include "cases.inc"
};
#undef CASE

#ifndef NN_SECTION_RESULTS
#define NN_SECTION_RESULTS __attribute__((section(".nn.results")))
#endif
NN_SECTION_RESULTS static ai_i8 results[RESULTS_SIZE];
static ai_i8 again[LARGEST_OUTPUT];

#ifdef TRAP_UNALIGNED
/* The processor faults on unaligned accesses. newlib's functions make many; these make none, nor do
 * those of firmware/cortex_m/memory.c. */
#define BYTEWISE __attribute__((optimize("no-tree-loop-distribute-patterns")))

BYTEWISE void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    char *target = to;
    const char *source = from;
    while (size-- > 0) {
        *target++ = *source++;
    }
    return to;
}

BYTEWISE int memcmp(const void *first, const void *second, size_t size) {
    const unsigned char *a = first;
    const unsigned char *b = second;
    size_t i = 0;
    while (i < size && a[i] == b[i]) {
        i++;
    }
    return i < size ? a[i] - b[i] : 0;
}

/* ARMv7-M ARM (DDI 0403), B3.2.8: CCR.UNALIGN_TRP. */
static void trap_unaligned(void) {
    *(volatile ai_u32 *)0xE000ED14u |= 1u << 3;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}
#else
static void trap_unaligned(void) {
}
#endif

static void fail(const test_case *tested, const char *what, ai_error error) {
    console_text(tested->name);
    console_text(what);
    console_text(": type ");
    console_hex(error.type);
    console_text(", code ");
    console_hex(error.code);
    console_text("\n");
    board_finish(1, NULL, 0);
}

static void infer(const test_case *tested, int garbage, const ai_i8 *input, ai_i8 *output) {
    memset(tested->arena, garbage, tested->arena_size);
    ai_error error = tested->infer(input, output);
    if (error.type != AI_ERROR_NONE) {
        fail(tested, " does not run", error);
    }
}

int main(void) {
    ai_i8 *output = results;
    board_init();
    trap_unaligned();
    for (ai_u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const test_case *tested = cases[i];
        ai_error error = tested->start();
        if (error.type != AI_ERROR_NONE) {
            fail(tested, " does not start", error);
        }
        for (const ai_i8 *at = tested->inputs; at < tested->inputs_end; at += tested->input_size) {
            infer(tested, 0xA5, at, output);
            infer(tested, 0x5A, at, again);
            if (memcmp(output, again, tested->output_size) != 0) {
                fail(tested, " reads garbage from its arena", error);
            }
            output += tested->output_size;
        }
    }
    board_finish(0, results, sizeof(results));
}
