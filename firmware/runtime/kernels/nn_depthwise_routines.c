/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_depthwise_routines.h"

#include "nn_words.h"

#define AT_ONCE 4 /* channels: a word of the input */
#define TAPS 3    /* rows of the window, and taps of a row */
#define OF_CHANNEL 5

/* Rows are whole fours of words. The empty instruction keeps compilers from calling memset, which
 * may go by bytes. */
static void clear(ai_u32 *words, ai_i32 count) {
    for (const ai_u32 *end = words + count; words < end; words += AT_ONCE) {
        words[0] = 0;
        words[1] = 0;
        words[2] = 0;
        words[3] = 0;
        __asm__ volatile("" ::: "memory");
    }
}

/* Four channels of a pixel lie at any address: where the processor may fault on that, C takes their
 * bytes one by one (nn_placing.h). */
#if NN_PACKED_ASSEMBLY && defined(__ARM_FEATURE_UNALIGNED)
#define NN_WORDS_ANYWHERE 1
#else
#define NN_WORDS_ANYWHERE 0
#endif

#if !NN_WORDS_ANYWHERE

static void split(const nn_depthwise_layer *layer, const ai_i8 *pixels, ai_i32 channels,
                  ai_i32 rows, ai_u32 *planes) {
    const nn_conv_shape *shape = &layer->shape;
    ai_i8 *half = (ai_i8 *)planes;
    for (ai_i32 y = 0; y < rows; y++) {
        for (ai_i32 channel = 0; channel < AT_ONCE; channel++) {
            for (ai_i32 x = 0; x < 2 * layer->words; x++) {
                const bool inside = x < shape->width && channel < channels;
                const ai_i32 value = inside ? pixels[x * shape->channels + channel] : 0;
                const ai_i16 wide = (ai_i16)(inside ? value - shape->input_zero_point : 0);
                memcpy(half, &wide, 2);
                half += 2;
            }
        }
        pixels += shape->width * shape->channels;
    }
}

#endif

#if !NN_PACKED_ASSEMBLY

#include "nn_smmla.h"

/* The sum of a window's products; `left` is its first column. */
static ai_i32 products(const nn_depthwise_layer *layer, const ai_i8 *half, const ai_i32 *weights,
                       ai_i32 left) {
    ai_i32 sum = 0;
    for (ai_i32 ky = 0; ky < TAPS; ky++) {
        ai_i8 of_row[4];
        memcpy(of_row, weights + ky, 4);
        for (ai_i32 kx = 0; kx < TAPS; kx++) {
            const ai_i32 x = left + kx;
            if (x >= 0 && x < layer->shape.width) {
                ai_i16 value;
                memcpy(&value, half + 2 * x, 2);
                sum += of_row[kx == 2 ? 3 : kx] * value;
            }
        }
        half += 4 * AT_ONCE * layer->words * layer->shape.dilation_y;
    }
    return sum;
}

static ai_i8 requantized(const nn_depthwise_layer *layer, ai_i32 sum, const ai_i32 *constants) {
    if (constants[0] > 0) {
        const bool finer = constants[0] % 2 != 0;
        return nn_smmla(256 * sum * (finer ? 1 << layer->finer : 1), constants[0], constants[1],
                        finer ? layer->finer_shift : layer->shift);
    }
    ai_float multiplier;
    memcpy(&multiplier, constants, 4);
    return nn_requantize(sum + constants[1], -multiplier, layer->shape.sums.zero_point, -128, 127);
}

static void rows_of(const nn_depthwise_layer *layer, const ai_u32 *planes, ai_i8 *output,
                    const ai_i32 *constants, ai_i32 rows, ai_i32 channels) {
    const nn_conv_shape *shape = &layer->shape;
    for (ai_i32 channel = 0; channel < channels; channel++) {
        const ai_u32 *plane = planes + channel * layer->words;
        ai_i8 *byte = output + channel;
        for (ai_i32 y = 0; y < rows; y++) {
            for (ai_i32 x = 0; x < shape->output_width; x++) {
                const ai_i32 left = x * shape->stride_x - shape->pad_left;
                const ai_i32 sum = products(layer, (const ai_i8 *)plane, constants + 2, left);
                *byte = requantized(layer, sum, constants);
                byte += shape->channels;
            }
            plane += shape->stride_y * AT_ONCE * layer->words;
        }
        constants += OF_CHANNEL;
    }
}

#endif

/* What `rows` rows of output from `y` on need of channels from `first` on, behind `kept` rows that
 * are there. Where a band is all there is, rows of padding stay from the first channels on. */
static void prepare(const nn_depthwise_layer *layer, const ai_i8 *input, ai_i32 first, ai_i32 y,
                    ai_i32 rows, ai_i32 kept, ai_u32 *planes) {
    const nn_conv_shape *shape = &layer->shape;
    const ai_i32 pitch = AT_ONCE * layer->words;
    const ai_i32 begin = y * shape->stride_y - shape->pad_top;
    const ai_i32 bottom = begin + (rows - 1) * shape->stride_y + 2 * shape->dilation_y + 1;
    const ai_i32 top = begin + kept;
    planes += kept * pitch;
    const ai_i32 from = top < 0 ? (bottom < 0 ? bottom : 0) : top;
    const ai_i32 below = bottom < shape->height ? bottom : shape->height;
    const ai_i32 to = below < from ? from : below;
    const ai_i32 left = shape->channels - first;
    const ai_i8 *pixels = input + from * shape->width * shape->channels + first;
    const bool padded = first == 0 || shape->band < shape->output_height;
    if (padded) {
        clear(planes, (from - top) * pitch);
    }
    planes += (from - top) * pitch;
    if (to > from) {
#if NN_WORDS_ANYWHERE
        const ai_u32 zeros = ((ai_u32)(-shape->input_zero_point) & 0xFFFFu) * 0x00010001u;
        if (left < AT_ONCE) {
            layer->split_rest(pixels - (AT_ONCE - left), planes, to - from, zeros);
        } else {
            layer->split(pixels, planes, to - from, zeros);
        }
#else
        split(layer, pixels, left < AT_ONCE ? left : AT_ONCE, to - from, planes);
#endif
    }
    if (padded) {
        clear(planes + (to - from) * pitch, (bottom - to) * pitch);
    }
}

void nn_depthwise_routines(const nn_depthwise_layer *layer, const ai_i8 *input, ai_i8 *output,
                           const ai_i32 *constants, ai_u32 *scratch) {
    const nn_conv_shape *shape = &layer->shape;
    const ai_i32 pitch = AT_ONCE * layer->words;
    const ai_i32 shared = 2 * shape->dilation_y + 1 - shape->stride_y;
    for (ai_i32 first = 0; first < shape->channels; first += AT_ONCE) {
        const ai_i32 left = shape->channels - first;
        const ai_i32 count = left < AT_ONCE ? left : AT_ONCE;
        for (ai_i32 y = 0; y < shape->output_height; y += shape->band) {
            const ai_i32 below = shape->output_height - y;
            const ai_i32 rows = below < shape->band ? below : shape->band;
            ai_i8 *bytes = output + y * shape->output_width * shape->channels + first;
            const ai_i32 kept = y > 0 && shared > 0 ? shared : 0;
            nn_move_words(scratch, scratch + shape->band * shape->stride_y * pitch, kept * pitch);
            prepare(layer, input, first, y, rows, kept, scratch);
#if NN_PACKED_ASSEMBLY
            layer->rows(scratch, bytes, constants, scratch + rows * shape->stride_y * pitch, count);
#else
            rows_of(layer, scratch, bytes, constants, rows, count);
#endif
        }
        constants += OF_CHANNEL * count;
    }
    nn_clamp(output, shape->output_height * shape->output_width * shape->channels, shape->sums.low,
             shape->sums.high);
}
