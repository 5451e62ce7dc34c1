/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_affine.h"

#include "nn_requantize.h"

void nn_affine(const nn_affine_shape *shape, const ai_i8 *input, ai_i8 *output,
               const ai_float *factors, const ai_float *offsets) {
    const ai_float divisor = nn_rounded(shape->output_scale);
    for (ai_u32 i = 0; i < shape->outer; i++) {
        for (ai_u32 channel = 0; channel < shape->channels; channel++) {
            for (ai_u32 j = 0; j < shape->inner; j++) {
                const ai_i32 shifted = (ai_i32)*input++ - shape->input_zero_point;
                const ai_float real = nn_rounded((ai_float)shifted * shape->input_scale);
                const ai_float scaled = nn_rounded(real * factors[channel]);
                const ai_float result = nn_rounded(scaled + offsets[channel]) / divisor;
                *output++ = nn_saturate(result, shape->output_zero_point, shape->low, shape->high);
            }
        }
    }
}
