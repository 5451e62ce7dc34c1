/* SPDX-License-Identifier: Apache-2.0
 *
 * F(4, 3) along rows, for two filters and four tiles of four pixels: the loop over the transformed
 * elements, and what becomes of its sums. How many steps, where the tiles' elements are, how far
 * pixels are apart and the shift of SSAT are part of the instructions, so that each network has the
 * loops and ends that its layers need, defined in its own code.
 */
#ifndef NN_CONV_TABLES_LOOP_H
#define NN_CONV_TABLES_LOOP_H

#include "ai_platform.h"
#include "nn_packed_assembly.h"

AI_API_DECLARE_BEGIN

/* Words of a pair of filters: of each its factor and addend, or its multiplier as float32 and its
 * bias; what its third and fourth pixel have too much; the place of its byte. */
#define NN_CONV_TABLES_CONSTANTS 10

#if NN_PACKED_ASSEMBLY

/* It has the registers and the stack of the loop: not to be called from C. */
typedef void (*nn_conv_tables_end)(void);

#else

/* The shift itself; 0: by floats. */
typedef ai_u32 nn_conv_tables_end;

#endif

/* The assembly knows the order of the members. */
typedef struct {
    const ai_u32 *constants;    /* of the first pair of filters */
    nn_conv_tables_end ends[2]; /* of the pairs requantized by integers, and of the others */
    const ai_u32 *floats;       /* constants of the first of the others */
    const ai_u32 *stop;         /* behind those of the last pair */
    ai_i8 *outputs[4];          /* of each tile, its first pixel */
    ai_i32 zero_point;          /* of the output */
    const ai_u32 *table;        /* of all pairs */
    const ai_u32 *wide;         /* the first tile's transformed elements */
    ai_i32 filters;
} nn_conv_tables_job;

#if NN_PACKED_ASSEMBLY

/* All pairs of filters of a group of tiles. */
typedef void (*nn_conv_tables_loop)(const nn_conv_tables_job *job);

#define NN_CONV_TABLES_NAKED __attribute__((naked, noinline, used)) NN_SECTION(NN_SECTION_KERNELS)

/* The stack of the loop: the job; sums [4 tiles][6 places][2 filters]; a word for the next sum or
 * for the table, one for the end of a pass or for the link register. */
#define NN_CONV_TABLES_OUTPUTS "20"
#define NN_CONV_TABLES_ZERO_POINT "36"
#define NN_CONV_TABLES_FILTERS "48"
#define NN_CONV_TABLES_SUMS "52"
#define NN_CONV_TABLES_NEXT "244"
#define NN_CONV_TABLES_LINK "248"
#define NN_CONV_TABLES_STACK "256"

/* clang-format off */

/* Two channels of a row of the window, of two filters and four tiles: sixteen products by eight
 * SMLAD. r0 weights, r1 elements; sums of the first filter in r4, r6, r8, r10, of the second in r5,
 * r7, r9, r11. `op` and `last` are SMLAD with the sum, or SMUAD without; what the next step needs is
 * loaded meanwhile. */
#define NN_CONV_TABLES_STEP(op, last, second, third, fourth, weight, element, other)               \
    op " r4, r2, r12" last("r4") "\n"                                                              \
    "ldr.w r3, [r1, #" second "]\n"                                                                \
    op " r5, r2, lr" last("r5") "\n"                                                               \
    "ldr.w r2, [r1, #" third "]\n"                                                                 \
    op " r6, r3, r12" last("r6") "\n"                                                              \
    op " r7, r3, lr" last("r7") "\n"                                                               \
    "ldr.w r3, [r1, #" fourth "]\n"                                                                \
    op " r8, r2, r12" last("r8") "\n"                                                              \
    op " r10, r3, r12" last("r10") "\n" weight                                                     \
    op " r9, r2, lr" last("r9") "\n" element                                                       \
    op " r11, r3, lr" last("r11") "\n" other
#define NN_CONV_TABLES_ADDED(sum) ", " sum
#define NN_CONV_TABLES_ALONE(sum) ""

/* Where tile `tile`'s element of a step is: pairs of channels lie R rows of `tiles` words apart, and
 * a step is a row of one; with `across` tiles beside each other a group has R = 4 / across + 2. */
#define NN_CONV_TABLES_AT(step, tile, across, tiles)                                               \
    "4 * " #tiles " * (" step " / 3 * (4 / " #across " + 2) + " step " % 3 + " tile " / " #across  \
    ") + 4 * (" tile " % " #across ")"

/* Step nn_at, and behind it the next one. */
#define NN_CONV_TABLES_STEPS(op, last, across, tiles)                                              \
    NN_CONV_TABLES_STEP(op, last,                                                                  \
        NN_CONV_TABLES_AT("nn_at", "1", across, tiles),                                            \
        NN_CONV_TABLES_AT("nn_at", "2", across, tiles),                                            \
        NN_CONV_TABLES_AT("nn_at", "3", across, tiles),                                            \
        "ldr.w r12, [r0, #8 * nn_at + 8]\n",                                                       \
        "ldr.w r2, [r1, #" NN_CONV_TABLES_AT("(nn_at + 1)", "0", across, tiles) "]\n",             \
        "ldr.w lr, [r0, #8 * nn_at + 12]\n")                                                       \
    ".set nn_at, nn_at + 1\n"

/* The last one of a turn. */
#define NN_CONV_TABLES_LAST(across, tiles)                                                         \
    NN_CONV_TABLES_STEP("smlad", NN_CONV_TABLES_ADDED,                                             \
        NN_CONV_TABLES_AT("nn_at", "1", across, tiles),                                            \
        NN_CONV_TABLES_AT("nn_at", "2", across, tiles),                                            \
        NN_CONV_TABLES_AT("nn_at", "3", across, tiles), "", "", "")

/* Of each of six places `turns` turns of `channels` pairs of channels; tiles: of a row. */
#define NN_CONV_TABLES_LOOP(name, turns, channels, across, tiles)                                  \
    NN_CONV_TABLES_NAKED static void name(__attribute__((unused)) const nn_conv_tables_job *job) { \
        __asm__(                                                                                   \
            ".syntax unified\n"                                                                    \
            "push {r4-r11, lr}\n"                                                                  \
            "sub sp, #" NN_CONV_TABLES_STACK "\n"                                                  \
            "ldm r0!, {r1-r12}\n"                                                                  \
            "stm sp, {r1-r12}\n"                                                                   \
            "ldr r1, [r0]\n"                                                                       \
            "mov r0, r11\n"                                                                        \
            "str r1, [sp, #" NN_CONV_TABLES_FILTERS "]\n"                                          \
            ".p2align 2\n"                                                                         \
            "1:\n"                                                                                 \
            "ldr r1, [sp, #44]\n"                                                                  \
            "add r2, sp, #" NN_CONV_TABLES_SUMS "\n"                                               \
            "2:\n"                                                                                 \
            "str r2, [sp, #" NN_CONV_TABLES_NEXT "]\n"                                             \
            ".if " #turns " > 1\n"                                                                 \
            "movw r3, #4 * " #turns " * " #channels " * " #tiles " * (4 / " #across " + 2)\n"      \
            "mov r4, #0\n"                                                                         \
            "add r3, r1\n"                                                                         \
            "mov r5, #0\n"                                                                         \
            "str r3, [sp, #" NN_CONV_TABLES_LINK "]\n"                                             \
            "mov r6, #0\n"                                                                         \
            "mov r7, #0\n"                                                                         \
            "mov r8, #0\n"                                                                         \
            "mov r9, #0\n"                                                                         \
            "mov r10, #0\n"                                                                        \
            "mov r11, #0\n"                                                                        \
            ".endif\n"                                                                             \
            "3:\n"                                                                                 \
            "ldr.w r12, [r0]\n"                                                                    \
            "ldr.w r2, [r1]\n"                                                                     \
            "ldr.w lr, [r0, #4]\n"                                                                 \
            ".set nn_at, 0\n"                                                                      \
            ".if " #turns " > 1\n"                                                                 \
            NN_CONV_TABLES_STEPS("smlad", NN_CONV_TABLES_ADDED, across, tiles)                     \
            ".else\n"                                                                              \
            NN_CONV_TABLES_STEPS("smuad", NN_CONV_TABLES_ALONE, across, tiles)                     \
            ".endif\n"                                                                             \
            ".rept 3 * " #channels " - 2\n"                                                        \
            NN_CONV_TABLES_STEPS("smlad", NN_CONV_TABLES_ADDED, across, tiles)                     \
            ".endr\n"                                                                              \
            NN_CONV_TABLES_LAST(across, tiles)                                                     \
            "addw r1, r1, #4 * " #channels " * " #tiles " * (4 / " #across " + 2)\n"               \
            "addw r0, r0, #24 * " #channels "\n"                                                   \
            ".if " #turns " > 1\n"                                                                 \
            "ldr.w lr, [sp, #" NN_CONV_TABLES_LINK "]\n"                                           \
            "cmp r1, lr\n"                                                                         \
            "bne 3b\n"                                                                             \
            ".endif\n"                                                                             \
            "ldr r2, [sp, #" NN_CONV_TABLES_NEXT "]\n"                                             \
            "add r3, sp, #" NN_CONV_TABLES_SUMS " + 40\n"                                          \
            "strd r4, r5, [r2]\n"                                                                  \
            "cmp r2, r3\n"                                                                         \
            "strd r6, r7, [r2, #48]\n"                                                             \
            "strd r8, r9, [r2, #96]\n"                                                             \
            "strd r10, r11, [r2, #144]\n"                                                          \
            "add.w r2, r2, #8\n"                                                                   \
            "bne 2b\n"                                                                             \
            "ldr.w lr, [sp, #4]\n"                                                                 \
            "blx lr\n"                                                                             \
            "ldr r2, [sp, #12]\n"                                                                  \
            "cmp r1, r2\n"                                                                         \
            "bne 1b\n"                                                                             \
            "ldr r2, [sp, #16]\n"                                                                  \
            "ldr r3, [sp, #8]\n"                                                                   \
            "cmp r1, r2\n"                                                                         \
            "str r2, [sp, #12]\n"                                                                  \
            "str r3, [sp, #4]\n"                                                                   \
            "bne 1b\n"                                                                             \
            "add sp, #" NN_CONV_TABLES_STACK "\n"                                                  \
            "pop {r4-r11, pc}\n");                                                                 \
    }

/* Before the tiles of a filter, whose sums are at r0, and behind them; twice. Constants are in r10 to
 * lr, the place of the byte in r9. Leaves the next pair's constants in r1, and the loop's table in
 * r0. */
#define NN_CONV_TABLES_FILTER                                                                      \
    ".syntax unified\n"                                                                            \
    "str r0, [sp, #" NN_CONV_TABLES_NEXT "]\n"                                                     \
    "add r0, sp, #" NN_CONV_TABLES_SUMS "\n"                                                       \
    "str.w lr, [sp, #" NN_CONV_TABLES_LINK "]\n"                                                   \
    "1:\n"                                                                                         \
    "ldr r1, [sp]\n"                                                                               \
    "ldrd r10, r11, [r1]\n"                                                                        \
    "ldrd r12, lr, [r1, #8]\n"                                                                     \
    "ldr r9, [r1, #16]\n"                                                                          \
    "adds r1, #20\n"                                                                               \
    "str r1, [sp]\n"
#define NN_CONV_TABLES_DONE                                                                        \
    "add r2, sp, #" NN_CONV_TABLES_SUMS " + 4\n"                                                   \
    "ldr r1, [sp]\n"                                                                               \
    "cmp r0, r2\n"                                                                                 \
    "add.w r0, r0, #4\n"                                                                           \
    "bne 1b\n"                                                                                     \
    "ldr.w lr, [sp, #" NN_CONV_TABLES_LINK "]\n"                                                   \
    "ldr r0, [sp, #" NN_CONV_TABLES_NEXT "]\n"                                                     \
    "bx lr\n"

/* Four tiles of a filter, requantized by SMMLA and SSAT: codegen/kernels/integer_requantize.py. Of a
 * tile's six sums e: e0 + a + c, b + 2 d, a + 4 c, b + 8 d + 4 e5, where a and b are e1 + e2 and
 * e1 - e2, c and d e3 + e4 and e3 - e4. The order is the fastest that a seeded search found by the
 * models of docs/performance.md. */
#define NN_CONV_TABLES_END(name, shift, filters)                                                   \
    NN_CONV_TABLES_NAKED static void name(void) {                                                  \
        __asm__(                                                                                   \
            NN_CONV_TABLES_FILTER                                                                  \
            "ldr r1, [r0, #32]\n"                                                                  \
            "ldr r2, [r0, #24]\n"                                                                  \
            "ldr r3, [r0, #16]\n"                                                                  \
            "sub r4, r2, r1\n"                                                                     \
            "ldr r5, [r0, #8]\n"                                                                   \
            "ldr r6, [r0]\n"                                                                       \
            "add r1, r2, r1\n"                                                                     \
            "ldr r2, [sp, #" NN_CONV_TABLES_OUTPUTS "]\n"                                          \
            "sub r7, r5, r3\n"                                                                     \
            "add r3, r5, r3\n"                                                                     \
            "add r5, r3, r1, lsl #2\n"                                                             \
            "ldr r8, [r0, #40]\n"                                                                  \
            "sub r5, r5, r12\n"                                                                    \
            "add r3, r6, r3\n"                                                                     \
            "add r6, r7, r4, lsl #1\n"                                                             \
            "add r4, r7, r4, lsl #3\n"                                                             \
            "smmla r5, r5, r10, r11\n"                                                             \
            "add r4, r4, r8, lsl #2\n"                                                             \
            "add r1, r3, r1\n"                                                                     \
            "sub r3, r4, lr\n"                                                                     \
            "smmla r4, r6, r10, r11\n"                                                             \
            "ldr r6, [r0, #80]\n"                                                                  \
            "add r2, r2, r9\n"                                                                     \
            "ssat r5, #8, r5, asr #" #shift "\n"                                                   \
            "smmla r1, r1, r10, r11\n"                                                             \
            "ssat r4, #8, r4, asr #" #shift "\n"                                                   \
            "strb r5, [r2, #2 * " #filters "]\n"                                                   \
            "ldr r5, [r0, #64]\n"                                                                  \
            "strb r4, [r2, #" #filters "]\n"                                                       \
            "ldr r4, [r0, #56]\n"                                                                  \
            "ldr r7, [r0, #72]\n"                                                                  \
            "ssat r1, #8, r1, asr #" #shift "\n"                                                   \
            "smmla r3, r3, r10, r11\n"                                                             \
            "add r8, r7, r6\n"                                                                     \
            "sub r6, r7, r6\n"                                                                     \
            "sub r7, r4, r5\n"                                                                     \
            "strb r1, [r2]\n"                                                                      \
            "add r1, r4, r5\n"                                                                     \
            "add r4, r7, r6, lsl #1\n"                                                             \
            "ldr r5, [r0, #48]\n"                                                                  \
            "add r6, r7, r6, lsl #3\n"                                                             \
            "add r5, r5, r1\n"                                                                     \
            "ldr r7, [r0, #88]\n"                                                                  \
            "add r1, r1, r8, lsl #2\n"                                                             \
            "smmla r4, r4, r10, r11\n"                                                             \
            "add r5, r5, r8\n"                                                                     \
            "sub r1, r1, r12\n"                                                                    \
            "add r6, r6, r7, lsl #2\n"                                                             \
            "ldr r7, [sp, #" NN_CONV_TABLES_OUTPUTS " + 4]\n"                                      \
            "ssat r3, #8, r3, asr #" #shift "\n"                                                   \
            "smmla r5, r5, r10, r11\n"                                                             \
            "add r7, r7, r9\n"                                                                     \
            "smmla r1, r1, r10, r11\n"                                                             \
            "sub r6, r6, lr\n"                                                                     \
            "ldr r8, [r0, #120]\n"                                                                 \
            "ssat r4, #8, r4, asr #" #shift "\n"                                                   \
            "smmla r6, r6, r10, r11\n"                                                             \
            "ssat r5, #8, r5, asr #" #shift "\n"                                                   \
            "strb r4, [r7, #" #filters "]\n"                                                       \
            "ssat r1, #8, r1, asr #" #shift "\n"                                                   \
            "strb r5, [r7]\n"                                                                      \
            "ssat r4, #8, r6, asr #" #shift "\n"                                                   \
            "strb r1, [r7, #2 * " #filters "]\n"                                                   \
            "ldr r1, [r0, #104]\n"                                                                 \
            "ldr r5, [r0, #112]\n"                                                                 \
            "ldr r6, [r0, #128]\n"                                                                 \
            "strb r4, [r7, #3 * " #filters "]\n"                                                   \
            "sub r4, r8, r6\n"                                                                     \
            "add r6, r8, r6\n"                                                                     \
            "add r7, r1, r5\n"                                                                     \
            "ldr r8, [r0, #96]\n"                                                                  \
            "add r8, r8, r7\n"                                                                     \
            "sub r1, r1, r5\n"                                                                     \
            "ldr r5, [r0, #160]\n"                                                                 \
            "strb r3, [r2, #3 * " #filters "]\n"                                                   \
            "add r2, r7, r6, lsl #2\n"                                                             \
            "ldr r3, [r0, #136]\n"                                                                 \
            "add r6, r8, r6\n"                                                                     \
            "add r7, r1, r4, lsl #3\n"                                                             \
            "ldr r8, [r0, #144]\n"                                                                 \
            "add r3, r7, r3, lsl #2\n"                                                             \
            "sub r2, r2, r12\n"                                                                    \
            "smmla r6, r6, r10, r11\n"                                                             \
            "ldr r7, [sp, #" NN_CONV_TABLES_OUTPUTS " + 8]\n"                                      \
            "smmla r2, r2, r10, r11\n"                                                             \
            "sub r3, r3, lr\n"                                                                     \
            "add r7, r7, r9\n"                                                                     \
            "add r1, r1, r4, lsl #1\n"                                                             \
            "smmla r3, r3, r10, r11\n"                                                             \
            "ssat r2, #8, r2, asr #" #shift "\n"                                                   \
            "smmla r1, r1, r10, r11\n"                                                             \
            "ssat r4, #8, r6, asr #" #shift "\n"                                                   \
            "strb r2, [r7, #2 * " #filters "]\n"                                                   \
            "ssat r2, #8, r3, asr #" #shift "\n"                                                   \
            "strb r4, [r7]\n"                                                                      \
            "ssat r1, #8, r1, asr #" #shift "\n"                                                   \
            "strb r2, [r7, #3 * " #filters "]\n"                                                   \
            "ldr r2, [r0, #176]\n"                                                                 \
            "ldr r3, [r0, #152]\n"                                                                 \
            "sub r4, r3, r5\n"                                                                     \
            "strb r1, [r7, #" #filters "]\n"                                                       \
            "add r1, r3, r5\n"                                                                     \
            "ldr r3, [r0, #168]\n"                                                                 \
            "add r5, r8, r1\n"                                                                     \
            "add r6, r3, r2\n"                                                                     \
            "ldr r7, [r0, #184]\n"                                                                 \
            "sub r2, r3, r2\n"                                                                     \
            "add r1, r1, r6, lsl #2\n"                                                             \
            "add r3, r5, r6\n"                                                                     \
            "add r5, r4, r2, lsl #3\n"                                                             \
            "sub r1, r1, r12\n"                                                                    \
            "add r5, r5, r7, lsl #2\n"                                                             \
            "smmla r1, r1, r10, r11\n"                                                             \
            "sub r5, r5, lr\n"                                                                     \
            "smmla r3, r3, r10, r11\n"                                                             \
            "ldr r6, [sp, #" NN_CONV_TABLES_OUTPUTS " + 12]\n"                                     \
            "smmla r5, r5, r10, r11\n"                                                             \
            "add r2, r4, r2, lsl #1\n"                                                             \
            "add r4, r6, r9\n"                                                                     \
            "ssat r1, #8, r1, asr #" #shift "\n"                                                   \
            "smmla r2, r2, r10, r11\n"                                                             \
            "ssat r5, #8, r5, asr #" #shift "\n"                                                   \
            "strb r1, [r4, #2 * " #filters "]\n"                                                   \
            "ssat r1, #8, r3, asr #" #shift "\n"                                                   \
            "strb r5, [r4, #3 * " #filters "]\n"                                                   \
            "ssat r2, #8, r2, asr #" #shift "\n"                                                   \
            "strb r1, [r4]\n"                                                                      \
            "strb r2, [r4, #" #filters "]\n"                                                       \
            NN_CONV_TABLES_DONE);                                                                  \
    }

/* clang-format on */

#else

typedef struct {
    ai_i32 steps;  /* of each of six places */
    ai_i32 across; /* tiles of a group beside each other */
    ai_i32 tiles;  /* of a row */
} nn_conv_tables_steps;
typedef const nn_conv_tables_steps *nn_conv_tables_loop;

#define NN_CONV_TABLES_LOOP(name, turns, channels, across, tiles)                                  \
    static const nn_conv_tables_steps name[] = {{3 * (turns) * (channels), across, tiles}};
#define NN_CONV_TABLES_END(name, shift, filters) enum { name = shift };

#endif

AI_API_DECLARE_END

#endif /* NN_CONV_TABLES_LOOP_H */
