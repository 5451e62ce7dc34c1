/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_CONV_ROWS_H
#define NN_CONV_ROWS_H

#include "nn_conv.h"

AI_API_DECLARE_BEGIN

/* Rows of an image as int16, each widened once for all windows that it is under: the last
 * kernel_height + stride_y of them, padding included. No dilation, one group. */
typedef struct {
    const nn_conv_shape *shape;
    ai_i32 steps;   /* of a window's row: two elements each, the last one's second may be beyond */
    ai_i32 rows;    /* in the ring */
    ai_i32 pitch;   /* words of a row */
    ai_i32 lead;    /* elements before the image's first one, an even number */
    ai_bool odd;    /* some windows begin at odd elements: rows of their own, one element on */
    ai_i32 widened; /* rows so far, counted from the first row of padding */
    ai_u32 *ring;
    ai_u32 *shifted;
    ai_i32 *sums;    /* [rows][output_width]: of the elements of a window's row */
    ai_i32 *down;    /* [2][output_width]: of a window's elements, in two rows of output */
    ai_i32 reach;    /* columns under any window */
    ai_i32 *columns; /* [reach]: of the elements of a column; NULL where columns are no words */
} nn_conv_rows;

/* Where the windows of an output pixel are. */
typedef struct {
    ai_i32 y;
    ai_i32 x;
} nn_conv_pixel;

/* scratch: rows * (pitch or 2 * pitch) + (rows + 2) * output_width words, and reach more for an
 * even number of channels. */
nn_conv_rows nn_conv_rows_of(const nn_conv_shape *shape, ai_u32 *scratch);

/* Widens what the windows of two pixels need; the second one is at most a row below. */
void nn_conv_rows_until(nn_conv_rows *rows, const ai_i8 *image, ai_i32 y);

/* Both windows' steps in turn to wide[kernel_height * steps][2]; sums: of each one's elements. */
void nn_conv_rows_load(const nn_conv_rows *rows, const nn_conv_pixel pixels[2], ai_u32 *wide,
                       ai_i32 sums[2]);

AI_API_DECLARE_END

#endif /* NN_CONV_ROWS_H */
