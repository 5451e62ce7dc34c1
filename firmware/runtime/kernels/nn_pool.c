/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_pool.h"

#include "nn_dsp.h"
#include "nn_requantize.h"
#include "nn_window.h"

/* Cells of a window that lie inside the image, for one channel or four. */
typedef struct {
    const ai_i8 *first;
    ai_i32 rows;
    ai_i32 columns;
    ai_i32 down; /* bytes from a cell to the one below */
    ai_i32 right;
} cells;

static cells cells_of(const nn_pool_shape *shape, const ai_i8 *input, ai_i32 top, ai_i32 left,
                      nn_span rows, nn_span columns) {
    cells found;
    const ai_i32 y = top + rows.first * shape->dilation_y;
    const ai_i32 x = left + columns.first * shape->dilation_x;
    found.first = input + (y * shape->width + x) * shape->channels;
    found.rows = rows.end - rows.first;
    found.columns = columns.end - columns.first;
    found.down = shape->dilation_y * shape->width * shape->channels;
    found.right = shape->dilation_x * shape->channels;
    if (found.columns * found.right == found.down) {
        found.columns *= found.rows; /* whole rows: one after the other */
        found.rows = 1;
    }
    return found;
}

#if NN_LARGER

static inline ai_u32 largest_four(const cells *own, ai_i32 channel) {
    ai_u32 largest = 0x80808080u;
    const ai_i8 *row = own->first + channel;
    for (ai_i32 ky = own->rows; ky > 0; ky--) {
        const ai_i8 *cell = row;
        for (ai_i32 kx = own->columns; kx > 0; kx--) {
            largest = nn_larger(nn_word(cell), largest);
            cell += own->right;
        }
        row += own->down;
    }
    return largest;
}

static inline void put_four(ai_i8 *bytes, ai_u32 word) {
    memcpy(bytes, &word, 4);
}

/* The largest ones of four channels of 2 x 2 cells. */
static inline ai_u32 largest_of_2x2(const ai_i8 *cell, ai_i32 right, ai_i32 down) {
    const ai_i8 *below = cell + down;
    return nn_larger(nn_larger(nn_word(cell), nn_word(cell + right)),
                     nn_larger(nn_word(below), nn_word(below + right)));
}

/* A row of output whose windows are 2 x 2 cells inside the image, `hop` bytes apart, of at least
 * four channels. The last four may have channels of the ones before: both are read before either is
 * written, which may be where the image lies. */
static void row_of_2x2(const nn_pool_shape *shape, const ai_i8 *cell, ai_i8 *output) {
    const ai_i32 right = shape->channels;
    const ai_i32 down = shape->width * right;
    const ai_i32 hop = shape->stride_x * right;
    const ai_i32 end = right - 4;
    for (ai_i32 left = shape->output_width; left > 0; left--) {
        ai_i32 channel = 0;
        for (; channel + 4 < end; channel += 4) {
            put_four(output + channel, largest_of_2x2(cell + channel, right, down));
        }
        const ai_u32 largest = largest_of_2x2(cell + channel, right, down);
        if (channel < end) {
            put_four(output + end, largest_of_2x2(cell + end, right, down));
        }
        put_four(output + channel, largest);
        cell += hop;
        output += right;
    }
}

/* Whether all windows of a row are such, where its rows are inside. */
static bool of_2x2(const nn_pool_shape *shape) {
    return shape->kernel_height == 2 && shape->kernel_width == 2 && shape->dilation_y == 1 &&
           shape->dilation_x == 1 && shape->pad_left == 0 && shape->channels >= 4 &&
           (shape->output_width - 1) * shape->stride_x + 2 <= shape->width;
}

#endif

static ai_i8 largest_one(const cells *own, ai_i32 channel) {
    ai_i8 largest = -128;
    const ai_i8 *row = own->first + channel;
    for (ai_i32 ky = own->rows; ky > 0; ky--) {
        const ai_i8 *cell = row;
        for (ai_i32 kx = own->columns; kx > 0; kx--) {
            largest = *cell > largest ? *cell : largest;
            cell += own->right;
        }
        row += own->down;
    }
    return largest;
}

void nn_max_pool(const nn_pool_shape *shape, const ai_i8 *input, ai_i8 *output) {
    for (ai_i32 y = 0; y < shape->output_height; y++) {
        const ai_i32 top = y * shape->stride_y - shape->pad_top;
        const nn_span rows =
            nn_inside(top, shape->kernel_height, shape->dilation_y, 0, shape->height);
#if NN_LARGER
        if (of_2x2(shape) && rows.end - rows.first == 2) {
            row_of_2x2(shape, input + top * shape->width * shape->channels, output);
            output += shape->output_width * shape->channels;
            continue;
        }
#endif
        for (ai_i32 x = 0; x < shape->output_width; x++) {
            const ai_i32 left = x * shape->stride_x - shape->pad_left;
            const nn_span columns =
                nn_inside(left, shape->kernel_width, shape->dilation_x, 0, shape->width);
            const cells own = cells_of(shape, input, top, left, rows, columns);
            ai_i32 channel = 0;
#if NN_LARGER
            for (; shape->channels - channel >= 8; channel += 4) {
                put_four(output + channel, largest_four(&own, channel));
            }
            if (shape->channels >= 4) {
                /* The last four may have channels of the ones before: both are read before either
                 * is written, which may be where the image lies. */
                const ai_i32 end = shape->channels - 4;
                const ai_u32 largest = largest_four(&own, channel);
                if (end != channel) {
                    put_four(output + end, largest_four(&own, end));
                }
                put_four(output + channel, largest);
                channel = shape->channels;
            }
#endif
            for (; channel < shape->channels; channel++) {
                output[channel] = largest_one(&own, channel);
            }
            output += shape->channels;
        }
    }
}

/* Cells of which 16 bits hold the sum: 256 * -128 = -32,768. */
#define MOST_CELLS 256

/* Sums of four channels, each byte NN_MORE more than it says. They are taken twice, by turns: one
 * addition to each would wait for the one before. */
static void sum_four(const cells *own, ai_i32 channel, ai_i32 *sums) {
    ai_u32 even = 0;
    ai_u32 odd = 0;
    ai_u32 even_too = 0;
    ai_u32 odd_too = 0;
    const ai_i32 right = own->right;
    const ai_i8 *row = own->first + channel;
    for (ai_i32 ky = own->rows; ky > 0; ky--) {
        const ai_i8 *cell = row;
        ai_i32 kx = own->columns;
        for (; kx >= 4; kx -= 4) {
            const ai_i8 *far = cell + 2 * right;
            const ai_u32 first = nn_word(cell);
            const ai_u32 second = nn_word(cell + right);
            const ai_u32 third = nn_word(far);
            const ai_u32 fourth = nn_word(far + right);
            even = nn_add_even(even, first);
            odd = nn_add_odd(odd, first);
            even_too = nn_add_even(even_too, second);
            odd_too = nn_add_odd(odd_too, second);
            even = nn_add_even(even, third);
            odd = nn_add_odd(odd, third);
            even_too = nn_add_even(even_too, fourth);
            odd_too = nn_add_odd(odd_too, fourth);
            cell = far + 2 * right;
        }
        for (; kx > 0; kx--) {
            const ai_u32 word = nn_word(cell);
            even = nn_add_even(even, word);
            odd = nn_add_odd(odd, word);
            cell += right;
        }
        row += own->down;
    }
    sums[0] = nn_sum_of_half(even) + nn_sum_of_half(even_too);
    sums[1] = nn_sum_of_half(odd) + nn_sum_of_half(odd_too);
    sums[2] = nn_sum_of_half(even >> 16) + nn_sum_of_half(even_too >> 16);
    sums[3] = nn_sum_of_half(odd >> 16) + nn_sum_of_half(odd_too >> 16);
}

static ai_i32 sum_one(const cells *own, ai_i32 channel) {
    ai_i32 sum = 0;
    const ai_i8 *row = own->first + channel;
    for (ai_i32 ky = own->rows; ky > 0; ky--) {
        const ai_i8 *cell = row;
        for (ai_i32 kx = own->columns; kx > 0; kx--) {
            sum += *cell;
            cell += own->right;
        }
        row += own->down;
    }
    return sum;
}

void nn_average_pool(const nn_pool_shape *shape, const nn_average *average, const ai_i8 *input,
                     ai_i8 *output, const ai_float *multipliers) {
    for (ai_i32 y = 0; y < shape->output_height; y++) {
        const ai_i32 top = y * shape->stride_y - shape->pad_top;
        const nn_span rows =
            nn_inside(top, shape->kernel_height, shape->dilation_y, 0, shape->height);
        const nn_span counted_rows = nn_inside(top, shape->kernel_height, shape->dilation_y,
                                               -shape->pad_top, shape->height + shape->pad_bottom);
        for (ai_i32 x = 0; x < shape->output_width; x++) {
            const ai_i32 left = x * shape->stride_x - shape->pad_left;
            const nn_span columns =
                nn_inside(left, shape->kernel_width, shape->dilation_x, 0, shape->width);
            const nn_span counted_columns =
                nn_inside(left, shape->kernel_width, shape->dilation_x, -shape->pad_left,
                          shape->width + shape->pad_right);
            const ai_i32 cells_inside = (rows.end - rows.first) * (columns.end - columns.first);
            const ai_i32 padded = (counted_rows.end - counted_rows.first) *
                                  (counted_columns.end - counted_columns.first);
            const ai_i32 count = average->padding_counts ? padded : cells_inside;
            const ai_float multiplier = multipliers[average->counts_differ ? count : 0];
            const cells own = cells_of(shape, input, top, left, rows, columns);
            const ai_i32 zeros = cells_inside * average->input_zero_point;
            ai_i32 channel = 0;
            for (; channel + 4 <= shape->channels && cells_inside <= MOST_CELLS; channel += 4) {
                ai_i32 sums[4];
                sum_four(&own, channel, sums);
                for (ai_i32 i = 0; i < 4; i++) {
                    const ai_i32 sum = sums[i] - NN_MORE * cells_inside - zeros;
                    *output++ = nn_requantize(sum, multiplier, average->zero_point, average->low,
                                              average->high);
                }
            }
            for (; channel < shape->channels; channel++) {
                *output++ = nn_requantize(sum_one(&own, channel) - zeros, multiplier,
                                          average->zero_point, average->low, average->high);
            }
        }
    }
}
