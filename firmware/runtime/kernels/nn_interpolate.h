/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_INTERPOLATE_H
#define NN_INTERPOLATE_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* Images are [height][width][channels]. */
typedef struct {
    ai_i32 height;
    ai_i32 width;
    ai_i32 channels;
    ai_i32 output_height;
    ai_i32 output_width;
    ai_i32 whole_rows; /* what the two parts of a row sum up to */
    ai_i32 whole_columns;
    ai_i32 input_zero_point;
    ai_i32 zero_point; /* of the output */
    ai_float multiplier;
    ai_i32 low; /* smallest output byte */
    ai_i32 high;
} nn_interpolate_shape;

/* An image of another size, docs/numerics.md, "Interpolation": `rows` and `columns` hold (first
 * neighbour, part of the one behind it) of each new row and column. */
void nn_interpolate(const nn_interpolate_shape *shape, const ai_i8 *input, ai_i8 *output,
                    const ai_i32 *rows, const ai_i32 *columns);

AI_API_DECLARE_END

#endif /* NN_INTERPOLATE_H */
