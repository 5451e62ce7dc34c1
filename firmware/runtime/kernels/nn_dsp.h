/* SPDX-License-Identifier: Apache-2.0
 *
 * The instructions for two 16-bit values in a word that packed kernels use, and the same in C for
 * every other processor. Source: Arm, Armv7-M Architecture Reference Manual, A7.7, "SMLAD" and
 * "SXTB16".
 */
#ifndef NN_DSP_H
#define NN_DSP_H

#include <string.h>

#include "ai_platform.h"

/* Four bytes from anywhere, the first one lowest: Cortex-M and the development machines are little
 * endian. */
static inline ai_u32 nn_word(const void *bytes) {
    ai_u32 word;
    memcpy(&word, bytes, 4);
    return word;
}

/* Whether `nn_larger` is there: an Arm core without the instructions compares bytes as they are. */
#if (defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP) || !defined(__arm__)
#define NN_LARGER 1
#else
#define NN_LARGER 0
#endif

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP

/* The larger one of each two bytes. */
static inline ai_u32 nn_larger(ai_u32 a, ai_u32 b) {
    ai_u32 larger;
    __asm__("ssub8 %0, %1, %2\n"
            "sel %0, %1, %2"
            : "=&r"(larger)
            : "r"(a), "r"(b)
            : "cc");
    return larger;
}

/* Bytes 0 and 2 of a word, sign-extended to its halves. */
static inline ai_u32 nn_even(ai_u32 word) {
    ai_u32 halves;
    __asm__("sxtb16 %0, %1" : "=r"(halves) : "r"(word));
    return halves;
}

/* Bytes 1 and 3. */
static inline ai_u32 nn_odd(ai_u32 word) {
    ai_u32 halves;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(halves) : "r"(word));
    return halves;
}

/* Each half of sums + bytes 0 and 2 of a word, with their signs, and NN_MORE; a half's sum must not
 * leave 16 bits. */
#define NN_MORE 0
static inline ai_u32 nn_add_even(ai_u32 sums, ai_u32 word) {
    ai_u32 more;
    __asm__("sxtab16 %0, %1, %2" : "=r"(more) : "r"(sums), "r"(word));
    return more;
}

/* Bytes 1 and 3. */
static inline ai_u32 nn_add_odd(ai_u32 sums, ai_u32 word) {
    ai_u32 more;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(more) : "r"(sums), "r"(word));
    return more;
}

/* A half of such sums. */
static inline ai_i32 nn_sum_of_half(ai_u32 half) {
    ai_i32 sum;
    __asm__("sxth %0, %1" : "=r"(sum) : "r"(half));
    return sum;
}

/* (low half of a, low half of b), and the high ones. */
static inline ai_u32 nn_low_halves(ai_u32 a, ai_u32 b) {
    ai_u32 halves;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(halves) : "r"(a), "r"(b));
    return halves;
}

static inline ai_u32 nn_high_halves(ai_u32 a, ai_u32 b) {
    ai_u32 halves;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(halves) : "r"(b), "r"(a));
    return halves;
}

/* sum + both products of halves. */
static inline ai_i32 nn_two_products(ai_u32 a, ai_u32 b, ai_i32 sum) {
    ai_i32 result;
    __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

#else

static inline ai_i32 nn_signed(ai_u32 value, ai_u32 bit) {
    return (ai_i32)(value & (bit - 1u)) - (ai_i32)(value & bit);
}

#if NN_LARGER
static inline ai_u32 nn_larger(ai_u32 a, ai_u32 b) {
    ai_u32 larger = 0;
    for (ai_u32 shift = 0; shift < 32; shift += 8) {
        const ai_u32 one = ((a >> shift) ^ 0x80u) & 0xFFu;
        const ai_u32 two = ((b >> shift) ^ 0x80u) & 0xFFu;
        larger |= ((one > two ? one : two) ^ 0x80u) << shift;
    }
    return larger;
}
#endif

static inline ai_u32 nn_even(ai_u32 word) {
    const ai_u32 low = (ai_u32)nn_signed(word, 0x80u) & 0xFFFFu;
    return low | (ai_u32)nn_signed(word >> 16, 0x80u) << 16;
}

static inline ai_u32 nn_odd(ai_u32 word) {
    return nn_even(word >> 8);
}

/* Halves that are never below 0 carry nothing into one another. */
#define NN_MORE 128
static inline ai_u32 nn_add_even(ai_u32 sums, ai_u32 word) {
    return sums + ((word ^ 0x80808080u) & 0x00FF00FFu);
}

static inline ai_u32 nn_add_odd(ai_u32 sums, ai_u32 word) {
    return nn_add_even(sums, word >> 8);
}

static inline ai_i32 nn_sum_of_half(ai_u32 half) {
    return (ai_i32)(half & 0xFFFFu);
}

static inline ai_u32 nn_low_halves(ai_u32 a, ai_u32 b) {
    return (a & 0xFFFFu) | b << 16;
}

static inline ai_u32 nn_high_halves(ai_u32 a, ai_u32 b) {
    return a >> 16 | (b & 0xFFFF0000u);
}

static inline ai_i32 nn_two_products(ai_u32 a, ai_u32 b, ai_i32 sum) {
    return sum + nn_signed(a, 0x8000u) * nn_signed(b, 0x8000u) +
           nn_signed(a >> 16, 0x8000u) * nn_signed(b >> 16, 0x8000u);
}

#endif

/* sum + both halves of a word. */
static inline ai_i32 nn_add_halves(ai_u32 word, ai_i32 sum) {
    return nn_two_products(word, 0x00010001u, sum);
}

/* sum - both. */
static inline ai_i32 nn_subtract_halves(ai_u32 word, ai_i32 sum) {
    return nn_two_products(word, 0xFFFFFFFFu, sum);
}

#endif /* NN_DSP_H */
