/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_log_softmax.h"

#define EXPONENTIAL_BITS 20
#define LOGARITHM_BITS 20
#define UNIT_BITS 44
#define DISTANCE_BITS 16

/* log2(total / 2^20) with 20 fraction bits; total is 2^20 to 2^31. Squaring a number doubles its
 * logarithm, whose next bit is whether that reaches 2. */
static ai_u64 binary_logarithm(ai_u64 total) {
    ai_u32 whole = EXPONENTIAL_BITS;
    while (total >> (whole + 1u) != 0u) {
        whole++;
    }
    ai_u64 mantissa = total << (31u - whole);
    ai_u64 found = whole - EXPONENTIAL_BITS;
    for (ai_u32 i = 0; i < LOGARITHM_BITS; i++) {
        mantissa = (mantissa * mantissa) >> 31;
        const ai_u64 bit = mantissa >> 32;
        mantissa >>= bit;
        found = (found << 1) | bit;
    }
    return found;
}

static void one(ai_u32 size, ai_u32 stride, ai_u64 step, ai_i32 zero_point, const ai_i8 *input,
                ai_i8 *output, const ai_u32 *table, const ai_u32 *distances) {
    ai_i32 largest = -128;
    for (ai_u32 i = 0; i < size; i++) {
        largest = input[i * stride] > largest ? input[i * stride] : largest;
    }
    ai_u64 total = 0u;
    for (ai_u32 i = 0; i < size; i++) {
        total += table[largest - input[i * stride]];
    }
    const ai_u64 common = binary_logarithm(total) * step + (1ull << (UNIT_BITS - 1));
    for (ai_u32 i = 0; i < size; i++) {
        const ai_u64 distance = distances[largest - input[i * stride]];
        const ai_u64 below = ((distance << (UNIT_BITS - DISTANCE_BITS)) + common) >> UNIT_BITS;
        const ai_i32 value = zero_point - (ai_i32)below;
        output[i * stride] = (ai_i8)(value < -128 ? -128 : value);
    }
}

void nn_log_softmax(ai_u32 outer, ai_u32 size, ai_u32 inner, ai_u64 step, ai_i32 zero_point,
                    const ai_i8 *input, ai_i8 *output, const ai_u32 *table,
                    const ai_u32 *distances) {
    for (ai_u32 i = 0; i < outer; i++) {
        for (ai_u32 j = 0; j < inner; j++) {
            const ai_u32 first = i * size * inner + j;
            one(size, inner, step, zero_point, input + first, output + first, table, distances);
        }
    }
}
