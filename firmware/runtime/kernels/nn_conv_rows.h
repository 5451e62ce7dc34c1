/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_CONV_ROWS_H
#define NN_CONV_ROWS_H

#include "nn_conv.h"

AI_API_DECLARE_BEGIN

/* Rows of an image as int16, each widened once for all windows that it is under: those under the
 * windows of a row of output, the first one first, padding included. No dilation, one group. A row
 * has its elements, behind them the same ones one element on where some windows begin at odd ones,
 * and the sums of the elements of the window's row at each x. */
typedef struct {
    const nn_conv_shape *shape;
    ai_i32 steps;    /* of a window's row: two elements each, the last one's second may be beyond */
    ai_i32 pitch;    /* words from a row to the next one */
    ai_i32 size;     /* words of a row's elements */
    ai_i32 lead;     /* elements before the image's first one, an even number */
    ai_i32 straight; /* words of a row before its elements */
    ai_i32 shifted;  /* before those one element on; -1: there are none */
    ai_i32 sums;     /* before the sums */
    ai_i32 reach;    /* columns under any window */
    ai_i32 top;      /* which row is the first one, counted from the first row of padding */
    ai_i32 end;      /* and which would follow the last one */
    ai_u32 *words;
    ai_u32 *padded;  /* up to here every row has its padding left and right */
    ai_i32 *columns; /* [reach]: of the elements of a column; NULL where columns are no words */
} nn_conv_rows;

/* scratch: kernel_height * pitch words, stride_y * pitch more for rows of the next row's windows,
 * and reach more for an even number of channels. codegen/kernels/conv/quads.py counts them.
 *
 * count: rows that scratch has bytes for. */
nn_conv_rows nn_conv_rows_of(const nn_conv_shape *shape, ai_i32 count, ai_u32 *scratch);

/* Has the rows under the windows of row y, and of `more` rows behind it. */
void nn_conv_rows_under(nn_conv_rows *rows, const ai_i8 *image, ai_i32 y, ai_i32 more);

/* Where the windows of column x begin in a row. */
ai_i32 nn_conv_rows_begin(const nn_conv_rows *rows, ai_i32 x);

AI_API_DECLARE_END

#endif /* NN_CONV_ROWS_H */
