/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_FLOAT_WEIGHTS_H
#define NN_FLOAT_WEIGHTS_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

typedef struct {
    ai_u32 inputs;
    ai_u32 outputs;
    ai_i32 zero_point; /* of the input */
    ai_float scale;    /* of the input */
} nn_float_weights_shape;

/* output[o] = float32 number o: scale * sum(weights[o][i] * (input[i] - zero point)) + bias[o],
 * each product and each sum rounded, in the order of i. `output` may lie anywhere. */
void nn_float_weights(const nn_float_weights_shape *shape, const ai_i8 *input, ai_i8 *output,
                      const ai_float *weights, const ai_float *bias);

AI_API_DECLARE_END

#endif /* NN_FLOAT_WEIGHTS_H */
