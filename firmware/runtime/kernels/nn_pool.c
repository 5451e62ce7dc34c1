/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_pool.h"

#include "nn_requantize.h"
#include "nn_window.h"

void nn_max_pool(const nn_pool_shape *shape, const ai_i8 *input, ai_i8 *output) {
    for (ai_i32 y = 0; y < shape->output_height; y++) {
        const ai_i32 top = y * shape->stride_y - shape->pad_top;
        const nn_span rows =
            nn_inside(top, shape->kernel_height, shape->dilation_y, 0, shape->height);
        for (ai_i32 x = 0; x < shape->output_width; x++) {
            const ai_i32 left = x * shape->stride_x - shape->pad_left;
            const nn_span columns =
                nn_inside(left, shape->kernel_width, shape->dilation_x, 0, shape->width);
            for (ai_i32 channel = 0; channel < shape->channels; channel++) {
                ai_i8 largest = -128;
                for (ai_i32 ky = rows.first; ky < rows.end; ky++) {
                    const ai_i32 row = (top + ky * shape->dilation_y) * shape->width;
                    for (ai_i32 kx = columns.first; kx < columns.end; kx++) {
                        const ai_i32 pixel = row + left + kx * shape->dilation_x;
                        const ai_i8 value = input[pixel * shape->channels + channel];
                        largest = value > largest ? value : largest;
                    }
                }
                *output++ = largest;
            }
        }
    }
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
            const ai_i32 cells = (rows.end - rows.first) * (columns.end - columns.first);
            const ai_i32 padded = (counted_rows.end - counted_rows.first) *
                                  (counted_columns.end - counted_columns.first);
            const ai_i32 count = average->padding_counts ? padded : cells;
            const ai_float multiplier = multipliers[average->counts_differ ? count : 0];
            for (ai_i32 channel = 0; channel < shape->channels; channel++) {
                ai_i32 sum = 0;
                for (ai_i32 ky = rows.first; ky < rows.end; ky++) {
                    const ai_i32 row = (top + ky * shape->dilation_y) * shape->width;
                    for (ai_i32 kx = columns.first; kx < columns.end; kx++) {
                        const ai_i32 pixel = row + left + kx * shape->dilation_x;
                        sum += (ai_i32)input[pixel * shape->channels + channel] -
                               average->input_zero_point;
                    }
                }
                *output++ = nn_requantize(sum, multiplier, average->zero_point, average->low,
                                          average->high);
            }
        }
    }
}
