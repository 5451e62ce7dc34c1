/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_WIDE_H
#define NN_WIDE_H

#include "nn_requantize.h"

/* The nearest float32, half to even, without a library that may compute in double precision. What
 * is shifted out stays as one sticky bit, so that float32 rounds once, and what the sum was. */
static inline ai_float nn_to_float(ai_i64 sum) {
    ai_u64 magnitude = sum < 0 ? (ai_u64)-sum : (ai_u64)sum;
    ai_float unit = sum < 0 ? -1.0f : 1.0f;
    while (magnitude > 0x7FFFFFFFu) {
        magnitude = (magnitude >> 1) | (magnitude & 1u);
        unit *= 2.0f;
    }
    return (ai_float)(ai_i32)magnitude * unit;
}

/* A sum of products with a bias of 64 bits, two words, low then high: a row whose weights are
 * nearly zero has a tiny scale and a bias that leaves 32 bits. The sums of products never do. */
static inline ai_i8 nn_requantize_wide(ai_i32 sum, const ai_i32 bias[2], ai_float multiplier,
                                       ai_i32 zero_point, ai_i32 low, ai_i32 high) {
    const ai_i64 accumulator = (ai_i64)bias[1] * 4294967296 + (ai_i64)(ai_u32)bias[0] + sum;
    return nn_saturate(nn_to_float(accumulator) * multiplier, zero_point, low, high);
}

#endif /* NN_WIDE_H */
