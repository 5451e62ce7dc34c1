/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_elementwise.h"

#include "nn_requantize.h"

void nn_elementwise_add(const nn_elementwise_shape *shape, const ai_i8 *first, const ai_i8 *second,
                        ai_i8 *output) {
    for (ai_u32 i = 0; i < shape->size; i++) {
        const ai_float a =
            (ai_float)((ai_i32)first[i] - shape->first_zero_point) * shape->first_scale;
        const ai_float b =
            (ai_float)((ai_i32)second[i] - shape->second_zero_point) * shape->second_scale;
        /* docs/numerics.md: each step is rounded, whatever the flags of the program around. */
        const ai_float sum = nn_rounded(a) + nn_rounded(b);
        const ai_float scaled = nn_rounded(sum) / nn_rounded(shape->output_scale);
        output[i] = nn_saturate(scaled, shape->output_zero_point, shape->low, shape->high);
    }
}
