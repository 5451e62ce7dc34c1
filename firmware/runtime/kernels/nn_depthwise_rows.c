/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_depthwise_rows.h"

#if NN_PACKED_ASSEMBLY

/* r0 plane, r1 output, r2 pitch, r3 what was loaded; r4, r5 two outputs' sums, r6, r7 the next
 * ones'; of each row r8, r9, r10 (w0, w1) and r11, r12, lr (w1, w2). s2, s3 bias, s4 multiplier;
 * s0, s1 the outputs before, which the FPU works at meanwhile. On the stack: job, where a row ends,
 * zero point, bytes to the next output. */
#define NN_ENTER                                                                                   \
    ".syntax unified\n"                                                                            \
    "push {r4-r11, lr}\n"                                                                          \
    "sub sp, #16\n"                                                                                \
    "str r0, [sp]\n"                                                                               \
    "ldr r1, [r0, #4]\n"                                                                           \
    "ldr r8, [r1]\n"                                                                               \
    "ldr r9, [r1, #8]\n"                                                                           \
    "ldr r10, [r1, #16]\n"                                                                         \
    "ldr r11, [r1, #28]\n"                                                                         \
    "ldr r12, [r1, #36]\n"                                                                         \
    "ldr lr, [r1, #44]\n"                                                                          \
    "ldr r2, [r0, #12]\n"                                                                          \
    "vmov s2, s3, r2, r2\n"                                                                        \
    "vldr s4, [r0, #16]\n"                                                                         \
    "ldr r2, [r0, #48]\n"                                                                          \
    "str r2, [sp, #8]\n"                                                                           \
    "ldr r2, [r0, #32]\n"                                                                          \
    "str r2, [sp, #12]\n"                                                                          \
    "ldr r2, [r0, #20]\n"

/* The next row: its plane, output, and end, `words` times the pairs and one word behind. */
#define NN_ROW(words)                                                                              \
    "1:\n"                                                                                         \
    "ldr r3, [sp]\n"                                                                               \
    "ldr r0, [r3]\n"                                                                               \
    "ldr r1, [r3, #8]\n"                                                                           \
    "ldr r4, [r3, #40]\n"                                                                          \
    "add r4, r0, r4, lsl #" words "\n"                                                             \
    "adds r4, #4\n"                                                                                \
    "str r4, [sp, #4]\n"

/* Two finished sums to the FPU, and what it made of the two before to r4, r5. */
#define NN_TO_FPU                                                                                  \
    "vmov s6, s7, r4, r5\n"                                                                        \
    "vmov r4, r5, s0, s1\n"                                                                        \
    "vcvt.f32.s32 s0, s6\n"                                                                        \
    "vcvt.f32.s32 s1, s7\n"

#define NN_SCALE_FIRST "vmul.f32 s0, s0, s4\n"
#define NN_SCALE_SECOND "vmul.f32 s1, s1, s4\n"
#define NN_ROUND_FIRST "vcvtr.s32.f32 s0, s0\n"
#define NN_ROUND_SECOND "vcvtr.s32.f32 s1, s1\n"

#define NN_BYTES                                                                                   \
    "ldr r3, [sp, #8]\n"                                                                           \
    "qadd r4, r4, r3\n"                                                                            \
    "qadd r5, r5, r3\n"                                                                            \
    "ssat r4, #8, r4\n"                                                                            \
    "ssat r5, #8, r5\n"

#define NN_STORE                                                                                   \
    NN_BYTES                                                                                       \
    "ldr r3, [sp, #12]\n"                                                                          \
    "strb r4, [r1]\n"                                                                              \
    "strb r5, [r1, r3]\n"                                                                          \
    "add r1, r1, r3, lsl #1\n"

#define NN_UNTIL_END                                                                               \
    "ldr r3, [sp, #4]\n"                                                                           \
    "cmp r0, r3\n"                                                                                 \
    "bne 2b\n"

/* The last outputs of a row, and the way to the next row or out. */
#define NN_LEAVE                                                                                   \
    NN_SCALE_FIRST NN_SCALE_SECOND NN_ROUND_FIRST NN_ROUND_SECOND "vmov r4, r5, s0, s1\n" NN_BYTES \
                                                                  "strb r4, [r1]\n"                \
                                                                  "ldr r3, [sp]\n"                 \
                                                                  "ldr r6, [r3, #44]\n"            \
                                                                  "cbnz r6, 4f\n"                  \
                                                                  "ldr r6, [sp, #12]\n"            \
                                                                  "strb r5, [r1, r6]\n"            \
                                                                  "4:\n"                           \
                                                                  "ldr r4, [r3]\n"                 \
                                                                  "ldr r5, [r3, #24]\n"            \
                                                                  "add r4, r4, r5\n"               \
                                                                  "str r4, [r3]\n"                 \
                                                                  "ldr r4, [r3, #8]\n"             \
                                                                  "ldr r5, [r3, #28]\n"            \
                                                                  "add r4, r4, r5\n"               \
                                                                  "str r4, [r3, #8]\n"             \
                                                                  "ldr r4, [r3, #36]\n"            \
                                                                  "subs r4, r4, #1\n"              \
                                                                  "str r4, [r3, #36]\n"            \
                                                                  "bne 1b\n"                       \
                                                                  "add sp, #16\n"                  \
                                                                  "pop {r4-r11, pc}\n"

/* A word of each row; `each` makes of it what a row's weights say. */
#define NN_WORD(each, first, second, third, fourth)                                                \
    "ldr r3, [r0]\n" each("r8", "r11") first "ldr r3, [r0, r2]\n" each("r9", "r12") second         \
        "ldr r3, [r0, r2, lsl #1]\n" third each("r10", "lr") fourth "adds r0, #4\n"

/* One pixel apart, word k: outputs 2k - 2 and 2k - 1 end with it, 2k and 2k + 1 begin. */
#define NN_BEGIN_TWO(w01, w12)                                                                     \
    "smlad r6, r3, " w01 ", r6\n"                                                                  \
    "smlatb r7, r3, " w01 ", r7\n"
#define NN_BOTH_TWO(w01, w12)                                                                      \
    "smlabt r4, r3, " w12 ", r4\n"                                                                 \
    "smlad r5, r3, " w12 ", r5\n" NN_BEGIN_TWO(w01, w12)

/* Two apart: a word begins one output and ends the one before. */
#define NN_BEGIN_ONE(w01, w12) "smlad r6, r3, " w01 ", r6\n"
#define NN_FIRST_ONE(w01, w12)                                                                     \
    "smlabt r4, r3, " w12 ", r4\n"                                                                 \
    "smlad r5, r3, " w01 ", r5\n"
#define NN_SECOND_ONE(w01, w12) "smlabt r5, r3, " w12 ", r5\n" NN_BEGIN_ONE(w01, w12)

#define NN_TURN_TWO                                                                                \
    "mov r4, r6\n"                                                                                 \
    "mov r5, r7\n"                                                                                 \
    "vmov r6, r7, s2, s3\n"
#define NN_TURN_ONE                                                                                \
    "mov r4, r6\n"                                                                                 \
    "vmov r5, r6, s2, s3\n"

#define NN_NOTHING ""

__attribute__((naked, noinline)) void nn_depthwise_rows_1(__attribute__((unused))
                                                          nn_depthwise_rows *job) {
    __asm__(NN_ENTER NN_ROW("2") "vmov r6, r7, s2, s3\n" NN_WORD(NN_BEGIN_TWO, NN_NOTHING,
                                                                 NN_NOTHING, NN_NOTHING, NN_NOTHING)
                NN_TURN_TWO NN_WORD(NN_BOTH_TWO, NN_NOTHING, NN_NOTHING, NN_NOTHING, NN_NOTHING)
                    NN_TO_FPU
            "b 3f\n"
            "2:\n" NN_TURN_TWO NN_WORD(NN_BOTH_TWO, NN_SCALE_FIRST, NN_SCALE_SECOND, NN_ROUND_FIRST,
                                       NN_ROUND_SECOND) NN_TO_FPU NN_STORE
            "3:\n" NN_UNTIL_END NN_LEAVE);
}

__attribute__((naked, noinline)) void nn_depthwise_rows_2(__attribute__((unused))
                                                          nn_depthwise_rows *job) {
    __asm__(NN_ENTER NN_ROW("3") "vmov r6, s2\n" NN_WORD(NN_BEGIN_ONE, NN_NOTHING, NN_NOTHING,
                                                         NN_NOTHING, NN_NOTHING)
                NN_TURN_ONE NN_WORD(NN_FIRST_ONE, NN_NOTHING, NN_NOTHING, NN_NOTHING, NN_NOTHING)
                    NN_WORD(NN_SECOND_ONE, NN_NOTHING, NN_NOTHING, NN_NOTHING, NN_NOTHING) NN_TO_FPU
            "b 3f\n"
            "2:\n" NN_TURN_ONE NN_WORD(NN_FIRST_ONE, NN_SCALE_FIRST, NN_SCALE_SECOND,
                                       NN_ROUND_FIRST, NN_ROUND_SECOND)
                NN_WORD(NN_SECOND_ONE, NN_NOTHING, NN_NOTHING, NN_NOTHING, NN_NOTHING)
                    NN_TO_FPU NN_STORE "3:\n" NN_UNTIL_END NN_LEAVE);
}

#endif
