/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_ADD_H
#define NN_ADD_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

typedef struct {
    ai_u32 size;
    ai_float input_scale;
    ai_i32 input_zero_point;
    ai_float output_scale;
    ai_i32 output_zero_point;
    ai_i32 low; /* smallest output byte; the zero point when a ReLU is fused */
    ai_i32 high;
} nn_add_shape;

/* output[i] = clamp(rint(((input[i] - zero point) * scale + addend[i]) / scale) + zero point), each
 * step in float32; docs/numerics.md, "Add". Input and output may be the same bytes. */
void nn_add(const nn_add_shape *shape, const ai_i8 *input, ai_i8 *output, const ai_float *addend);

AI_API_DECLARE_END

#endif /* NN_ADD_H */
