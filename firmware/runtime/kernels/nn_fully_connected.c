/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_fully_connected.h"

#include "nn_wide.h"

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

void nn_fully_connected_wide(const nn_fully_connected_shape *shape, const ai_i8 *input,
                             ai_i8 *output, const ai_i8 *weights, const ai_i32 *bias,
                             const ai_float *multipliers) {
    const ai_i8 *row = weights;
    for (ai_u32 o = 0; o < shape->outputs; o++) {
        ai_i32 sum = 0;
        for (ai_u32 i = 0; i < shape->inputs; i++) {
            sum += (ai_i32)row[i] * (ai_i32)input[i];
        }
        output[o] = nn_requantize_wide(sum, &bias[2 * o], multipliers[o], shape->zero_point,
                                       shape->low, shape->high);
        row += shape->inputs;
    }
}
