/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_POOL_H
#define NN_POOL_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* Images are [height][width][channels]. */
typedef struct {
    ai_i32 height;
    ai_i32 width;
    ai_i32 channels;
    ai_i32 output_height;
    ai_i32 output_width;
    ai_i32 kernel_height;
    ai_i32 kernel_width;
    ai_i32 stride_y;
    ai_i32 stride_x;
    ai_i32 dilation_y;
    ai_i32 dilation_x;
    ai_i32 pad_top;
    ai_i32 pad_left;
    ai_i32 pad_bottom;
    ai_i32 pad_right;
} nn_pool_shape;

/* The largest byte under the window; what lies outside the image does not count. */
void nn_max_pool(const nn_pool_shape *shape, const ai_i8 *input, ai_i8 *output);

typedef struct {
    ai_i32 input_zero_point;
    ai_i32 zero_point; /* of the output */
    ai_i32 low;
    ai_i32 high;
    ai_i32 padding_counts; /* cells in the padding count as zeros */
    ai_i32 counts_differ;  /* multipliers[n] is for n cells; else multipliers[0] for all */
} nn_average;

/* clamp(rint(sum(input - input zero point) * multiplier) + zero point), the multiplier that of the
 * number of cells that count: docs/numerics.md, "Average". */
void nn_average_pool(const nn_pool_shape *shape, const nn_average *average, const ai_i8 *input,
                     ai_i8 *output, const ai_float *multipliers);

AI_API_DECLARE_END

#endif /* NN_POOL_H */
