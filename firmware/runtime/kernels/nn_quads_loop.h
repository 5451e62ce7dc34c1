/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop over a window for four filters and two pixels: how many steps, and where the pixels'
 * elements are, is part of its instructions, so that each network has the loops that its layers
 * need, defined in its own code.
 */
#ifndef NN_QUADS_LOOP_H
#define NN_QUADS_LOOP_H

#include "nn_quads_end.h"

AI_API_DECLARE_BEGIN

#if NN_PACKED_ASSEMBLY
/* It has the job's beginning at sp, the job's address behind it. Not to be called from C. */
typedef void (*nn_quads_next)(void);
#else
typedef ai_i32 nn_quads_next;
#endif

typedef struct nn_quads_job nn_quads_job;

/* How many quads integers requantize and what ends them: of 256 times a sum, and finer ones. The
 * FPU takes the others. */
typedef struct {
    ai_i32 counts[2];
    nn_quads_end ends[2];
} nn_quads_ends;

/* Quads up to a place, and their end. */
typedef struct {
    nn_quads_end end;
    const ai_u32 *stop;
} nn_quads_tier;

/* The assembly knows the order of the members. */
struct nn_quads_job {
    ai_i32 offsets[2];          /* -128 * the sum of each pixel's elements */
    ai_u32 *wide;               /* the first pixel's elements as int16, two in a word */
    const ai_u32 *behind;       /* `wide` behind the last turn */
    ai_i8 *outputs[2];          /* of each pixel, filters bytes */
    nn_quads_end end;           /* of the first tier of quads */
    const nn_quads_tier *later; /* on the stack: the next tier */
    const ai_u32 *stop;         /* behind the first tier */
    const ai_u32 *last;         /* behind the last quad */
    ai_i32 zero_point;          /* of the output */
    const ai_u32 *words;        /* quads as codegen/kernels/conv/quads.py lays them out */
    nn_quads_next next;         /* goes on to two more pixels; NULL: there are none */
    ai_i32 pairs;               /* of pixels that are left, these included */
    const void *from;           /* what it reads of the two pixels: sums of rows, or elements */
    ai_i32 count;               /* rows under a window, or fours of elements */
    ai_i32 pitch;           /* bytes from a row's sums to the next ones, or from pixel to pixel */
    ai_i32 hop;             /* bytes that `wide` and `behind` move */
    ai_i32 below;           /* bytes that `outputs` move */
    nn_quads_tier tiers[2]; /* behind the first one */
};

#if NN_PACKED_ASSEMBLY

/* All quads of two pixels, and of those that `next` goes on to. */
typedef void (*nn_quads_loop)(nn_quads_job *job);

/* Two elements of four filters at two pixels: sixteen products by six SMLAD. r0 weights, r1 pixels;
 * sums U in r4, r5, V in r6, r7, W in r8, r9. The weights B + 256 * C of W are made of those of V,
 * in r12, and U, in r10, in lr. What the next step needs is loaded meanwhile, by plain loads with
 * offsets: one of two words, or one that moves its pointer, takes two of four slots in as many
 * cycles. */
#define NN_QUADS_STEP(v_words, first, u_words, second)                                             \
    "smlad r6, r12, r2, r6\n"                                                                      \
    "and lr, r11, r12, lsl #8\n"                                                                   \
    "smlad r4, r10, r2, r4\n"                                                                      \
    "sxtab16 lr, lr, r10, ror #8\n"                                                                \
    "smlad r7, r12, r3, r7\n" v_words "smlad r8, lr, r2, r8\n" first                               \
    "smlad r5, r10, r3, r5\n" u_words "smlad r9, lr, r3, r9\n" second

/* The first one: U has its offset, V and W are made. */
#define NN_QUADS_FIRST(v_words, first, u_words, second)                                            \
    "smuad r6, r12, r2\n"                                                                          \
    "and lr, r11, r12, lsl #8\n"                                                                   \
    "smlad r4, r10, r2, r4\n"                                                                      \
    "sxtab16 lr, lr, r10, ror #8\n"                                                                \
    "smuad r7, r12, r3\n" v_words "smuad r8, lr, r2\n" first "smlad r5, r10, r3, r5\n" u_words     \
    "smuad r9, lr, r3\n" second

/* Step nn_at of its quad: its words, and both pixels' elements `at`. */
#define NN_QUADS_V "ldr.w r12, [r0, #8 * nn_at]\n"
#define NN_QUADS_U "ldr.w r10, [r0, #8 * nn_at + 4]\n"
#define NN_QUADS_PIXELS(step, at, apart)                                                           \
    step(NN_QUADS_V, "ldr.w r2, [r1, #" at "]\n", NN_QUADS_U,                                      \
         "ldr.w r3, [r1, #" at " + " apart "]\n")

/* The job to the stack, its address behind it; what pixels begin with, and a quad. */
#define NN_QUADS_ENTER                                                                             \
    ".syntax unified\n"                                                                            \
    "push {r4-r11, lr}\n"                                                                          \
    "sub sp, #52\n"                                                                                \
    "str r0, [sp, #44]\n"                                                                          \
    "ldm r0!, {r1-r11}\n"                                                                          \
    "stm sp, {r1-r11}\n"                                                                           \
    "add.w r1, r0, #32\n"                                                                          \
    "str r1, [sp, #28]\n"                                                                          \
    "ldr r0, [r0]\n"                                                                               \
    ".p2align 2\n"                                                                                 \
    "0:\n"                                                                                         \
    "ldr.w r1, [sp, #8]\n"                                                                         \
    "ldrd r4, r5, [sp]\n"                                                                          \
    "mov r11, #0xff00ff00\n"                                                                       \
    "1:\n"                                                                                         \
    "ldr.w r12, [r0]\n"                                                                            \
    "ldr.w r10, [r0, #4]\n"

/* A quad's end, which compares r0 with where its tier stops, and the next quad, perhaps of the next
 * tier; then the next pixels. r0 is 0 when there are none. */
#define NN_QUADS_LEAVE                                                                             \
    "ldr.w lr, [sp, #24]\n"                                                                        \
    "blx lr\n"                                                                                     \
    "bne 1b\n"                                                                                     \
    "ldr r2, [sp, #36]\n"                                                                          \
    "ldr r3, [sp, #28]\n"                                                                          \
    "cmp r0, r2\n"                                                                                 \
    "beq 4f\n"                                                                                     \
    "ldrd r2, r12, [r3], #8\n"                                                                     \
    "str r2, [sp, #24]\n"                                                                          \
    "str r3, [sp, #28]\n"                                                                          \
    "str.w r12, [sp, #32]\n"                                                                       \
    "b 1b\n"                                                                                       \
    "4:\n"                                                                                         \
    "ldr r1, [sp, #44]\n"                                                                          \
    "ldr r2, [r1, #48]\n"                                                                          \
    "cbz r2, 3f\n"                                                                                 \
    "blx r2\n"                                                                                     \
    "cmp r0, #0\n"                                                                                 \
    "bne 0b\n"                                                                                     \
    "3:\n"                                                                                         \
    "add sp, #52\n"                                                                                \
    "pop {r4-r11, pc}\n"

/* clang-format off */

/* All steps one after the other: `rows` times `steps` of them, rows `pitch` bytes apart, steps
 * `step`, the second pixel `apart` from the first one. */
#define NN_QUADS_STRAIGHT(name, rows, steps, pitch, step, apart)                                   \
    NN_QUADS_NAKED static void name(__attribute__((unused)) nn_quads_job *job) {                   \
        __asm__(                                                                                   \
            NN_QUADS_ENTER                                                                         \
            "ldr.w r2, [r1]\n"                                                                     \
            "ldr.w r3, [r1, #" #apart "]\n"                                                        \
            ".set nn_at, 1\n"                                                                      \
            NN_QUADS_PIXELS(NN_QUADS_FIRST, NN_QUADS_PLACE(steps, pitch, step), #apart)            \
            ".rept " #rows " * " #steps " - 2\n"                                                   \
            ".set nn_at, nn_at + 1\n"                                                              \
            NN_QUADS_PIXELS(NN_QUADS_STEP, NN_QUADS_PLACE(steps, pitch, step), #apart)             \
            ".endr\n"                                                                              \
            NN_QUADS_STEP("", "", "", "")                                                          \
            "add.w r0, r0, #8 * " #rows " * " #steps "\n"                                          \
            NN_QUADS_LEAVE);                                                                       \
    }
#define NN_QUADS_PLACE(steps, pitch, step)                                                         \
    "(nn_at / " #steps ") * " #pitch " + (nn_at % " #steps ") * " #step

/* Turns of `turn` steps, `hop` bytes from one to the next, until the job's `behind`; before them
 * `rest` steps, none or at least two. */
#define NN_QUADS_TURNS(name, rest, turn, hop, step, apart)                                         \
    NN_QUADS_NAKED static void name(__attribute__((unused)) nn_quads_job *job) {                   \
        __asm__(                                                                                   \
            NN_QUADS_ENTER                                                                         \
            ".if " #rest "\n"                                                                      \
            "ldr.w r2, [r1]\n"                                                                     \
            "ldr.w r3, [r1, #" #apart "]\n"                                                        \
            ".set nn_at, 1\n"                                                                      \
            NN_QUADS_PIXELS(NN_QUADS_FIRST, "nn_at * " #step, #apart)                              \
            ".rept " #rest " - 2\n"                                                                \
            ".set nn_at, nn_at + 1\n"                                                              \
            NN_QUADS_PIXELS(NN_QUADS_STEP, "nn_at * " #step, #apart)                               \
            ".endr\n"                                                                              \
            ".set nn_at, nn_at + 1\n"                                                              \
            NN_QUADS_STEP(NN_QUADS_V, "addw r1, r1, #" #rest " * " #step "\n",                     \
                          NN_QUADS_U, "addw r0, r0, #8 * " #rest "\n")                             \
            ".else\n"                                                                              \
            "mov r6, #0\n"                                                                         \
            "mov r7, #0\n"                                                                         \
            "mov r8, #0\n"                                                                         \
            "mov r9, #0\n"                                                                         \
            ".endif\n"                                                                             \
            "2:\n"                                                                                 \
            "ldr.w r2, [r1]\n"                                                                     \
            "ldr.w r3, [r1, #" #apart "]\n"                                                        \
            ".set nn_at, 0\n"                                                                      \
            ".rept " #turn " - 1\n"                                                                \
            ".set nn_at, nn_at + 1\n"                                                              \
            NN_QUADS_PIXELS(NN_QUADS_STEP, "nn_at * " #step, #apart)                               \
            ".endr\n"                                                                              \
            ".set nn_at, nn_at + 1\n"                                                              \
            NN_QUADS_STEP(NN_QUADS_V, "addw r1, r1, #" #hop "\n",                                  \
                          NN_QUADS_U, "addw r0, r0, #8 * " #turn "\n")                             \
            "ldr.w lr, [sp, #12]\n"                                                                \
            "cmp r1, lr\n"                                                                         \
            "bne 2b\n"                                                                             \
            NN_QUADS_LEAVE);                                                                       \
    }

/* clang-format on */

#else

/* Bytes: from a turn to the next one, from a step to the next one, from the first pixel to the
 * second. */
typedef struct {
    ai_i32 rest; /* steps before the turns */
    ai_i32 turn; /* steps of one */
    ai_i32 hop;
    ai_i32 step;
    ai_i32 apart;
} nn_quads_steps;
typedef const nn_quads_steps *nn_quads_loop;

#define NN_QUADS_STRAIGHT(name, rows, steps, pitch, step, apart)                                   \
    NN_QUADS_TURNS(name, 0, steps, pitch, step, apart)
#define NN_QUADS_TURNS(name, rest, turn, hop, step, apart)                                         \
    static const nn_quads_steps name[] = {{rest, turn, hop, step, apart}};

#endif

AI_API_DECLARE_END

#endif /* NN_QUADS_LOOP_H */
