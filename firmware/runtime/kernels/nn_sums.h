/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_SUMS_H
#define NN_SUMS_H

#include "nn_requantize.h"

/* What becomes of a sum of products: docs/numerics.md, "Requantization". */
typedef struct {
    ai_i32 zero_point; /* of the output */
    ai_i32 low;        /* smallest output byte; the zero point when a ReLU is fused */
    ai_i32 high;
    ai_i32 fraction; /* bits of the biases behind the point */
    ai_i32 wide;     /* biases have 64 bits: two words each, low then high */
    ai_i32 real;     /* the output is float32, not bytes */
} nn_sums;

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

/* Bias and products together, in steps of the output. A bias of 64 bits is of a row whose weights
 * are nearly zero, or has a fraction that 32 bits do not hold; sums of products never need them. */
static inline ai_float nn_scaled(const nn_sums *sums, ai_i32 products, const ai_i32 *bias,
                                 ai_u32 row, ai_float multiplier) {
    const ai_i32 unit = (ai_i32)1 << sums->fraction;
    if (sums->wide) {
        const ai_i64 high = (ai_i64)bias[2 * row + 1] * 4294967296;
        const ai_i64 whole = high + (ai_i64)(ai_u32)bias[2 * row];
        return nn_to_float(whole + (ai_i64)products * unit) * multiplier;
    }
    return (ai_float)(bias[row] + products * unit) * multiplier;
}

/* output[at] = products, bias and multiplier of output channel `row`, requantized or as float32. */
static inline void nn_finish(const nn_sums *sums, ai_i32 products, const ai_i32 *bias, ai_u32 row,
                             const ai_float *multipliers, ai_i8 *output, ai_u32 at) {
    const ai_float scaled = nn_scaled(sums, products, bias, row, multipliers[row]);
    if (sums->real) {
        memcpy(output + 4 * at, &scaled, 4); /* callers' memory may lie anywhere */
    } else {
        output[at] = nn_saturate(scaled, sums->zero_point, sums->low, sums->high);
    }
}

/* Whether neither fraction nor width nor the output asks for more than `nn_requantize`. */
static inline bool nn_plain(const nn_sums *sums) {
    return sums->fraction == 0 && sums->wide == 0 && sums->real == 0;
}

#endif /* NN_SUMS_H */
