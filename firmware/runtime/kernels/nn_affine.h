/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_AFFINE_H
#define NN_AFFINE_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* Bytes are [outer][channels][inner]. */
typedef struct {
    ai_u32 outer;
    ai_u32 channels;
    ai_u32 inner;
    ai_float input_scale;
    ai_i32 input_zero_point;
    ai_float output_scale;
    ai_i32 output_zero_point;
    ai_i32 low; /* smallest output byte */
    ai_i32 high;
} nn_affine_shape;

/* clamp(rint(((input - zero point) * scale * factors[c] + offsets[c]) / output scale) + zero
 * point), each step in float32: docs/numerics.md, "Two values". Input and output may be the same
 * bytes. */
void nn_affine(const nn_affine_shape *shape, const ai_i8 *input, ai_i8 *output,
               const ai_float *factors, const ai_float *offsets);

AI_API_DECLARE_END

#endif /* NN_AFFINE_H */
