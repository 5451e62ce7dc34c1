/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_fully_connected.h"

#include "nn_requantize.h"

void nn_fully_connected(const nn_fully_connected_shape *shape, const ai_i8 *input, ai_i8 *output,
                        const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers) {
    const ai_i8 *row = weights;
    for (ai_u32 o = 0; o < shape->outputs; o++) {
        ai_i32 accumulator = bias[o];
        for (ai_u32 i = 0; i < shape->inputs; i++) {
            accumulator += (ai_i32)row[i] * (ai_i32)input[i];
        }
        output[o] =
            nn_requantize(accumulator, multipliers[o], shape->zero_point, shape->low, shape->high);
        row += shape->inputs;
    }
}

/* The nearest float32, half to even, without a library that may compute in double precision. What
 * is shifted out stays as one sticky bit, so that float32 rounds once, and what the sum was. */
static ai_float to_float(ai_i64 sum) {
    ai_u64 magnitude = sum < 0 ? (ai_u64)-sum : (ai_u64)sum;
    ai_float unit = sum < 0 ? -1.0f : 1.0f;
    while (magnitude > 0x7FFFFFFFu) {
        magnitude = (magnitude >> 1) | (magnitude & 1u);
        unit *= 2.0f;
    }
    return (ai_float)(ai_i32)magnitude * unit;
}

void nn_fully_connected_wide(const nn_fully_connected_shape *shape, const ai_i8 *input,
                             ai_i8 *output, const ai_i8 *weights, const ai_i32 *bias,
                             const ai_float *multipliers) {
    const ai_i8 *row = weights;
    for (ai_u32 o = 0; o < shape->outputs; o++) {
        ai_i32 sum = 0;
        for (ai_u32 i = 0; i < shape->inputs; i++) {
            sum += (ai_i32)row[i] * (ai_i32)input[i];
        }
        const ai_i64 low = (ai_i64)(ai_u32)bias[2 * o];
        const ai_i64 accumulator = (ai_i64)bias[2 * o + 1] * 4294967296 + low + sum;
        output[o] = nn_saturate(to_float(accumulator) * multipliers[o], shape->zero_point,
                                shape->low, shape->high);
        row += shape->inputs;
    }
}
