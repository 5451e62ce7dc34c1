/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_ELEMENTWISE_H
#define NN_ELEMENTWISE_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* An axis of the output, the slowest first; strides are elements of the operands, 0 where one of
 * them is repeated. */
typedef struct {
    ai_u32 size;
    ai_u32 first_stride;
    ai_u32 second_stride;
} nn_elementwise_axis;

typedef struct {
    const nn_elementwise_axis *axes;
    ai_u32 rank;
    ai_float first_scale;
    ai_float second_scale;
    ai_i32 first_zero_point;
    ai_i32 second_zero_point;
    ai_float output_scale;
    ai_i32 output_zero_point;
    ai_i32 low; /* smallest output byte; the zero point when a ReLU is fused */
    ai_i32 high;
    ai_i32 constant_first; /* the constant is the first operand */
} nn_elementwise_shape;

/* output[i] = clamp(rint(f(a, b) / scale) + zero point), where an operand stands for (byte - zero
 * point) * scale; each step in float32: docs/numerics.md, "Two values". Float32 numbers, of a
 * constant or of a layer before, take the place of `second` where there are some. The output may be
 * the bytes of an operand that is not repeated.
 */
void nn_elementwise_add(const nn_elementwise_shape *shape, const ai_i8 *first, const ai_i8 *second,
                        const ai_float *constant, ai_i8 *output);
void nn_elementwise_sub(const nn_elementwise_shape *shape, const ai_i8 *first, const ai_i8 *second,
                        const ai_float *constant, ai_i8 *output);
void nn_elementwise_mul(const nn_elementwise_shape *shape, const ai_i8 *first, const ai_i8 *second,
                        const ai_float *constant, ai_i8 *output);
/* x / 0 is infinite and saturates; 0 / 0 is 0. */
void nn_elementwise_div(const nn_elementwise_shape *shape, const ai_i8 *first, const ai_i8 *second,
                        const ai_float *constant, ai_i8 *output);
void nn_elementwise_min(const nn_elementwise_shape *shape, const ai_i8 *first, const ai_i8 *second,
                        const ai_float *constant, ai_i8 *output);
void nn_elementwise_max(const nn_elementwise_shape *shape, const ai_i8 *first, const ai_i8 *second,
                        const ai_float *constant, ai_i8 *output);
/* x below 0 times the slope, which is the second operand. */
void nn_elementwise_prelu(const nn_elementwise_shape *shape, const ai_i8 *first,
                          const ai_i8 *second, const ai_float *constant, ai_i8 *output);

AI_API_DECLARE_END

#endif /* NN_ELEMENTWISE_H */
