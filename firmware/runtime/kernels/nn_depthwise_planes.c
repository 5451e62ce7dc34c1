/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_depthwise_planes.h"

#include "nn_depthwise_rows.h"
#include "nn_dsp.h"

#define AT_ONCE 4 /* channels: a word of the input */

typedef struct {
    const nn_conv_shape *shape;
    ai_i32 pitch; /* words of a plane's row */
    ai_i32 size;  /* words of a plane */
    ai_i32 words; /* of a row of weights: two taps each */
    ai_i32 taps;  /* words of a channel's weights, as they meet even columns, and again odd ones */
    /* Of a row of the image: whether its first pixel has the second half of a word, the first half
     * of which is padding; pairs of pixels; whether the last pixel has a word's first half. */
    bool alone_first;
    ai_i32 pairs;
    bool alone_last;
    ai_u32 outside; /* four channels of what pads the image */
    ai_u32 *planes;
    ai_u32 *weights;
} planes;

static planes lay_out(const nn_conv_shape *shape, ai_u32 *scratch) {
    planes made;
    made.shape = shape;
    made.words = shape->kernel_width / 2 + 1;
    made.taps = 2 * shape->kernel_height * made.words;
    made.pitch = (shape->output_width - 1) * shape->stride_x / 2 + made.words;
    made.size = made.pitch * ((shape->band - 1) * shape->stride_y +
                              (shape->kernel_height - 1) * shape->dilation_y + 1);
    const ai_i32 room = 2 * made.pitch - shape->pad_left;
    const ai_i32 pixels = shape->width < room ? shape->width : room;
    made.alone_first = shape->pad_left % 2 != 0 && pixels > 0;
    made.pairs = (made.alone_first ? pixels - 1 : pixels) / 2;
    made.alone_last = pixels > 0 && (made.alone_first ? pixels - 1 : pixels) % 2 != 0;
    made.outside = ((ai_u32)shape->input_zero_point & 0xFFu) * 0x01010101u;
    made.planes = scratch;
    made.weights = scratch + AT_ONCE * made.size;
    return made;
}

static void fill(ai_u32 *words, ai_i32 count, ai_i32 value) {
    const ai_u32 word = ((ai_u32)value & 0xFFFFu) * 0x00010001u;
    for (ai_i32 i = 0; i < count; i++) {
        words[i] = word;
    }
}

static void put(ai_u32 *words, ai_i32 half, ai_i8 value) {
    const ai_i16 wide = value;
    memcpy((ai_i8 *)words + 2 * half, &wide, 2);
}

/* One channel's weights as int16, two to a word: (w0, w1), (w2, 0) and (0, w0), (w1, w2). */
static void widen_weights(const planes *own, const ai_i8 *weights, ai_u32 *words) {
    const nn_conv_shape *shape = own->shape;
    ai_u32 *odd = words + own->taps / 2;
    for (ai_i32 ky = 0; ky < shape->kernel_height; ky++) {
        ai_i8 before = 0;
        for (ai_i32 kx = 0; kx < 2 * own->words; kx++) {
            const ai_i8 weight = kx < shape->kernel_width ? weights[kx] : 0;
            put(words, kx, weight);
            put(odd, kx, before);
            before = weight;
        }
        weights += shape->kernel_width;
        words += own->words;
        odd += own->words;
    }
}

/* Up to four channels of a pixel. */
static inline ai_u32 channels_of(const ai_i8 *pixel, ai_i32 count) {
    if (count == AT_ONCE) {
        return nn_word(pixel);
    }
    ai_u32 word = 0;
    for (ai_i32 i = 0; i < count; i++) {
        word |= ((ai_u32)pixel[i] & 0xFFu) << (8 * i);
    }
    return word;
}

/* Two neighbours' four channels to a word of each plane. */
static inline void put_two(ai_u32 first, ai_u32 second, ai_u32 *to, ai_i32 size) {
    const ai_u32 even[2] = {nn_even(first), nn_even(second)};
    const ai_u32 odd[2] = {nn_odd(first), nn_odd(second)};
    to[0] = nn_low_halves(even[0], even[1]);
    to[size] = nn_low_halves(odd[0], odd[1]);
    to[2 * size] = nn_high_halves(even[0], even[1]);
    to[3 * size] = nn_high_halves(odd[0], odd[1]);
}

/* `count` channels of a row of the image to a row of each plane; inlined where `count` is known. */
__attribute__((always_inline)) static inline void split(const planes *own, const ai_i8 *pixel,
                                                        ai_i32 count, ai_u32 *to) {
    const ai_i32 apart = own->shape->channels;
    if (own->alone_first) {
        put_two(own->outside, channels_of(pixel, count), to, own->size);
        pixel += apart;
        to++;
    }
    for (ai_i32 pairs = own->pairs; pairs > 0; pairs--) {
        put_two(channels_of(pixel, count), channels_of(pixel + apart, count), to, own->size);
        pixel += 2 * apart;
        to++;
    }
    if (own->alone_last) {
        put_two(channels_of(pixel, count), own->outside, to, own->size);
    }
}

/* What `rows` rows of output from `y` on need of `count` channels. */
static void prepare(const planes *own, const ai_i8 *input, ai_i32 count, ai_i32 y, ai_i32 rows) {
    const nn_conv_shape *shape = own->shape;
    const ai_i32 top = y * shape->stride_y - shape->pad_top;
    const ai_i32 needed =
        (rows - 1) * shape->stride_y + (shape->kernel_height - 1) * shape->dilation_y + 1;
    ai_u32 *row = own->planes;
    for (ai_i32 at = top; at < top + needed; at++) {
        if (at >= 0 && at < shape->height) {
            const ai_i8 *pixel = input + at * shape->width * shape->channels;
            if (count == AT_ONCE) {
                split(own, pixel, AT_ONCE, row + shape->pad_left / 2);
            } else {
                split(own, pixel, count, row + shape->pad_left / 2);
            }
        } else {
            for (ai_i32 channel = 0; channel < AT_ONCE; channel++) {
                fill(row + channel * own->size, own->pitch, shape->input_zero_point);
            }
        }
        row += own->pitch;
    }
}

/* Rows of one channel's output under any window. */
static void any_rows(const planes *own, const ai_u32 *plane, const ai_u32 *weights, ai_i32 bias,
                     ai_float multiplier, ai_i32 rows, ai_i8 *output) {
    const nn_conv_shape *shape = own->shape;
    for (ai_i32 y = 0; y < rows; y++) {
        for (ai_i32 x = 0; x < shape->output_width; x++) {
            const ai_i32 column = x * shape->stride_x;
            const ai_u32 *word = plane + column / 2;
            const ai_u32 *two = column % 2 == 0 ? weights : weights + own->taps / 2;
            ai_i32 sum = bias;
            for (ai_i32 ky = 0; ky < shape->kernel_height; ky++) {
                for (ai_i32 i = 0; i < own->words; i++) {
                    sum = nn_two_products(two[i], word[i], sum);
                }
                two += own->words;
                word += shape->dilation_y * own->pitch;
            }
            *output = nn_requantize(sum, multiplier, shape->sums.zero_point, -128, 127);
            output += shape->channels;
        }
        plane += shape->stride_y * own->pitch;
    }
}

static void rows_of_channel(const planes *own, const ai_u32 *plane, const ai_u32 *weights,
                            ai_i32 bias, ai_float multiplier, ai_i32 rows, ai_i8 *output) {
#if NN_PACKED_ASSEMBLY
    const nn_conv_shape *shape = own->shape;
    if (shape->kernel_height == 3 && shape->kernel_width == 3 && shape->stride_x <= 2) {
        nn_depthwise_rows job;
        job.plane = plane;
        job.weights = weights;
        job.output = output;
        job.bias = bias;
        job.multiplier = multiplier;
        job.pitch = 4 * shape->dilation_y * own->pitch;
        job.down = 4 * shape->stride_y * own->pitch;
        job.below = shape->output_width * shape->channels;
        job.right = shape->channels;
        job.rows = rows;
        job.pairs = (shape->output_width + 1) / 2;
        job.odd = shape->output_width % 2;
        job.zero_point = shape->sums.zero_point;
        if (shape->stride_x == 1) {
            nn_depthwise_rows_1(&job);
        } else {
            nn_depthwise_rows_2(&job);
        }
        return;
    }
#endif
    any_rows(own, plane, weights, bias, multiplier, rows, output);
}

void nn_depthwise_planes(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                         const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers,
                         ai_u32 *scratch) {
    const planes own = lay_out(shape, scratch);
    const ai_i32 taps = shape->kernel_height * shape->kernel_width;
    fill(own.planes, AT_ONCE * own.size, shape->input_zero_point);
    for (ai_i32 first = 0; first < shape->channels; first += AT_ONCE) {
        const ai_i32 left = shape->channels - first;
        const ai_i32 count = left < AT_ONCE ? left : AT_ONCE;
        for (ai_i32 i = 0; i < count; i++) {
            widen_weights(&own, weights + (first + i) * taps, own.weights + i * own.taps);
        }
        for (ai_i32 y = 0; y < shape->output_height; y += shape->band) {
            const ai_i32 below = shape->output_height - y;
            const ai_i32 rows = below < shape->band ? below : shape->band;
            prepare(&own, input + first, count, y, rows);
            for (ai_i32 i = 0; i < count; i++) {
                rows_of_channel(&own, own.planes + i * own.size, own.weights + i * own.taps,
                                bias[first + i], multipliers[first + i], rows,
                                output + y * shape->output_width * shape->channels + first + i);
            }
        }
    }
    nn_clamp(output, shape->output_height * shape->output_width * shape->channels, shape->sums.low,
             shape->sums.high);
}
