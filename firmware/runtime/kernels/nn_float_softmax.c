/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_float_softmax.h"

#include "nn_requantize.h"
#include "nn_softmax_share.h"

#define LAST_DISTANCE 65535.0f

/* exp(value - largest) with 20 fraction bits. */
static ai_u64 exponential(ai_float value, ai_float largest, const ai_u32 *tables) {
    /* Of the largest itself 0, also where it is infinite. */
    const ai_float apart = value < largest ? nn_rounded(largest - value) * 4096.0f : 0.0f;
    const ai_u32 distance = (ai_u32)nn_rint(apart < LAST_DISTANCE ? apart : LAST_DISTANCE);
    const ai_u64 product = (ai_u64)tables[distance >> 8] * tables[256u + (distance & 255u)];
    return (product + ((ai_u64)1 << 27)) >> 28;
}

static void one(ai_u32 size, ai_u32 stride, ai_u32 steps, ai_i32 zero_point, const ai_float *input,
                ai_i8 *output, const ai_u32 *tables) {
    ai_float largest = input[0];
    for (ai_u32 i = 1; i < size; i++) {
        largest = input[i * stride] > largest ? input[i * stride] : largest;
    }
    ai_u64 sum = 0u;
    for (ai_u32 i = 0; i < size; i++) {
        sum += exponential(input[i * stride], largest, tables);
    }
    for (ai_u32 i = 0; i < size; i++) {
        const ai_u64 mine = exponential(input[i * stride], largest, tables);
        output[i * stride] = nn_softmax_share(mine, sum, steps, zero_point);
    }
}

void nn_float_softmax(ai_u32 outer, ai_u32 size, ai_u32 inner, ai_u32 steps, ai_i32 zero_point,
                      const ai_float *input, ai_i8 *output, const ai_u32 *tables) {
    for (ai_u32 i = 0; i < outer; i++) {
        for (ai_u32 j = 0; j < inner; j++) {
            const ai_u32 first = i * size * inner + j;
            one(size, inner, steps, zero_point, input + first, output + first, tables);
        }
    }
}
