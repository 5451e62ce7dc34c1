/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv.h"

#include "nn_window.h"

static ai_i32 zero_of(const ai_i8 *zero_points, ai_i32 filter) {
    return zero_points == NULL ? 0 : zero_points[filter];
}

static ai_i32 products(const ai_i8 *weights, const ai_i8 *input, ai_i32 count, ai_i32 weight_zero,
                       ai_i32 input_zero) {
    ai_i32 sum = 0;
    for (ai_i32 i = 0; i < count; i++) {
        sum += ((ai_i32)weights[i] - weight_zero) * ((ai_i32)input[i] - input_zero);
    }
    return sum;
}

/* Four filters at a time: each input is loaded once for all of them. */
static void products_of_four(const ai_i8 *weights, const ai_i8 *input, ai_i32 count,
                             ai_i32 zero_point, ai_i32 sums[4]) {
    ai_i32 a = sums[0];
    ai_i32 b = sums[1];
    ai_i32 c = sums[2];
    ai_i32 d = sums[3];
    for (ai_i32 i = 0; i < count; i++) {
        const ai_i32 value = (ai_i32)input[i] - zero_point;
        a += (ai_i32)weights[0] * value;
        b += (ai_i32)weights[1] * value;
        c += (ai_i32)weights[2] * value;
        d += (ai_i32)weights[3] * value;
        weights += 4;
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

/* Where a window lies: its steps inside the image, and its first pixel, which may be outside. */
typedef struct {
    ai_i32 top;
    ai_i32 left;
    nn_span rows;
    nn_span columns;
} window;

/* The sums of one filter, or of four whose weights lie side by side. */
static void sum_window(const nn_conv_shape *shape, const window *at, const ai_i8 *input,
                       const ai_i8 *weights, ai_i32 filters, ai_i32 weight_zero, ai_i32 sums[4]) {
    const ai_i32 depth = shape->channels / shape->groups;
    /* Neighbouring pixels lie behind one another, in the image and in the weights. */
    const ai_i32 together = shape->groups == 1 && shape->dilation_x == 1;
    const ai_i32 step = together ? at->columns.end - at->columns.first : 1;
    for (ai_i32 ky = at->rows.first; ky < at->rows.end; ky++) {
        const ai_i32 row = (at->top + ky * shape->dilation_y) * shape->width + at->left;
        for (ai_i32 kx = at->columns.first; kx < at->columns.end; kx += step) {
            const ai_i32 tap = (ky * shape->kernel_width + kx) * depth;
            const ai_i8 *pixel = input + (row + kx * shape->dilation_x) * shape->channels;
            if (filters == 4) {
                products_of_four(weights + tap * 4, pixel, step * depth, shape->input_zero_point,
                                 sums);
            } else {
                sums[0] += products(weights + tap, pixel, step * depth, weight_zero,
                                    shape->input_zero_point);
            }
        }
    }
}

void nn_conv(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output, const ai_i8 *weights,
             const ai_i32 *bias, const ai_float *multipliers, const ai_i8 *zero_points) {
    const ai_i32 depth = shape->channels / shape->groups;
    const ai_i32 filters = shape->filters / shape->groups;
    const ai_i32 size = shape->kernel_height * shape->kernel_width * depth;
    ai_u32 place = 0;
    for (ai_i32 y = 0; y < shape->output_height; y++) {
        window at;
        at.top = y * shape->stride_y - shape->pad_top;
        at.rows = nn_inside(at.top, shape->kernel_height, shape->dilation_y, 0, shape->height);
        for (ai_i32 x = 0; x < shape->output_width; x++) {
            at.left = x * shape->stride_x - shape->pad_left;
            at.columns =
                nn_inside(at.left, shape->kernel_width, shape->dilation_x, 0, shape->width);
            for (ai_i32 filter = 0; filter < shape->filters;) {
                const ai_i32 left = filters - filter % filters; /* in its group */
                const ai_i32 count = left >= 4 && zero_points == NULL ? 4 : 1;
                const ai_i8 *image = input + filter / filters * depth;
                ai_i32 sums[4] = {0, 0, 0, 0};
                sum_window(shape, &at, image, weights + filter * size, count,
                           zero_of(zero_points, filter), sums);
                for (ai_i32 i = 0; i < count; i++) {
                    nn_finish(&shape->sums, sums[i], bias, (ai_u32)(filter + i), multipliers,
                              output, place++);
                }
                filter += count;
            }
        }
    }
}

void nn_depthwise(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                  const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers,
                  const ai_i8 *zero_points) {
    const ai_i32 filters = shape->filters / shape->groups;
    ai_u32 at = 0;
    for (ai_i32 y = 0; y < shape->output_height; y++) {
        const ai_i32 top = y * shape->stride_y - shape->pad_top;
        const nn_span rows =
            nn_inside(top, shape->kernel_height, shape->dilation_y, 0, shape->height);
        for (ai_i32 x = 0; x < shape->output_width; x++) {
            const ai_i32 left = x * shape->stride_x - shape->pad_left;
            const nn_span columns =
                nn_inside(left, shape->kernel_width, shape->dilation_x, 0, shape->width);
            for (ai_i32 filter = 0; filter < shape->filters; filter++) {
                const ai_i32 zero = zero_of(zero_points, filter);
                ai_i32 sum = 0;
                for (ai_i32 ky = rows.first; ky < rows.end; ky++) {
                    const ai_i32 row = (top + ky * shape->dilation_y) * shape->width;
                    for (ai_i32 kx = columns.first; kx < columns.end; kx++) {
                        const ai_i32 pixel = row + left + kx * shape->dilation_x;
                        const ai_i32 tap = ky * shape->kernel_width + kx;
                        const ai_i32 value = input[pixel * shape->channels + filter / filters];
                        sum += ((ai_i32)weights[tap * shape->filters + filter] - zero) *
                               (value - shape->input_zero_point);
                    }
                }
                nn_finish(&shape->sums, sum, bias, (ai_u32)filter, multipliers, output, at++);
            }
        }
    }
}

/* The input row or column that reaches `place` by step `k` of the kernel, or -1. */
static ai_i32 reaching(ai_i32 place, ai_i32 k, ai_i32 dilation, ai_i32 stride, ai_i32 size) {
    const ai_i32 distance = place - k * dilation;
    if (distance < 0 || distance % stride != 0 || distance / stride >= size) {
        return -1;
    }
    return distance / stride;
}

void nn_conv_transpose(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                       const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers,
                       const ai_i8 *zero_points) {
    const ai_i32 depth = shape->channels / shape->groups;
    const ai_i32 filters = shape->filters / shape->groups;
    const ai_i32 taps = shape->kernel_height * shape->kernel_width;
    ai_u32 at = 0;
    for (ai_i32 y = 0; y < shape->output_height; y++) {
        for (ai_i32 x = 0; x < shape->output_width; x++) {
            for (ai_i32 filter = 0; filter < shape->filters; filter++) {
                const ai_i8 *own = weights + filter * taps * depth;
                const ai_i32 channel = filter / filters * depth;
                const ai_i32 zero = zero_of(zero_points, filter);
                ai_i32 sum = 0;
                for (ai_i32 ky = 0; ky < shape->kernel_height; ky++) {
                    const ai_i32 row = reaching(y + shape->pad_top, ky, shape->dilation_y,
                                                shape->stride_y, shape->height);
                    for (ai_i32 kx = 0; row >= 0 && kx < shape->kernel_width; kx++) {
                        const ai_i32 column = reaching(x + shape->pad_left, kx, shape->dilation_x,
                                                       shape->stride_x, shape->width);
                        if (column >= 0) {
                            const ai_i32 pixel = row * shape->width + column;
                            sum += products(own + (ky * shape->kernel_width + kx) * depth,
                                            input + pixel * shape->channels + channel, depth, zero,
                                            shape->input_zero_point);
                        }
                    }
                }
                nn_finish(&shape->sums, sum, bias, (ai_u32)filter, multipliers, output, at++);
            }
        }
    }
}
