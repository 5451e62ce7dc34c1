/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_quads.h"

#include "nn_conv_window.h"
#include "nn_dsp.h"
#include "nn_quads.h"

typedef struct {
    ai_i32 first;
    ai_i32 second;
} sums_of_two;

/* Whether no pixel of the image is left out. */
static bool every_pixel(const nn_conv_shape *shape) {
    return shape->stride_y == 1 && shape->stride_x == 1 && shape->output_height == shape->height &&
           shape->output_width == shape->width;
}

/* Whether windows are pixels of the image, in whole words, two of a row at a time. */
static bool pointwise(const nn_conv_shape *shape) {
    return shape->channels % 4 == 0 && shape->kernel_height * shape->kernel_width == 1 &&
           shape->pad_top == 0 && shape->pad_left == 0 &&
           (every_pixel(shape) || (shape->output_width % 2 == 0 &&
                                   (shape->output_height - 1) * shape->stride_y < shape->height &&
                                   (shape->output_width - 1) * shape->stride_x < shape->width));
}

/* Four elements of each of two pixels; returns their sums with them. */
static inline sums_of_two widen_four(const ai_i8 *first, const ai_i8 *second, ai_u32 *wide,
                                     sums_of_two sums) {
    const ai_u32 one = nn_word(first);
    const ai_u32 two = nn_word(second);
    wide[0] = nn_even(one);
    wide[1] = nn_even(two);
    wide[2] = nn_odd(one);
    wide[3] = nn_odd(two);
    sums.first = nn_add_halves(wide[2], nn_add_halves(wide[0], sums.first));
    sums.second = nn_add_halves(wide[3], nn_add_halves(wide[1], sums.second));
    return sums;
}

static sums_of_two widen_two(const ai_i8 *first, const ai_i8 *second, ai_i32 fours, ai_u32 *wide) {
    sums_of_two sums = {0, 0};
    for (; fours >= 2; fours -= 2) {
        sums = widen_four(first, second, wide, sums);
        sums = widen_four(first + 4, second + 4, wide + 4, sums);
        first += 8;
        second += 8;
        wide += 8;
    }
    return fours > 0 ? widen_four(first, second, wide, sums) : sums;
}

/* So many pixels, `job->pitch` bytes apart. */
static void of_pixels(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output, ai_i32 pixels,
                      nn_quads_loop loop, nn_quads_job *job, ai_u32 *wide) {
    for (ai_i32 left = pixels; left > 0;) {
        /* A second pixel that there is not is the first one once more. */
        const ai_i32 next = left > 1 ? 1 : 0;
        const ai_i32 pairs = left > 1 ? left / 2 : 1;
        const sums_of_two sums = widen_two(input, input + next * job->pitch, job->count, wide);
        job->offsets[0] = -128 * sums.first;
        job->offsets[1] = -128 * sums.second;
        job->outputs[0] = output;
        job->outputs[1] = output + next * shape->filters;
        job->from = input;
        job->pairs = pairs;
        nn_quads(loop, job);
        input += 2 * pairs * job->pitch;
        output += 2 * pairs * shape->filters;
        left -= 2 * pairs;
    }
}

/* Row by row, or all rows as one where no pixel is left out. */
static void of_rows(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                    nn_quads_loop loop, nn_quads_job *job, ai_u32 *wide) {
    const bool all = every_pixel(shape);
    const ai_i32 pixels = all ? shape->output_height * shape->output_width : shape->output_width;
    const ai_i32 below = shape->stride_y * shape->width * shape->channels;
    job->next = nn_quads_next_pixels;
    job->count = shape->channels / 4;
    job->pitch = shape->stride_x * shape->channels;
    job->below = 2 * shape->filters;
    for (ai_i32 rows = all ? 1 : shape->output_height; rows > 0; rows--) {
        of_pixels(shape, input, output, pixels, loop, job, wide);
        input += below;
        output += pixels * shape->filters;
    }
}

static void of_windows(const nn_conv_loader *loader, const ai_i8 *input, ai_i8 *output,
                       nn_quads_loop loop, nn_quads_job *job, ai_u32 *wide) {
    const nn_conv_shape *shape = loader->shape;
    const ai_i32 pixels = shape->output_height * shape->output_width;
    ai_i32 y = 0;
    ai_i32 x = 0;
    for (ai_i32 pixel = 0; pixel < pixels; pixel += 2) {
        for (ai_i32 i = 0; i < 2; i++) {
            const bool last = pixel + i >= pixels;
            job->outputs[i] = output + (last ? pixel : pixel + i) * shape->filters;
            job->offsets[i] = -128 * nn_conv_load(loader, input, y, last ? x - 1 : x, wide + i);
            x++;
            if (x == shape->output_width && pixel + i + 1 < pixels) {
                x = 0;
                y++;
            }
        }
        nn_quads(loop, job);
    }
}

void nn_conv_quads(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                   const ai_u32 *words, const nn_quads_ends *ends, nn_quads_loop loop,
                   ai_u32 *scratch) {
    const nn_conv_loader loader = nn_conv_loading(shape, scratch);
    ai_u32 *const wide = scratch + loader.fours;
    nn_quads_job job = nn_quads_over(words, 2 * loader.fours, (shape->filters + 3) / 4, ends,
                                     shape->sums.zero_point);
    job.wide = wide;
    job.behind = wide + 4 * loader.fours;
    if (pointwise(shape)) {
        of_rows(shape, input, output, loop, &job, wide);
    } else {
        of_windows(&loader, input, output, loop, &job, wide);
    }
    nn_clamp(output, shape->output_height * shape->output_width * shape->filters, shape->sums.low,
             shape->sums.high);
}
