/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_float_weights.h"

#include "nn_requantize.h"

void nn_float_weights(const nn_float_weights_shape *shape, const ai_i8 *input, ai_i8 *output,
                      const ai_float *weights, const ai_float *bias) {
    for (ai_u32 o = 0; o < shape->outputs; o++) {
        ai_float sum = 0.0f;
        for (ai_u32 i = 0; i < shape->inputs; i++) {
            const ai_float x = (ai_float)((ai_i32)input[i] - shape->zero_point);
            sum += nn_rounded(x * *weights++);
        }
        sum = nn_rounded(sum * shape->scale) + bias[o];
        memcpy(output + 4 * o, &sum, 4); /* callers' memory may lie anywhere */
    }
}
