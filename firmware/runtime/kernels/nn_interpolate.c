/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_interpolate.h"

#include "nn_requantize.h"

void nn_interpolate(const nn_interpolate_shape *shape, const ai_i8 *input, ai_i8 *output,
                    const ai_i32 *rows, const ai_i32 *columns) {
    const ai_i32 zero = shape->input_zero_point;
    for (ai_i32 y = 0; y < shape->output_height; y++) {
        const ai_i32 above = rows[2 * y];
        const ai_i32 below = above + 1 < shape->height ? above + 1 : above;
        const ai_i32 low_part = rows[2 * y + 1];
        const ai_i32 high_part = shape->whole_rows - low_part;
        for (ai_i32 x = 0; x < shape->output_width; x++) {
            const ai_i32 left = columns[2 * x];
            const ai_i32 right = left + 1 < shape->width ? left + 1 : left;
            const ai_i32 right_part = columns[2 * x + 1];
            const ai_i32 left_part = shape->whole_columns - right_part;
            const ai_i8 *upper_left = input + (above * shape->width + left) * shape->channels;
            const ai_i8 *upper_right = input + (above * shape->width + right) * shape->channels;
            const ai_i8 *lower_left = input + (below * shape->width + left) * shape->channels;
            const ai_i8 *lower_right = input + (below * shape->width + right) * shape->channels;
            for (ai_i32 c = 0; c < shape->channels; c++) {
                const ai_i32 upper = ((ai_i32)upper_left[c] - zero) * left_part +
                                     ((ai_i32)upper_right[c] - zero) * right_part;
                const ai_i32 lower = ((ai_i32)lower_left[c] - zero) * left_part +
                                     ((ai_i32)lower_right[c] - zero) * right_part;
                *output++ = nn_requantize(upper * high_part + lower * low_part, shape->multiplier,
                                          shape->zero_point, shape->low, shape->high);
            }
        }
    }
}
