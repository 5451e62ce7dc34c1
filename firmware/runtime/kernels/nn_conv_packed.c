/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_packed.h"

#include "nn_dsp.h"
#include "nn_window.h"

/* Two pixels of one group. */
typedef struct {
    const nn_conv_shape *shape;
    ai_i32 depth; /* channels of a group */
    ai_i32 fours;
    ai_i32 below;    /* from a window's first row to its last */
    ai_i32 right;    /* and the same for columns */
    bool contiguous; /* a row of a window lies in one piece */
    bool whole;      /* each piece in whole words */
    bool plain;      /* requantized by a multiplier alone */
} job;

/* Any number of bytes, four at a time. */
static void copy(ai_i8 *to, const ai_i8 *from, ai_i32 count) {
    for (; count >= 4; count -= 4) {
        const ai_u32 word = nn_word(from);
        memcpy(to, &word, 4);
        from += 4;
        to += 4;
    }
    for (; count > 0; count--) {
        *to++ = *from++;
    }
}

static void fill(ai_u32 *words, ai_i32 count, ai_i32 value) {
    const ai_u32 word = ((ai_u32)value & 0xFFu) * 0x01010101u;
    for (ai_i32 i = 0; i < count; i++) {
        words[i] = word;
    }
}

/* The bytes under a window, outside the image the input's zero point: real 0. */
static void collect(const job *job, const ai_i8 *image, ai_i32 top, ai_i32 left, ai_u32 *window) {
    const nn_conv_shape *shape = job->shape;
    const nn_span rows = nn_inside(top, shape->kernel_height, shape->dilation_y, 0, shape->height);
    const nn_span columns =
        nn_inside(left, shape->kernel_width, shape->dilation_x, 0, shape->width);
    if (rows.end - rows.first < shape->kernel_height ||
        columns.end - columns.first < shape->kernel_width) {
        fill(window, job->fours, shape->input_zero_point);
    } else {
        window[job->fours - 1] = 0;
    }
    const ai_i32 step = job->contiguous ? columns.end - columns.first : 1;
    for (ai_i32 ky = rows.first; ky < rows.end; ky++) {
        const ai_i32 row = (top + ky * shape->dilation_y) * shape->width + left;
        for (ai_i32 kx = columns.first; kx < columns.end; kx += step) {
            copy((ai_i8 *)window + (ky * shape->kernel_width + kx) * job->depth,
                 image + (row + kx * shape->dilation_x) * shape->channels, step * job->depth);
        }
    }
}

/* One pixel's bytes as int16, in every second of two words of `wide`; returns what comes next. */
static ai_u32 *widen(const ai_i8 *bytes, ai_i32 fours, ai_u32 *wide) {
    for (ai_i32 i = 0; i < fours; i++) {
        const ai_u32 word = nn_word(bytes);
        bytes += 4;
        wide[0] = nn_even(word);
        wide[2] = nn_odd(word);
        wide += 4;
    }
    return wide;
}

/* One pixel: straight from the image where its window lies inside and in whole words. */
static void load(const job *job, const ai_i8 *image, ai_i32 y, ai_i32 x, ai_u32 *window,
                 ai_u32 *wide) {
    const nn_conv_shape *shape = job->shape;
    const ai_i32 top = y * shape->stride_y - shape->pad_top;
    const ai_i32 left = x * shape->stride_x - shape->pad_left;
    if (!job->whole || top < 0 || left < 0 || top + job->below >= shape->height ||
        left + job->right >= shape->width) {
        collect(job, image, top, left, window);
        (void)widen((const ai_i8 *)window, job->fours, wide);
        return;
    }
    const ai_i32 steps = job->contiguous ? 1 : shape->kernel_width;
    const ai_i32 fours = job->fours / (shape->kernel_height * steps);
    const ai_i8 *row = image + (top * shape->width + left) * shape->channels;
    for (ai_i32 ky = 0; ky < shape->kernel_height; ky++) {
        for (ai_i32 kx = 0; kx < steps; kx++) {
            wide = widen(row + kx * shape->dilation_x * shape->channels, fours, wide);
        }
        row += shape->dilation_y * shape->width * shape->channels;
    }
}

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
/* Four elements of two filters and two pixels: sixteen products. Loads stand between products,
 * which a Cortex-M7 pairs; none of a load's results is read by the instruction behind it. */
#define NN_FOUR                                                                                    \
    "ldr %[first], [%[weights]], #8\n"                                                             \
    "ldr %[x], [%[wide]], #16\n"                                                                   \
    "sxtb16 %[even], %[first]\n"                                                                   \
    "ldr %[y], [%[wide], #-12]\n"                                                                  \
    "smlad %[a], %[even], %[x], %[a]\n"                                                            \
    "ldr %[second], [%[weights], #-4]\n"                                                           \
    "smlad %[b], %[even], %[y], %[b]\n"                                                            \
    "sxtb16 %[first], %[first], ror #8\n"                                                          \
    "sxtb16 %[even], %[second]\n"                                                                  \
    "sxtb16 %[second], %[second], ror #8\n"                                                        \
    "smlad %[c], %[even], %[x], %[c]\n"                                                            \
    "ldr %[x], [%[wide], #-8]\n"                                                                   \
    "smlad %[d], %[even], %[y], %[d]\n"                                                            \
    "ldr %[y], [%[wide], #-4]\n"                                                                   \
    "smlad %[a], %[first], %[x], %[a]\n"                                                           \
    "smlad %[c], %[second], %[x], %[c]\n"                                                          \
    "smlad %[b], %[first], %[y], %[b]\n"                                                           \
    "smlad %[d], %[second], %[y], %[d]\n"
#endif

/* Of two filters and two pixels: sums[2 * filter + pixel]. */
static const ai_i8 *products(const ai_i8 *weights, const ai_u32 *wide, ai_i32 fours,
                             ai_i32 sums[4]) {
    ai_i32 a = 0;
    ai_i32 b = 0;
    ai_i32 c = 0;
    ai_i32 d = 0;
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
    ai_u32 first, second, even, x, y;
    ai_i32 turns = (fours + 1) / 2;
    __asm__ volatile("tst %[fours], #1\n"
                     "bne 2f\n"
                     "1:\n" NN_FOUR "2:\n" NN_FOUR "subs %[turns], #1\n"
                     "bne 1b\n"
                     : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [weights] "+r"(weights),
                       [wide] "+r"(wide), [turns] "+r"(turns), [first] "=&r"(first),
                       [second] "=&r"(second), [even] "=&r"(even), [x] "=&r"(x), [y] "=&r"(y)
                     : [fours] "r"(fours)
                     : "cc", "memory");
#else
    for (ai_i32 i = 0; i < fours; i++) {
        const ai_u32 first = nn_word(weights);
        const ai_u32 second = nn_word(weights + 4);
        for (ai_i32 half = 0; half < 4; half += 2) {
            const ai_u32 one = half == 0 ? nn_even(first) : nn_odd(first);
            const ai_u32 other = half == 0 ? nn_even(second) : nn_odd(second);
            a = nn_two_products(one, wide[half], a);
            b = nn_two_products(one, wide[half + 1], b);
            c = nn_two_products(other, wide[half], c);
            d = nn_two_products(other, wide[half + 1], d);
        }
        weights += 8;
        wide += 4;
    }
#endif
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
    return weights;
}

/* The outputs of one or two filters, from `row` on, at one or two pixels. */
static void finish(const job *job, const ai_i32 sums[4], const ai_i32 *bias,
                   const ai_float *multipliers, ai_i32 row, ai_i32 rows, ai_i32 pixels,
                   ai_i8 *output, ai_i32 pixel) {
    const nn_sums *own = &job->shape->sums;
    const ai_i32 filters = job->shape->filters;
    ai_i32 at = pixel * filters + row;
    if (job->plain && rows == 2 && pixels == 2) {
        for (ai_i32 i = 0; i < 2; i++) {
            const ai_float multiplier = multipliers[row + i];
            const ai_i32 start = bias[row + i];
            output[at] = nn_requantize(start + sums[2 * i], multiplier, own->zero_point, own->low,
                                       own->high);
            output[at + filters] = nn_requantize(start + sums[2 * i + 1], multiplier,
                                                 own->zero_point, own->low, own->high);
            at++;
        }
        return;
    }
    for (ai_i32 i = 0; i < rows; i++) {
        for (ai_i32 k = 0; k < pixels; k++) {
            nn_finish(own, sums[2 * i + k], bias, (ai_u32)(row + i), multipliers, output,
                      (ai_u32)(at + k * filters));
        }
        at++;
    }
}

void nn_conv_packed(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                    const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers,
                    ai_u32 *scratch) {
    const ai_i32 pixels = shape->output_height * shape->output_width;
    const ai_i32 filters = shape->filters / shape->groups;
    job job;
    job.shape = shape;
    job.depth = shape->channels / shape->groups;
    job.fours = (shape->kernel_height * shape->kernel_width * job.depth + 3) / 4;
    job.below = (shape->kernel_height - 1) * shape->dilation_y;
    job.right = (shape->kernel_width - 1) * shape->dilation_x;
    job.contiguous = shape->groups == 1 && shape->dilation_x == 1;
    job.whole = (job.contiguous ? shape->kernel_width : 1) * job.depth % 4 == 0;
    job.plain = nn_plain(&shape->sums);
    ai_u32 *const wide = scratch + job.fours;
    for (ai_i32 pixel = 0; pixel < pixels; pixel += 2) {
        const ai_i32 pair = pixel + 1 < pixels ? 2 : 1;
        const ai_i8 *own = weights;
        for (ai_i32 group = 0; group < shape->groups; group++) {
            for (ai_i32 i = 0; i < 2; i++) {
                /* Without a second pixel, the first one twice. */
                const ai_i32 which = i < pair ? pixel + i : pixel;
                const ai_i32 y = which / shape->output_width;
                load(&job, input + group * job.depth, y, which - y * shape->output_width, scratch,
                     wide + i);
            }
            for (ai_i32 filter = 0; filter < filters; filter += 2) {
                ai_i32 sums[4];
                own = products(own, wide, job.fours, sums);
                finish(&job, sums, bias, multipliers, group * filters + filter,
                       filter + 1 < filters ? 2 : 1, pair, output, pixel);
            }
        }
    }
}
