/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_add.h"

#include "nn_requantize.h"

void nn_add(const nn_add_shape *shape, const ai_i8 *input, ai_i8 *output, const ai_float *addend) {
    for (ai_u32 i = 0; i < shape->size; i++) {
        const ai_float real =
            (ai_float)((ai_i32)input[i] - shape->input_zero_point) * shape->input_scale;
        /* docs/numerics.md: each step is rounded, whatever the flags of the program around. */
        const ai_float sum = nn_rounded(real) + addend[i];
        const ai_float scaled = nn_rounded(sum) / nn_rounded(shape->output_scale);
        output[i] = nn_saturate(scaled, shape->output_zero_point, shape->low, shape->high);
    }
}
