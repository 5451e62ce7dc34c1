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

void nn_conv(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output, const ai_i8 *weights,
             const ai_i32 *bias, const ai_float *multipliers, const ai_i8 *zero_points) {
    const ai_i32 depth = shape->channels / shape->groups;
    const ai_i32 filters = shape->filters / shape->groups;
    const ai_i32 taps = shape->kernel_height * shape->kernel_width;
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
                const ai_i8 *own = weights + filter * taps * depth;
                const ai_i32 channel = filter / filters * depth;
                const ai_i32 zero = zero_of(zero_points, filter);
                ai_i32 sum = 0;
                for (ai_i32 ky = rows.first; ky < rows.end; ky++) {
                    const ai_i32 row = (top + ky * shape->dilation_y) * shape->width;
                    for (ai_i32 kx = columns.first; kx < columns.end; kx++) {
                        const ai_i32 pixel = row + left + kx * shape->dilation_x;
                        sum += products(own + (ky * shape->kernel_width + kx) * depth,
                                        input + pixel * shape->channels + channel, depth, zero,
                                        shape->input_zero_point);
                    }
                }
                nn_finish(&shape->sums, sum, bias, (ai_u32)filter, multipliers, output, at++);
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
