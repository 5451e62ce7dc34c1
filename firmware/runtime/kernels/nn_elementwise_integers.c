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

/* Four outputs: bytes times 256 in halves, which SMLAW multiplies by a factor, without the 16
 * lowest bits. */
#define FOUR(at)                                                                                   \
    "ldr r8, [r0, #" at "]\n"                                                                      \
    "ldr r9, [r1, #" at "]\n"                                                                      \
    "and r10, r7, r8, lsl #8\n"                                                                    \
    "and r8, r8, r7\n"                                                                             \
    "and r11, r7, r9, lsl #8\n"                                                                    \
    "smlawb r12, r4, r10, r6\n"                                                                    \
    "and r9, r9, r7\n"                                                                             \
    "smlawt r10, r4, r10, r6\n"                                                                    \
    "smlawb r12, r5, r11, r12\n"                                                                   \
    "smlawt r10, r5, r11, r10\n"                                                                   \
    "smlawb lr, r4, r8, r6\n"                                                                      \
    "smlawt r8, r4, r8, r6\n"                                                                      \
    "ssat r12, #8, r12, asr #21\n"                                                                 \
    "smlawb lr, r5, r9, lr\n"                                                                      \
    "ssat r10, #8, r10, asr #21\n"                                                                 \
    "smlawt r8, r5, r9, r8\n"                                                                      \
    "ssat lr, #8, lr, asr #21\n"                                                                   \
    "bfi r12, lr, #8, #8\n"                                                                        \
    "ssat r8, #8, r8, asr #21\n"                                                                   \
    "bfi r10, r8, #8, #8\n"                                                                        \
    "pkhbt r12, r12, r10, lsl #16\n"                                                               \
    "str r12, [r2, #" at "]\n"

#define SIXTEEN FOUR("0") FOUR("4") FOUR("8") FOUR("12")

/* Sixteen elements a turn. */
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
            "1:\n" SIXTEEN "adds r0, #16\n"
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
