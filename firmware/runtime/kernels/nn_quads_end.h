/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of a quad's sums at two pixels: taken apart, requantized, stored. The shift of SSAT
 * is part of the instruction, so that each network has the shifts that its layers need, defined in
 * its own code.
 */
#ifndef NN_QUADS_END_H
#define NN_QUADS_END_H

#include "ai_platform.h"
#include "nn_packed_assembly.h"

#if NN_PACKED_ASSEMBLY

/* It has the registers of nn_quads: sums U in r4, r5, V in r6, r7, W in r8, r9, constants at
 * r0, the job at sp. It leaves what the next quad begins with: r0 behind the constants, compared
 * with the job's `floats`, `wide` in r1, `offsets` in r4, r5, the mask 0xff00ff00 in r11. What it
 * loads for that stands beside shifts and SSAT. Not to be called from C. */
typedef void (*nn_quads_end)(void);

#define NN_QUADS_NAKED __attribute__((naked, noinline, used)) NN_SECTION(NN_SECTION_KERNELS)

/* 256 * each filter's sum, of the first pixel and of the second: SMMLA takes bias and factor, SSAT
 * the ends of int8: codegen/kernels/integer_requantize.py. The order is the fastest that a seeded
 * search found by the models of docs/performance.md, with the loop around it. */
#define NN_QUADS_END(name, shift)                                                                  \
    NN_QUADS_NAKED static void name(void) {                                                        \
        __asm__(".syntax unified\n"                                                                \
                "sub r1, r8, r6, lsl #8\n"                                                         \
                "sub r11, r9, r7, lsl #8\n"                                                        \
                "ldrd r2, r3, [r0]\n"                                                              \
                "sub r11, r5, r11, lsl #8\n"                                                       \
                "ldrh r10, [r0, #32]\n"                                                            \
                "lsl r11, r11, #8\n"                                                               \
                "sub r1, r4, r1, lsl #8\n"                                                         \
                "smmla r12, r11, r2, r3\n"                                                         \
                "lsl r1, r1, #8\n"                                                                 \
                "sub r5, r5, r11, asr #8\n"                                                        \
                "smmla r11, r1, r2, r3\n"                                                          \
                "ldrd r2, r3, [sp, #16]\n"                                                         \
                "ssat r12, #8, r12, asr #" #shift "\n"                                             \
                "sub r4, r4, r1, asr #8\n"                                                         \
                "ssat r1, #8, r11, asr #" #shift "\n"                                              \
                "strb r12, [r3, r10]\n"                                                            \
                "ldrd r11, r12, [r0, #8]\n"                                                        \
                "sub r9, r9, r5, asr #8\n"                                                         \
                "strb r1, [r2, r10]\n"                                                             \
                "sub r1, r8, r4, asr #8\n"                                                         \
                "smmla r4, r4, r11, r12\n"                                                         \
                "ldrd r10, r8, [r0, #16]\n"                                                        \
                "sub r6, r6, r1, asr #8\n"                                                         \
                "smmla r5, r5, r11, r12\n"                                                         \
                "sub r11, r7, r9, asr #8\n"                                                        \
                "smmla r12, r9, r10, r8\n"                                                         \
                "ldrd r7, r9, [r0, #24]\n"                                                         \
                "smmla r10, r1, r10, r8\n"                                                         \
                "ldrh r1, [r0, #34]\n"                                                             \
                "ssat r4, #8, r4, asr #" #shift "\n"                                               \
                "smmla r6, r6, r7, r9\n"                                                           \
                "ldrh r8, [r0, #38]\n"                                                             \
                "smmla r11, r11, r7, r9\n"                                                         \
                "ssat r5, #8, r5, asr #" #shift "\n"                                               \
                "ldrh r7, [r0, #36]\n"                                                             \
                "ssat r6, #8, r6, asr #" #shift "\n"                                               \
                "strb r5, [r3, r1]\n"                                                              \
                "ssat r11, #8, r11, asr #" #shift "\n"                                             \
                "strb r4, [r2, r1]\n"                                                              \
                "ldrd r4, r5, [sp]\n"                                                              \
                "ldr r1, [sp, #8]\n"                                                               \
                "adds r0, #40\n"                                                                   \
                "ssat r12, #8, r12, asr #" #shift "\n"                                             \
                "strb r11, [r3, r8]\n"                                                             \
                "mov r11, #0xff00ff00\n"                                                           \
                "ldr r9, [sp, #32]\n"                                                              \
                "ssat r10, #8, r10, asr #" #shift "\n"                                             \
                "strb r12, [r3, r7]\n"                                                             \
                "cmp r0, r9\n"                                                                     \
                "strb r6, [r2, r8]\n"                                                              \
                "strb r10, [r2, r7]\n"                                                             \
                "bx lr\n");                                                                        \
    }

/* The same of 256 * 2^bits * each sum: finer steps of bias and factor, for filters that have none
 * of 256 times. */
#define NN_QUADS_FINER_END(name, shift, bits)                                                      \
    NN_QUADS_NAKED static void name(void) {                                                        \
        __asm__(".syntax unified\n"                                                                \
                "sub r11, r8, r6, lsl #8\n"                                                        \
                "sub r12, r9, r7, lsl #8\n"                                                        \
                "ldrd r10, r1, [r0]\n"                                                             \
                "sub r2, r5, r12, lsl #8\n"                                                        \
                "ldrh r3, [r0, #32]\n"                                                             \
                "lsl r12, r2, #8 + " #bits "\n"                                                    \
                "sub r11, r4, r11, lsl #8\n"                                                       \
                "lsl r11, r11, #8 + " #bits "\n"                                                   \
                "smmla r2, r12, r10, r1\n"                                                         \
                "sub r5, r5, r12, asr #8 + " #bits "\n"                                            \
                "smmla r1, r11, r10, r1\n"                                                         \
                "ldrd r12, r10, [sp, #16]\n"                                                       \
                "ssat r2, #8, r2, asr #" #shift "\n"                                               \
                "sub r4, r4, r11, asr #8 + " #bits "\n"                                            \
                "ssat r1, #8, r1, asr #" #shift "\n"                                               \
                "strb r2, [r10, r3]\n"                                                             \
                "sub r11, r8, r4, asr #8\n"                                                        \
                "strb r1, [r12, r3]\n"                                                             \
                "ldrd r1, r2, [r0, #8]\n"                                                          \
                "lsl r4, r4, #" #bits "\n"                                                         \
                "ldrh r3, [r0, #34]\n"                                                             \
                "lsl r8, r5, #" #bits "\n"                                                         \
                "smmla r4, r4, r1, r2\n"                                                           \
                "sub r5, r9, r5, asr #8\n"                                                         \
                "smmla r1, r8, r1, r2\n"                                                           \
                "ldrd r2, r8, [r0, #16]\n"                                                         \
                "ssat r4, #8, r4, asr #" #shift "\n"                                               \
                "lsl r9, r11, #" #bits "\n"                                                        \
                "strb r4, [r12, r3]\n"                                                             \
                "lsl r4, r5, #" #bits "\n"                                                         \
                "sub r6, r6, r11, asr #8\n"                                                        \
                "smmla r9, r9, r2, r8\n"                                                           \
                "sub r5, r7, r5, asr #8\n"                                                         \
                "smmla r7, r4, r2, r8\n"                                                           \
                "ldrd r2, r4, [r0, #24]\n"                                                         \
                "ssat r1, #8, r1, asr #" #shift "\n"                                               \
                "ldrh r8, [r0, #38]\n"                                                             \
                "mov r11, #0xff00ff00\n"                                                           \
                "lsl r5, r5, #" #bits "\n"                                                         \
                "ssat r7, #8, r7, asr #" #shift "\n"                                               \
                "strb r1, [r10, r3]\n"                                                             \
                "ldr r1, [sp, #8]\n"                                                               \
                "smmla r3, r5, r2, r4\n"                                                           \
                "lsl r5, r6, #" #bits "\n"                                                         \
                "ldrh r6, [r0, #36]\n"                                                             \
                "ssat r9, #8, r9, asr #" #shift "\n"                                               \
                "smmla r2, r5, r2, r4\n"                                                           \
                "ldrd r4, r5, [sp]\n"                                                              \
                "adds r0, #40\n"                                                                   \
                "strb r9, [r12, r6]\n"                                                             \
                "ssat r9, #8, r2, asr #" #shift "\n"                                               \
                "strb r7, [r10, r6]\n"                                                             \
                "ssat r3, #8, r3, asr #" #shift "\n"                                               \
                "strb r9, [r12, r8]\n"                                                             \
                "ldr r9, [sp, #32]\n"                                                              \
                "strb r3, [r10, r8]\n"                                                             \
                "cmp r0, r9\n"                                                                     \
                "bx lr\n");                                                                        \
    }

#else

/* The shift itself, and 256 times the bits. */
typedef ai_u32 nn_quads_end;

#define NN_QUADS_END(name, shift) enum { name = shift };
#define NN_QUADS_FINER_END(name, shift, bits) enum { name = (shift) + 256 * (bits) };

#endif

#endif /* NN_QUADS_END_H */
