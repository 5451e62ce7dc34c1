/* SPDX-License-Identifier: Apache-2.0
 *
 * Two layers in one pass over rows: of the tensor between them only the rows that the second one's
 * windows need stand in a strip of memory.
 */
#ifndef NN_ROWS_H
#define NN_ROWS_H

#include "nn_conv.h"
#include "nn_pool.h"
#include "nn_window.h"

AI_API_DECLARE_BEGIN

typedef struct {
    ai_i8 *bytes;
    ai_i32 row; /* bytes of a row */
    nn_span rows;
} nn_strip;

/* Rows of a convolution's or a pool's input that `count` rows of its output from `y` on need. */
nn_span nn_rows_under_conv(const nn_conv_shape *shape, ai_i32 y, ai_i32 count);
nn_span nn_rows_under_pool(const nn_pool_shape *shape, ai_i32 y, ai_i32 count);

/* The shape that makes these rows of output from an image of the rows `rows` alone. */
nn_conv_shape nn_rows_of_conv(const nn_conv_shape *shape, ai_i32 y, ai_i32 count, nn_span rows);
nn_pool_shape nn_rows_of_pool(const nn_pool_shape *shape, ai_i32 y, ai_i32 count, nn_span rows);

/* Forget what lies above `needed`, move the rest to the strip's begin, and take those rows for
 * there that are yet to be made; returns these. */
nn_span nn_rows_missing(nn_strip *strip, nn_span needed);

/* Where a row of the strip begins. */
static inline ai_i8 *nn_rows_at(const nn_strip *strip, ai_i32 row) {
    return strip->bytes + (row - strip->rows.first) * strip->row;
}

/* One input of images joined along their channels, its pixels repeated. */
typedef struct {
    ai_i32 width; /* pixels of a row, before they are repeated */
    ai_i32 channels;
    ai_i32 down; /* how often each row stands, and each pixel of it */
    ai_i32 along;
} nn_joined;

/* Rows of such an input, where they lie among the others' channels, `pixel` bytes from one pixel to
 * the next; through a table of 256 bytes unless it is NULL. */
void nn_join_rows(const nn_joined *joined, const ai_i8 *input, const ai_i8 *table, nn_span rows,
                  ai_i8 *output, ai_i32 pixel);

AI_API_DECLARE_END

#endif /* NN_ROWS_H */
