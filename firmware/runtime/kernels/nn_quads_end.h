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
 * r0, the job at sp. Not to be called from C. */
typedef void (*nn_quads_end)(void);

#define NN_QUADS_NAKED __attribute__((naked, noinline, used)) NN_SECTION(NN_SECTION_KERNELS)

/* 256 * A in r2, r3; 256 * B in r4, r5; 256 * C in r8, r9; 256 * D in r6, r7: each sum of a product
 * with a weight, of the first pixel and of the second. SMMLA takes bias and factor, SSAT the ends
 * of int8: codegen/kernels/integer_requantize.py. */
#define NN_QUADS_END(name, shift)                                                                  \
    NN_QUADS_NAKED static void name(void) {                                                        \
        __asm__(".syntax unified\n"                                                                \
                "sub r3, r9, r7, lsl #8\n"                                                         \
                "sub r2, r8, r6, lsl #8\n"                                                         \
                "ldrd r10, r11, [r0]\n"                                                            \
                "sub r2, r4, r2, lsl #8\n"                                                         \
                "sub r3, r5, r3, lsl #8\n"                                                         \
                "lsl r2, r2, #8\n"                                                                 \
                "ldrd r12, r1, [r0, #8]\n"                                                         \
                "lsl r3, r3, #8\n"                                                                 \
                "sub r4, r4, r2, asr #8\n"                                                         \
                "sub r5, r5, r3, asr #8\n"                                                         \
                "smmla r2, r2, r10, r11\n"                                                         \
                "sub r8, r8, r4, asr #8\n"                                                         \
                "smmla r4, r4, r12, r1\n"                                                          \
                "sub r9, r9, r5, asr #8\n"                                                         \
                "smmla r3, r3, r10, r11\n"                                                         \
                "sub r7, r7, r9, asr #8\n"                                                         \
                "smmla r5, r5, r12, r1\n"                                                          \
                "ldrd r10, r11, [r0, #16]\n"                                                       \
                "ssat r3, #8, r3, asr #" #shift "\n"                                               \
                "ssat r4, #8, r4, asr #" #shift "\n"                                               \
                "smmla r9, r9, r10, r11\n"                                                         \
                "sub r6, r6, r8, asr #8\n"                                                         \
                "smmla r8, r8, r10, r11\n"                                                         \
                "ldrd r12, r1, [r0, #24]\n"                                                        \
                "ssat r8, #8, r8, asr #" #shift "\n"                                               \
                "smmla r7, r7, r12, r1\n"                                                          \
                "ssat r5, #8, r5, asr #" #shift "\n"                                               \
                "smmla r6, r6, r12, r1\n"                                                          \
                "ldrh r1, [r0, #34]\n"                                                             \
                "ldrh r12, [r0, #32]\n"                                                            \
                "ldrd r10, r11, [sp, #16]\n"                                                       \
                "ssat r9, #8, r9, asr #" #shift "\n"                                               \
                "strb r3, [r11, r12]\n"                                                            \
                "ssat r2, #8, r2, asr #" #shift "\n"                                               \
                "strb r5, [r11, r1]\n"                                                             \
                "strb r2, [r10, r12]\n"                                                            \
                "ldrh r12, [r0, #36]\n"                                                            \
                "strb r4, [r10, r1]\n"                                                             \
                "ldrh r1, [r0, #38]\n"                                                             \
                "ssat r6, #8, r6, asr #" #shift "\n"                                               \
                "strb r8, [r10, r12]\n"                                                            \
                "ssat r7, #8, r7, asr #" #shift "\n"                                               \
                "strb r6, [r10, r1]\n"                                                             \
                "strb r9, [r11, r12]\n"                                                            \
                "strb r7, [r11, r1]\n"                                                             \
                "bx lr\n");                                                                        \
    }

#else

/* The shift itself. */
typedef ai_u32 nn_quads_end;

#define NN_QUADS_END(name, shift) enum { name = shift };

#endif

#endif /* NN_QUADS_END_H */
