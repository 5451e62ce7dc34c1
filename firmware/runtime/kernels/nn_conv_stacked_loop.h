/* SPDX-License-Identifier: Apache-2.0
 *
 * Two filters over the windows of four pixels, one below the other: the loop, and what becomes of
 * its sums. How many steps, how far rows are apart and the shift of SSAT are part of the
 * instructions, so that each network has the loops and ends that its layers need, defined in its
 * own code.
 */
#ifndef NN_CONV_STACKED_LOOP_H
#define NN_CONV_STACKED_LOOP_H

#include "ai_platform.h"
#include "nn_packed_assembly.h"

AI_API_DECLARE_BEGIN

/* Words of a pair of filters before its weights: of each, what a window's sum has too much,
 * negated; and behind them: factor and addend, or multiplier as float32 and bias, of each, and the
 * places of their bytes. */
#define NN_CONV_STACKED_BEFORE 2
#define NN_CONV_STACKED_BEHIND 5

#if NN_PACKED_ASSEMBLY

/* It has the registers and the stack of the loop: not to be called from C. */
typedef void (*nn_conv_stacked_end)(void);

#else

/* The shift itself; 0: by floats. */
typedef ai_u32 nn_conv_stacked_end;

#endif

/* The assembly knows the order of the members. */
typedef struct {
    const ai_u32 *wide;          /* where the first pixel's window begins */
    ai_i8 *output;               /* the first pixel */
    ai_i32 hops[2];              /* bytes from a window to its neighbour, and to the next one */
    ai_i32 below[3];             /* bytes from the first pixel to those below; 0: there is none */
    const ai_i8 *behind;         /* the output behind the last pixel */
    ai_i32 filters;              /* bytes from a pixel to its neighbour */
    ai_i32 zero_point;           /* of the output */
    nn_conv_stacked_end ends[2]; /* of the pairs requantized by integers, and of the others */
    const ai_u32 *floats;        /* the first of the others */
    const ai_u32 *stop;          /* behind the last pair */
    const ai_u32 *words;         /* pairs as codegen/kernels/conv/stacked.py lays them out */
} nn_conv_stacked_job;

#if NN_PACKED_ASSEMBLY

/* All pairs of filters of four rows of output. */
typedef void (*nn_conv_stacked_loop)(const nn_conv_stacked_job *job);

#define NN_CONV_STACKED_NAKED __attribute__((naked, noinline, used)) NN_SECTION(NN_SECTION_KERNELS)

/* The stack of the loop: the job, but the address of the pair of filters where the job has the
 * first one's; of both filters the pixel, and the hops, as they are now; what is behind the first
 * filter's last pixel. */
#define NN_CONV_STACKED_BELOW "16"
#define NN_CONV_STACKED_BEHIND_ALL "28"
#define NN_CONV_STACKED_FILTERS "32"
#define NN_CONV_STACKED_ZERO_POINT "36"
#define NN_CONV_STACKED_NOW "40"
#define NN_CONV_STACKED_FLOATS "48"
#define NN_CONV_STACKED_WORDS "56"
#define NN_CONV_STACKED_PIXELS "60"
#define NN_CONV_STACKED_HOPS "68"
#define NN_CONV_STACKED_LAST "76"
#define NN_CONV_STACKED_STACK "84"

/* clang-format off */

/* A sum of the first step begins at `before`, later ones go on. */
#define NN_CONV_STACKED_SUM(sum, element, weight, before)                                          \
    ".if nn_at == 0\n"                                                                             \
    "smlad " sum ", " element ", " weight ", " before "\n"                                         \
    ".else\n"                                                                                      \
    "smlad " sum ", " element ", " weight ", " sum "\n"                                            \
    ".endif\n"

/* Row `row` of the window's word `nn_pair`. */
#define NN_CONV_STACKED_AT(row, pitch) "4 * (nn_pair + " #pitch " * (" row "))"

/* Two elements of four pixels and two filters: sixteen products by six SMLAD. r0 weights, r1
 * elements; of the first filter sums U in r4, W in r5, V in r6, weights in r10; of the second in r7,
 * r8, r9 and r11; lr has the bytes of both. Of the three words of elements two are the next step's,
 * which is a row below; at the end of a column all are new. */
#define NN_CONV_STACKED_STEP(height, pairs, stride, pitch)                                         \
    ".if nn_turn == 0\n"                                                                           \
    "nn_u .req r2\n"                                                                               \
    "nn_w .req r3\n"                                                                               \
    "nn_v .req r12\n"                                                                              \
    ".elseif nn_turn == 1\n"                                                                       \
    "nn_u .req r3\n"                                                                               \
    "nn_w .req r12\n"                                                                              \
    "nn_v .req r2\n"                                                                               \
    ".else\n"                                                                                      \
    "nn_u .req r12\n"                                                                              \
    "nn_w .req r2\n"                                                                               \
    "nn_v .req r3\n"                                                                               \
    ".endif\n"                                                                                     \
    NN_CONV_STACKED_SUM("r5", "nn_w", "r10", "r4")                                                 \
    "sxtb16 r11, lr, ror #8\n"                                                                     \
    NN_CONV_STACKED_SUM("r6", "nn_v", "r10", "r4")                                                 \
    ".if nn_at + 1 < " #height " * " #pairs "\n"                                                   \
    "ldr.w lr, [r0, #4 * nn_at + 12]\n"                                                            \
    ".else\n"                                                                                      \
    "ldr.w lr, [sp, #" NN_CONV_STACKED_NOW "]\n"                                                   \
    ".endif\n"                                                                                     \
    "smlad r4, nn_u, r10, r4\n"                                                                    \
    NN_CONV_STACKED_SUM("r8", "nn_w", "r11", "r7")                                                 \
    ".if nn_at + 1 < " #height " * " #pairs "\n"                                                   \
    "sxtb16 r10, lr\n"                                                                             \
    ".else\n"                                                                                      \
    "addw r0, r0, #4 * " #height " * " #pairs " + 8\n"                                             \
    ".endif\n"                                                                                     \
    NN_CONV_STACKED_SUM("r9", "nn_v", "r11", "r7")                                                 \
    ".if nn_row + " #stride " < " #height "\n"                                                     \
    "smlad r7, nn_u, r11, r7\n"                                                                    \
    "ldr.w nn_u, [r1, #" NN_CONV_STACKED_AT("nn_row + 3 * " #stride, pitch) "]\n"                  \
    ".set nn_turn, (nn_turn + 1) % 3\n"                                                            \
    ".elseif nn_at + 1 < " #height " * " #pairs "\n"                                               \
    ".set nn_next, nn_first + 1\n"                                                                 \
    ".if nn_next == nn_firsts\n"                                                                   \
    ".set nn_next, 0\n"                                                                            \
    ".set nn_pair, nn_pair + 1\n"                                                                  \
    ".endif\n"                                                                                     \
    "ldr.w nn_w, [r1, #" NN_CONV_STACKED_AT("nn_next + " #stride, pitch) "]\n"                     \
    "smlad r7, nn_u, r11, r7\n"                                                                    \
    "ldr.w nn_v, [r1, #" NN_CONV_STACKED_AT("nn_next + 2 * " #stride, pitch) "]\n"                 \
    "ldr.w nn_u, [r1, #" NN_CONV_STACKED_AT("nn_next", pitch) "]\n"                                \
    ".else\n"                                                                                      \
    "smlad r7, nn_u, r11, r7\n"                                                                    \
    ".endif\n"                                                                                     \
    ".unreq nn_u\n"                                                                                \
    ".unreq nn_w\n"                                                                                \
    ".unreq nn_v\n"                                                                                \
    ".set nn_at, nn_at + 1\n"                                                                      \
    ".set nn_row, nn_row + " #stride "\n"

/* A window of `height` rows of `pairs` words, `stride` rows from a pixel to the one below, rows
 * `pitch` words apart. Down a column of words every stride-th row is next. */
#define NN_CONV_STACKED_LOOP(name, height, pairs, stride, pitch)                                   \
    NN_CONV_STACKED_NAKED static void name(                                                        \
        __attribute__((unused)) const nn_conv_stacked_job *job) {                                  \
        __asm__(                                                                                   \
            ".syntax unified\n"                                                                    \
            "push {r4-r11, lr}\n"                                                                  \
            "sub sp, #" NN_CONV_STACKED_STACK "\n"                                                 \
            "ldm r0!, {r1-r12}\n"                                                                  \
            "stm sp, {r1-r12}\n"                                                                   \
            "ldm r0, {r1-r3}\n"                                                                    \
            "strd r1, r2, [sp, #" NN_CONV_STACKED_FLOATS "]\n"                                     \
            "mov r0, r3\n"                                                                         \
            "1:\n"                                                                                 \
            "ldrh r4, [r0, #4 * " #height " * " #pairs " + 24]\n"                                  \
            "ldrh r5, [r0, #4 * " #height " * " #pairs " + 26]\n"                                  \
            "ldrd r1, r2, [sp]\n"                                                                  \
            "ldr r3, [sp, #" NN_CONV_STACKED_BEHIND_ALL "]\n"                                      \
            "str r0, [sp, #" NN_CONV_STACKED_WORDS "]\n"                                           \
            "add r3, r4\n"                                                                         \
            "add r4, r2\n"                                                                         \
            "ldrd r6, r7, [sp, #8]\n"                                                              \
            "add r5, r2\n"                                                                         \
            "str r3, [sp, #" NN_CONV_STACKED_LAST "]\n"                                            \
            "strd r4, r5, [sp, #" NN_CONV_STACKED_PIXELS "]\n"                                     \
            "strd r6, r7, [sp, #" NN_CONV_STACKED_HOPS "]\n"                                       \
            ".p2align 2\n"                                                                         \
            "2:\n"                                                                                 \
            "ldr.w lr, [r0, #8]\n"                                                                 \
            "ldr.w r4, [r0]\n"                                                                     \
            "ldr.w r3, [r1, #4 * " #stride " * " #pitch "]\n"                                      \
            "ldr.w r12, [r1, #8 * " #stride " * " #pitch "]\n"                                     \
            "sxtb16 r10, lr\n"                                                                     \
            "ldr.w r2, [r1]\n"                                                                     \
            "ldr.w r7, [r0, #4]\n"                                                                 \
            ".set nn_at, 0\n"                                                                      \
            ".set nn_turn, 0\n"                                                                    \
            ".set nn_pair, 0\n"                                                                    \
            ".set nn_firsts, " #stride "\n"                                                        \
            ".if " #height " < " #stride "\n"                                                      \
            ".set nn_firsts, " #height "\n"                                                        \
            ".endif\n"                                                                             \
            ".rept " #pairs "\n"                                                                   \
            ".set nn_first, 0\n"                                                                   \
            ".rept nn_firsts\n"                                                                    \
            ".set nn_row, nn_first\n"                                                              \
            ".rept (" #height " - nn_first + " #stride " - 1) / " #stride "\n"                     \
            NN_CONV_STACKED_STEP(height, pairs, stride, pitch)                                     \
            ".endr\n"                                                                              \
            ".set nn_first, nn_first + 1\n"                                                        \
            ".endr\n"                                                                              \
            ".endr\n"                                                                              \
            "blx lr\n"                                                                             \
            "ldrd r4, r5, [sp, #" NN_CONV_STACKED_PIXELS "]\n"                                     \
            "ldr r6, [sp, #" NN_CONV_STACKED_FILTERS "]\n"                                         \
            "ldr r0, [sp, #" NN_CONV_STACKED_WORDS "]\n"                                           \
            "ldr r7, [sp, #" NN_CONV_STACKED_LAST "]\n"                                            \
            "add r4, r6\n"                                                                         \
            "ldrd r2, r3, [sp, #" NN_CONV_STACKED_HOPS "]\n"                                       \
            "add r5, r6\n"                                                                         \
            "cmp r4, r7\n"                                                                         \
            "add r1, r2\n"                                                                         \
            "strd r4, r5, [sp, #" NN_CONV_STACKED_PIXELS "]\n"                                     \
            "strd r3, r2, [sp, #" NN_CONV_STACKED_HOPS "]\n"                                       \
            "bne 2b\n"                                                                             \
            "ldrd r2, r3, [sp, #" NN_CONV_STACKED_FLOATS "]\n"                                     \
            "addw r0, r0, #4 * " #height " * " #pairs " + 28\n"                                    \
            "ldr r4, [sp, #" NN_CONV_STACKED_NOW " + 4]\n"                                         \
            "cmp r0, r2\n"                                                                         \
            "it eq\n"                                                                              \
            "streq r4, [sp, #" NN_CONV_STACKED_NOW "]\n"                                           \
            "cmp r0, r3\n"                                                                         \
            "bne 1b\n"                                                                             \
            "add sp, #" NN_CONV_STACKED_STACK "\n"                                                 \
            "pop {r4-r11, pc}\n");                                                                 \
    }

/* 256 * the sums of products of four pixels, from the first one down: of the first filter to r2, r4,
 * r5, r6, of the second to r3, r7, r8, r9. The first one's constants come to r10 and r11, its first
 * place to r12. The pair's constants lie at r0; r1 and lr stay. What is given stands where a sum of
 * the first filter is there. */
#define NN_CONV_STACKED_APART(first, second, third, fourth)                                        \
    ".syntax unified\n"                                                                            \
    "sub r2, r5, r6, lsl #8\n"                                                                     \
    "ldr.w r10, [r0]\n"                                                                            \
    "sub r3, r8, r9, lsl #8\n"                                                                     \
    "ldr.w r11, [r0, #4]\n"                                                                        \
    "sub r2, r4, r2, lsl #8\n"                                                                     \
    "ldr.w r12, [sp, #" NN_CONV_STACKED_PIXELS "]\n"                                               \
    "sub r3, r7, r3, lsl #8\n"                                                                     \
    "lsl r2, r2, #8\n"                                                                             \
    "lsl r3, r3, #8\n"                                                                             \
    "sub r4, r4, r2, asr #8\n" first                                                               \
    "sub r7, r7, r3, asr #8\n"                                                                     \
    "sub r5, r5, r4, asr #8\n" second                                                              \
    "sub r8, r8, r7, asr #8\n"                                                                     \
    "sub r6, r6, r5, asr #8\n" third                                                               \
    "sub r9, r9, r8, asr #8\n" fourth

/* Requantized by SMMLA and SSAT: codegen/kernels/integer_requantize.py. */
#define NN_CONV_STACKED_END(name, shift)                                                           \
    NN_CONV_STACKED_NAKED static void name(void) {                                                 \
        __asm__(                                                                                   \
            NN_CONV_STACKED_APART(                                                                 \
                "smmla r2, r2, r10, r11\n",                                                        \
                "smmla r4, r4, r10, r11\n",                                                        \
                "smmla r5, r5, r10, r11\n",                                                        \
                "smmla r6, r6, r10, r11\n")                                                        \
            "ssat r2, #8, r2, asr #" #shift "\n"                                                   \
            "ldr.w r10, [r0, #8]\n"                                                                \
            "ssat r4, #8, r4, asr #" #shift "\n"                                                   \
            "ldr.w r11, [r0, #12]\n"                                                               \
            "ssat r5, #8, r5, asr #" #shift "\n"                                                   \
            "ldr.w r0, [sp, #" NN_CONV_STACKED_BELOW " + 8]\n"                                     \
            "ssat r6, #8, r6, asr #" #shift "\n"                                                   \
            "smmla r3, r3, r10, r11\n"                                                             \
            "strb.w r6, [r12, r0]\n"                                                               \
            "smmla r7, r7, r10, r11\n"                                                             \
            "ldr.w r6, [sp, #" NN_CONV_STACKED_BELOW " + 4]\n"                                     \
            "smmla r8, r8, r10, r11\n"                                                             \
            "ssat r3, #8, r3, asr #" #shift "\n"                                                   \
            "smmla r9, r9, r10, r11\n"                                                             \
            "ldr.w r10, [sp, #" NN_CONV_STACKED_BELOW "]\n"                                        \
            "ssat r7, #8, r7, asr #" #shift "\n"                                                   \
            "strb.w r5, [r12, r6]\n"                                                               \
            "ssat r8, #8, r8, asr #" #shift "\n"                                                   \
            "ldr.w r11, [sp, #" NN_CONV_STACKED_PIXELS " + 4]\n"                                   \
            "strb.w r4, [r12, r10]\n"                                                              \
            "ssat r9, #8, r9, asr #" #shift "\n"                                                   \
            "strb.w r2, [r12]\n"                                                                   \
            "strb.w r9, [r11, r0]\n"                                                               \
            "strb.w r8, [r11, r6]\n"                                                               \
            "strb.w r7, [r11, r10]\n"                                                              \
            "strb.w r3, [r11]\n"                                                                   \
            "bx lr\n");                                                                            \
    }

/* clang-format on */

#else

typedef struct {
    ai_i32 height;
    ai_i32 pairs;  /* words of a row of the window */
    ai_i32 stride; /* rows from a pixel to the one below */
    ai_i32 pitch;  /* words of a row */
} nn_conv_stacked_steps;
typedef const nn_conv_stacked_steps *nn_conv_stacked_loop;

#define NN_CONV_STACKED_LOOP(name, height, pairs, stride, pitch)                                   \
    static const nn_conv_stacked_steps name[] = {{height, pairs, stride, pitch}};
#define NN_CONV_STACKED_END(name, shift) enum { name = shift };

#endif

AI_API_DECLARE_END

#endif /* NN_CONV_STACKED_LOOP_H */
