/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_elementwise_integers.h"

#include "nn_packed_assembly.h"
#include "nn_requantize.h"

/* sum >> 21, at the ends of int8. */
static inline ai_u32 saturated(ai_i32 sum) {
#if defined(__ARM_FEATURE_SAT) && __ARM_FEATURE_SAT
    ai_u32 byte;
    __asm__("ssat %0, #8, %1, asr #21" : "=r"(byte) : "r"(sum));
    return byte;
#else
    const ai_i32 value = sum < 0 ? ~(~sum >> 21) : sum >> 21;
    const ai_i32 above = value < -128 ? -128 : value;
    return (ai_u32)(above > 127 ? 127 : above);
#endif
}

/* factor * byte >> 8, without more than 32 bits. */
static inline ai_i32 scaled(ai_i32 factor, ai_i8 byte) {
    const ai_i32 low = (factor & 255) * byte;
    return ((factor - (factor & 255)) / 256) * byte + (low < 0 ? ~(~low >> 8) : low >> 8);
}

static inline ai_i8 of_bytes(const nn_elementwise_integers_shape *shape, ai_i8 a, ai_i8 b) {
    return (ai_i8)saturated(shape->addend + scaled(shape->first_factor, a) +
                            scaled(shape->second_factor, b));
}

#if NN_PACKED_ASSEMBLY && defined(__ARM_FEATURE_UNALIGNED)

/* Sixteen elements a turn: bytes times 256 in halves, which SMLAW multiplies by a factor, without
 * the 16 lowest bits. Four words are under way at once; the order is the fastest that a seeded
 * search found by the models of docs/performance.md. */
__attribute__((naked, noinline)) static void
sixteens(__attribute__((unused)) const ai_i8 *first, __attribute__((unused)) const ai_i8 *second,
         __attribute__((unused)) ai_i8 *output, __attribute__((unused)) ai_i32 turns,
         __attribute__((unused)) const nn_elementwise_integers_shape *shape) {
    __asm__(".syntax unified\n"
            "push {r4-r11, lr}\n"
            "ldr r7, [sp, #36]\n"
            "ldrd r4, r5, [r7, #4]\n"
            "ldr r6, [r7, #12]\n"
            "mov r7, #0xff00ff00\n"
            ".p2align 2\n"
            "1:\n"
            "ldr r8, [r0]\n"
            "ldr r9, [r0, #4]\n"
            "and r10, r8, r7\n"
            "ldr r11, [r1]\n"
            "smlawb r12, r4, r10, r6\n"
            "and lr, r11, r7\n"
            "smlawt r10, r4, r10, r6\n"
            "smlawt r10, r5, lr, r10\n"
            "and r8, r7, r8, lsl #8\n"
            "smlawb r12, r5, lr, r12\n"
            "and r11, r7, r11, lsl #8\n"
            "smlawt lr, r4, r8, r6\n"
            "ssat r10, #8, r10, asr #21\n"
            "smlawt lr, r5, r11, lr\n"
            "ssat r12, #8, r12, asr #21\n"
            "strb r10, [r2, #3]\n"
            "and r10, r7, r9, lsl #8\n"
            "smlawb r8, r4, r8, r6\n"
            "ssat lr, #8, lr, asr #21\n"
            "smlawb r8, r5, r11, r8\n"
            "and r9, r9, r7\n"
            "strb lr, [r2, #2]\n"
            "smlawt r11, r4, r9, r6\n"
            "ldr lr, [r1, #4]\n"
            "strb r12, [r2, #1]\n"
            "and r12, lr, r7\n"
            "smlawb r9, r4, r9, r6\n"
            "ssat r8, #8, r8, asr #21\n"
            "smlawb r9, r5, r12, r9\n"
            "strb r8, [r2]\n"
            "smlawb r8, r4, r10, r6\n"
            "and lr, r7, lr, lsl #8\n"
            "smlawt r11, r5, r12, r11\n"
            "ldr r12, [r1, #8]\n"
            "smlawt r10, r4, r10, r6\n"
            "ssat r9, #8, r9, asr #21\n"
            "smlawt r10, r5, lr, r10\n"
            "ssat r11, #8, r11, asr #21\n"
            "smlawb r8, r5, lr, r8\n"
            "ldr lr, [r0, #8]\n"
            "strb r11, [r2, #7]\n"
            "and r11, lr, r7\n"
            "strb r9, [r2, #5]\n"
            "ssat r8, #8, r8, asr #21\n"
            "smlawt r9, r4, r11, r6\n"
            "ssat r10, #8, r10, asr #21\n"
            "strb r8, [r2, #4]\n"
            "and r8, r12, r7\n"
            "smlawb r11, r4, r11, r6\n"
            "and lr, r7, lr, lsl #8\n"
            "smlawb r11, r5, r8, r11\n"
            "and r12, r7, r12, lsl #8\n"
            "smlawt r8, r5, r8, r9\n"
            "strb r10, [r2, #6]\n"
            "smlawt r9, r4, lr, r6\n"
            "ldr r10, [r0, #12]\n"
            "smlawt r9, r5, r12, r9\n"
            "ssat r11, #8, r11, asr #21\n"
            "smlawb lr, r4, lr, r6\n"
            "ssat r8, #8, r8, asr #21\n"
            "strb r11, [r2, #9]\n"
            "ssat r9, #8, r9, asr #21\n"
            "strb r8, [r2, #11]\n"
            "smlawb r8, r5, r12, lr\n"
            "and r11, r7, r10, lsl #8\n"
            "strb r9, [r2, #10]\n"
            "ldr r9, [r1, #12]\n"
            "smlawb r12, r4, r11, r6\n"
            "and lr, r7, r9, lsl #8\n"
            "smlawt r11, r4, r11, r6\n"
            "smlawb r12, r5, lr, r12\n"
            "and r10, r10, r7\n"
            "smlawt r11, r5, lr, r11\n"
            "and r9, r9, r7\n"
            "smlawb lr, r4, r10, r6\n"
            "ssat r12, #8, r12, asr #21\n"
            "smlawt r10, r4, r10, r6\n"
            "strb r12, [r2, #12]\n"
            "smlawt r10, r5, r9, r10\n"
            "ssat r8, #8, r8, asr #21\n"
            "smlawb r9, r5, r9, lr\n"
            "ssat r11, #8, r11, asr #21\n"
            "strb r8, [r2, #8]\n"
            "ssat r8, #8, r10, asr #21\n"
            "strb r11, [r2, #14]\n"
            "ssat r9, #8, r9, asr #21\n"
            "strb r8, [r2, #15]\n"
            "strb r9, [r2, #13]\n"
            "adds r0, #16\n"
            "adds r1, #16\n"
            "adds r2, #16\n"
            "subs r3, #1\n"
            "bne 1b\n"
            "pop {r4-r11, pc}\n");
}

/* Returns how many elements are done. */
static ai_i32 most(const nn_elementwise_integers_shape *shape, const ai_i8 *first,
                   const ai_i8 *second, ai_i8 *output) {
    if (shape->size >= 16) {
        sixteens(first, second, output, shape->size / 16, shape);
    }
    return shape->size / 16 * 16;
}

#else

static ai_i32 most(const nn_elementwise_integers_shape *shape, const ai_i8 *first,
                   const ai_i8 *second, ai_i8 *output) {
    (void)shape;
    (void)first;
    (void)second;
    (void)output;
    return 0;
}

#endif

void nn_elementwise_integers(const nn_elementwise_integers_shape *shape, const ai_i8 *first,
                             const ai_i8 *second, ai_i8 *output) {
    for (ai_i32 i = most(shape, first, second, output); i < shape->size; i++) {
        output[i] = of_bytes(shape, first[i], second[i]);
    }
    nn_clamp(output, shape->size, shape->low, shape->high);
}
