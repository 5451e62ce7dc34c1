/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_ELEMENTWISE_H
#define NN_ELEMENTWISE_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

typedef struct {
    ai_u32 size;
    ai_float first_scale;
    ai_float second_scale;
    ai_i32 first_zero_point;
    ai_i32 second_zero_point;
    ai_float output_scale;
    ai_i32 output_zero_point;
    ai_i32 low; /* smallest output byte; the zero point when a ReLU is fused */
    ai_i32 high;
} nn_elementwise_shape;

/* output[i] = clamp(rint((first[i] + second[i]) / scale) + zero point), where an input stands for
 * (byte - zero point) * scale; each step in float32: docs/numerics.md, "Add of two values". The
 * output may be the bytes of either input. */
void nn_elementwise_add(const nn_elementwise_shape *shape, const ai_i8 *first, const ai_i8 *second,
                        ai_i8 *output);

AI_API_DECLARE_END

#endif /* NN_ELEMENTWISE_H */
