/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_fully_connected.h"

void nn_fully_connected(const nn_fully_connected_shape *shape, const ai_i8 *input, ai_i8 *output,
                        const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers) {
    const ai_i8 *row = weights;
    for (ai_u32 o = 0; o < shape->outputs; o++) {
        ai_i32 accumulator = bias[o];
        for (ai_u32 i = 0; i < shape->inputs; i++) {
            accumulator += (ai_i32)row[i] * (ai_i32)input[i];
        }
        output[o] = nn_requantize(accumulator, multipliers[o], shape->sums.zero_point,
                                  shape->sums.low, shape->sums.high);
        row += shape->inputs;
    }
}

void nn_fully_connected_any(const nn_fully_connected_shape *shape, const ai_i8 *input,
                            ai_i8 *output, const ai_i8 *weights, const ai_i32 *bias,
                            const ai_float *multipliers, const ai_i8 *zero_points) {
    const ai_i8 *row = weights;
    for (ai_u32 o = 0; o < shape->outputs; o++) {
        const ai_i32 zero_point = zero_points == NULL ? 0 : zero_points[o];
        ai_i32 products = 0;
        for (ai_u32 i = 0; i < shape->inputs; i++) {
            products += ((ai_i32)row[i] - zero_point) * (ai_i32)input[i];
        }
        nn_finish(&shape->sums, products, bias, o, multipliers, output, o);
        row += shape->inputs;
    }
}
