/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_FULLY_CONNECTED_H
#define NN_FULLY_CONNECTED_H

#include "nn_sums.h"

AI_API_DECLARE_BEGIN

typedef struct {
    ai_u32 inputs;
    ai_u32 outputs;
    nn_sums sums;
} nn_fully_connected_shape;

/* output[o] = clamp(rint((bias[o] + sum(weights[o][i] * input[i])) * multipliers[o]) + zero point)
 * with the input's zero point folded into `bias`; docs/numerics.md, "Fully connected". */
void nn_fully_connected(const nn_fully_connected_shape *shape, const ai_i8 *input, ai_i8 *output,
                        const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers);

/* The same for what `sums` can say beyond a zero point and a clamp, and for weights with a zero
 * point for each output (NULL: none). The input's zero point is folded into `bias`, too. */
void nn_fully_connected_any(const nn_fully_connected_shape *shape, const ai_i8 *input,
                            ai_i8 *output, const ai_i8 *weights, const ai_i32 *bias,
                            const ai_float *multipliers, const ai_i8 *zero_points);

AI_API_DECLARE_END

#endif /* NN_FULLY_CONNECTED_H */
