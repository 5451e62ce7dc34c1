/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_add.h"

#include "nn_requantize.h"

/* docs/numerics.md: no fused multiply-add, whatever the flags of the program this is part of. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

void nn_add(const nn_add_shape *shape, const ai_i8 *input, ai_i8 *output, const ai_float *addend) {
    for (ai_u32 i = 0; i < shape->size; i++) {
        const ai_float real =
            (ai_float)((ai_i32)input[i] - shape->input_zero_point) * shape->input_scale;
        const ai_float scaled = (real + addend[i]) / shape->output_scale;
        output[i] = nn_saturate(scaled, shape->output_zero_point, shape->low, shape->high);
    }
}
