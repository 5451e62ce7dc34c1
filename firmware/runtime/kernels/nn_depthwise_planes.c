/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_depthwise_planes.h"

#include "nn_depthwise_rows.h"
#include "nn_dsp.h"

#define AT_ONCE 4 /* channels: a word of the input */

typedef struct {
    const nn_conv_shape *shape;
    ai_i32 row;   /* words of a plane's row; the planes' rows lie side by side */
    ai_i32 pitch; /* words of a row of all planes */
    ai_i32 words; /* of a row of weights: two taps each */
    ai_i32 taps;  /* words of a channel's weights, as they meet even columns, and again odd ones */
    ai_i32 kept;  /* rows of a plane that the next band needs, too */
    /* Of a row of the image: whether its first pixel has the second half of a word, the first half
     * of which is padding; pairs of pixels; whether the last pixel has a word's first half. */
    bool alone_first;
    ai_i32 pairs;
    bool alone_last;
    ai_u32 outside; /* four channels of what pads the image */
    ai_u32 *planes;
    ai_u32 *weights;
    nn_depthwise_rows job; /* what all channels have in common, and one's own */
    bool three;            /* a window that the job's routines take */
} planes;

static void fill(ai_u32 *words, ai_i32 count, ai_i32 value) {
    const ai_u32 word = ((ai_u32)value & 0xFFFFu) * 0x00010001u;
    for (ai_i32 i = 0; i < count; i++) {
        words[i] = word;
    }
}

static planes lay_out(const nn_conv_shape *shape, ai_u32 *scratch) {
    planes made;
    made.shape = shape;
    made.words = shape->kernel_width / 2 + 1;
    made.taps = 2 * shape->kernel_height * made.words;
    made.row = (shape->output_width - 1) * shape->stride_x / 2 + made.words;
    made.pitch = AT_ONCE * made.row;
    const ai_i32 reach = (shape->kernel_height - 1) * shape->dilation_y + 1;
    made.kept = reach > shape->stride_y ? reach - shape->stride_y : 0;
    const ai_i32 size = made.pitch * ((shape->band - 1) * shape->stride_y + reach);
    const ai_i32 room = 2 * made.row - shape->pad_left;
    const ai_i32 pixels = shape->width < room ? shape->width : room;
    made.alone_first = shape->pad_left % 2 != 0 && pixels > 0;
    made.pairs = (made.alone_first ? pixels - 1 : pixels) / 2;
    made.alone_last = pixels > 0 && (made.alone_first ? pixels - 1 : pixels) % 2 != 0;
    made.outside = ((ai_u32)shape->input_zero_point & 0xFFu) * 0x01010101u;
    made.planes = scratch;
    made.weights = scratch + size;
    made.job.weights = made.weights;
    made.job.pitch = 4 * shape->dilation_y * made.pitch;
    made.job.down = 4 * shape->stride_y * made.pitch;
    made.job.below = shape->output_width * shape->channels;
    made.job.right = shape->channels;
    made.job.pairs = (shape->output_width + 1) / 2;
    made.job.odd = shape->output_width % 2;
    made.job.zero_point = shape->sums.zero_point;
    made.three = shape->kernel_height == 3 && shape->kernel_width == 3 && shape->stride_x <= 2;
    fill(scratch, size, shape->input_zero_point);
    return made;
}

static void put(ai_u32 *words, ai_i32 half, ai_i8 value) {
    const ai_i16 wide = value;
    memcpy((ai_i8 *)words + 2 * half, &wide, 2);
}

/* One channel's weights as int16, two to a word: (w0, w1), (w2, 0) and (0, w0), (w1, w2). */
static void widen_weights(const planes *own, const ai_i8 *weights, ai_u32 *words) {
    const nn_conv_shape *shape = own->shape;
    ai_u32 *odd = words + own->taps / 2;
    if (shape->kernel_width == 3) {
        for (ai_i32 ky = 0; ky < shape->kernel_height; ky++) {
            const ai_u32 three[3] = {(ai_u32)weights[0], (ai_u32)weights[1], (ai_u32)weights[2]};
            words[0] = nn_low_halves(three[0], three[1]);
            words[1] = three[2] & 0xFFFFu;
            odd[0] = three[0] << 16;
            odd[1] = nn_low_halves(three[1], three[2]);
            weights += 3;
            words += 2;
            odd += 2;
        }
        return;
    }
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
static inline void put_two(ai_u32 first, ai_u32 second, ai_u32 *to, ai_i32 row) {
    const ai_u32 even[2] = {nn_even(first), nn_even(second)};
    const ai_u32 odd[2] = {nn_odd(first), nn_odd(second)};
    to[0] = nn_low_halves(even[0], even[1]);
    to[row] = nn_low_halves(odd[0], odd[1]);
    to[2 * row] = nn_high_halves(even[0], even[1]);
    to[3 * row] = nn_high_halves(odd[0], odd[1]);
}

/* `count` channels of a row of the image to a row of each plane; inlined where `count` is known. */
__attribute__((always_inline)) static inline void split(const planes *own, const ai_i8 *pixel,
                                                        ai_i32 count, ai_u32 *to) {
    const ai_i32 apart = own->shape->channels;
    if (own->alone_first) {
        put_two(own->outside, channels_of(pixel, count), to, own->row);
        pixel += apart;
        to++;
    }
    for (ai_i32 pairs = own->pairs; pairs > 0; pairs--) {
        put_two(channels_of(pixel, count), channels_of(pixel + apart, count), to, own->row);
        pixel += 2 * apart;
        to++;
    }
    if (own->alone_last) {
        put_two(channels_of(pixel, count), own->outside, to, own->row);
    }
}

/* The rows that a band leaves to the next one, to the top. */
static void keep(const planes *own) {
    ai_u32 *to = own->planes;
    const ai_u32 *from = to + own->shape->band * own->shape->stride_y * own->pitch;
    for (ai_i32 left = own->kept * own->pitch; left > 0; left -= AT_ONCE) {
        const ai_u32 words[AT_ONCE] = {from[0], from[1], from[2], from[3]};
        to[0] = words[0];
        to[1] = words[1];
        to[2] = words[2];
        to[3] = words[3];
        from += AT_ONCE;
        to += AT_ONCE;
    }
}

/* What `rows` rows of output from `y` on need of `count` channels, but for the first `kept` rows,
 * which are there. */
static void prepare(const planes *own, const ai_i8 *input, ai_i32 count, ai_i32 y, ai_i32 rows,
                    ai_i32 kept) {
    const nn_conv_shape *shape = own->shape;
    const ai_i32 top = y * shape->stride_y - shape->pad_top;
    const ai_i32 needed =
        (rows - 1) * shape->stride_y + (shape->kernel_height - 1) * shape->dilation_y + 1;
    ai_u32 *row = own->planes + kept * own->pitch;
    for (ai_i32 at = top + kept; at < top + needed; at++) {
        if (at >= 0 && at < shape->height) {
            const ai_i8 *pixel = input + at * shape->width * shape->channels;
            if (count == AT_ONCE) {
                split(own, pixel, AT_ONCE, row + shape->pad_left / 2);
            } else {
                split(own, pixel, count, row + shape->pad_left / 2);
            }
        } else {
            fill(row, own->pitch, shape->input_zero_point);
        }
        row += own->pitch;
    }
}

/* Rows of one channel's output under any window. */
static void any_rows(const planes *own) {
    const nn_conv_shape *shape = own->shape;
    const ai_u32 *plane = own->job.plane;
    ai_i8 *output = own->job.output;
    for (ai_i32 y = 0; y < own->job.rows; y++) {
        for (ai_i32 x = 0; x < shape->output_width; x++) {
            const ai_i32 column = x * shape->stride_x;
            const ai_u32 *word = plane + column / 2;
            const ai_u32 *two = own->job.weights + (column % 2 == 0 ? 0 : own->taps / 2);
            ai_i32 sum = own->job.bias;
            for (ai_i32 ky = 0; ky < shape->kernel_height; ky++) {
                for (ai_i32 i = 0; i < own->words; i++) {
                    sum = nn_two_products(two[i], word[i], sum);
                }
                two += own->words;
                word += shape->dilation_y * own->pitch;
            }
            *output = nn_requantize(sum, own->job.multiplier, shape->sums.zero_point, -128, 127);
            output += shape->channels;
        }
        plane += shape->stride_y * own->pitch;
    }
}

static void rows_of_channel(planes *own) {
#if NN_PACKED_ASSEMBLY
    if (own->three) {
        if (own->shape->stride_x == 1) {
            nn_depthwise_rows_1(&own->job);
        } else {
            nn_depthwise_rows_2(&own->job);
        }
        return;
    }
#endif
    any_rows(own);
}

typedef struct {
    const ai_i8 *input;
    ai_i8 *output;
    const ai_i8 *weights;
    const ai_i32 *bias;
    const ai_float *multipliers;
} ends;

/* A band of output, from row `y` on, of up to four channels from `first` on. `alone`: the band
 * before was not theirs. */
static void make_band(planes *own, const ends *at, ai_i32 first, ai_i32 y, bool alone) {
    const nn_conv_shape *shape = own->shape;
    const ai_i32 left = shape->channels - first;
    const ai_i32 count = left < AT_ONCE ? left : AT_ONCE;
    const ai_i32 below = shape->output_height - y;
    const ai_i32 rows = below < shape->band ? below : shape->band;
    const bool begins = alone || y == 0;
    if (!begins) {
        keep(own);
    }
    prepare(own, at->input + first, count, y, rows, begins ? 0 : own->kept);
    ai_i8 *output = at->output + y * shape->output_width * shape->channels;
    for (ai_i32 channel = first; channel < first + count; channel++) {
        widen_weights(own, at->weights + channel * shape->kernel_height * shape->kernel_width,
                      own->weights);
        own->job.plane = own->planes + (channel - first) * own->row;
        own->job.output = output + channel;
        own->job.bias = at->bias[channel];
        own->job.multiplier = at->multipliers[channel];
        own->job.rows = rows;
        rows_of_channel(own);
    }
}

static void clamp(const nn_conv_shape *shape, ai_i8 *output) {
    nn_clamp(output, shape->output_height * shape->output_width * shape->channels, shape->sums.low,
             shape->sums.high);
}

void nn_depthwise_planes(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                         const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers,
                         ai_u32 *scratch) {
    planes own = lay_out(shape, scratch);
    const ends at = {input, output, weights, bias, multipliers};
    for (ai_i32 first = 0; first < shape->channels; first += AT_ONCE) {
        for (ai_i32 y = 0; y < shape->output_height; y += shape->band) {
            make_band(&own, &at, first, y, false);
        }
    }
    clamp(shape, output);
}

void nn_depthwise_bands(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                        const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers,
                        ai_u32 *scratch) {
    planes own = lay_out(shape, scratch);
    const ends at = {input, output, weights, bias, multipliers};
    for (ai_i32 y = 0; y < shape->output_height; y += shape->band) {
        for (ai_i32 first = 0; first < shape->channels; first += AT_ONCE) {
            make_band(&own, &at, first, y, true);
        }
    }
    clamp(shape, output);
}
