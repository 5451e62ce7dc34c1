/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_CONV_H
#define NN_CONV_H

#include "nn_sums.h"

AI_API_DECLARE_BEGIN

/* Images are [height][width][channels]. */
typedef struct {
    ai_i32 height;
    ai_i32 width;
    ai_i32 channels;
    ai_i32 output_height;
    ai_i32 output_width;
    ai_i32 filters; /* channels of the output */
    ai_i32 groups;
    ai_i32 kernel_height;
    ai_i32 kernel_width;
    ai_i32 stride_y;
    ai_i32 stride_x;
    ai_i32 dilation_y;
    ai_i32 dilation_x;
    ai_i32 pad_top;
    ai_i32 pad_left;
    ai_i32 input_zero_point;
    ai_i32 band; /* rows of output for which nn_depthwise_planes prepares its input at once */
    nn_sums sums;
} nn_conv_shape;

/* output = clamp(rint((bias + sum(weights * (input - input zero point))) * multiplier) + zero
 * point); what lies outside the image is real 0 and adds nothing: docs/numerics.md, "Convolution".
 * Of each group, weights are [filters / 4][kernel height][kernel width][channels / groups][4], then
 * those of the one to three filters that are left, [kernel height][kernel width][channels / groups]
 * each. With a zero point for each filter (NULL: none) no four filters lie together. */
void nn_conv(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output, const ai_i8 *weights,
             const ai_i32 *bias, const ai_float *multipliers, const ai_i8 *zero_points);

/* The same for groups of one channel. Weights are [kernel height][kernel width][filters]. */
void nn_depthwise(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                  const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers,
                  const ai_i8 *zero_points);

/* A transposed convolution: input pixel (y, x) adds to output pixels (y * stride - pad + k *
 * dilation, …). Weights are [filters][kernel height][kernel width][channels / groups]. */
void nn_conv_transpose(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                       const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers,
                       const ai_i8 *zero_points);

AI_API_DECLARE_END

#endif /* NN_CONV_H */
