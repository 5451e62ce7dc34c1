/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_FULLY_CONNECTED_H
#define NN_FULLY_CONNECTED_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

typedef struct {
    ai_u32 inputs;
    ai_u32 outputs;
    ai_i32 zero_point; /* of the output */
    ai_i32 low;        /* smallest output byte; the zero point when a ReLU is fused */
    ai_i32 high;
} nn_fully_connected_shape;

/* output[o] = clamp(rint((bias[o] + sum(weights[o][i] * input[i])) * multipliers[o]) + zero point)
 * with the input's zero point folded into `bias`; docs/numerics.md, "Fully connected". */
void nn_fully_connected(const nn_fully_connected_shape *shape, const ai_i8 *input, ai_i8 *output,
                        const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers);

/* The same with biases of 64 bits, two words each, low then high: a row whose weights are nearly
 * zero has a tiny scale and a bias that leaves 32 bits. The sums of products never do. */
void nn_fully_connected_wide(const nn_fully_connected_shape *shape, const ai_i8 *input,
                             ai_i8 *output, const ai_i8 *weights, const ai_i32 *bias,
                             const ai_float *multipliers);

AI_API_DECLARE_END

#endif /* NN_FULLY_CONNECTED_H */
