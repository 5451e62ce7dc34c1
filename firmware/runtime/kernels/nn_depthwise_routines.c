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

void nn_depthwise_routines(const nn_depthwise_layer *layer, const ai_i8 *input, ai_i8 *output,
                           const ai_i32 *constants, ai_u32 *scratch) {
    const nn_conv_shape *shape = &layer->shape;
    const ai_i32 pitch = AT_ONCE * layer->words;
    const ai_i32 stride = shape->stride_y;
    const ai_i32 reach = 2 * shape->dilation_y + 1;
    const ai_i32 band = shape->band;
    const ai_i32 row_bytes = shape->width * shape->channels;
    const ai_i32 band_bytes = band * shape->output_width * shape->channels;
    /* Rows of planes that the next band needs, too, and words to where they lie. */
    const ai_i32 shared = reach > stride ? reach - stride : 0;
    const ai_i32 down = band * stride * pitch;
#if NN_WORDS_ANYWHERE
    const ai_u32 zeros = ((ai_u32)(-shape->input_zero_point) & 0xFFFFu) * 0x00010001u;
#endif
    for (ai_i32 first = 0; first < shape->channels; first += AT_ONCE) {
        const ai_i32 left = shape->channels - first;
        const ai_i32 count = left < AT_ONCE ? left : AT_ONCE;
        /* Where a band is all there is, rows of padding stay from the first channels on. */
        const bool padded = first == 0 || band < shape->output_height;
        ai_i8 *bytes = output + first;
        ai_u32 *planes = scratch;
        ai_i32 begin = -shape->pad_top; /* the row of the image that comes to `planes` */
        ai_i32 rows = (band - 1) * stride + reach;
#if NN_PACKED_ASSEMBLY
        const ai_u32 *end = scratch + down;
#endif
        for (ai_i32 y = shape->output_height; y > 0; y -= band) {
            if (y < band) {
                rows -= (band - y) * stride;
#if NN_PACKED_ASSEMBLY
                end = scratch + y * stride * pitch;
#endif
            }
            ai_u32 *inside = planes;
            ai_i32 from = begin;
            ai_i32 behind = begin + rows;
            if (from < 0) {
                from = behind < 0 ? behind : 0;
                inside += (from - begin) * pitch;
                if (padded) {
                    clear(planes, (from - begin) * pitch);
                }
            }
            if (behind > shape->height) {
                behind = from > shape->height ? from : shape->height;
                if (padded) {
                    clear(inside + (behind - from) * pitch, (begin + rows - behind) * pitch);
                }
            }
            if (behind > from) {
                const ai_i8 *pixels = input + from * row_bytes + first;
#if NN_WORDS_ANYWHERE
                if (left < AT_ONCE) {
                    layer->split_rest(pixels - (AT_ONCE - left), inside, behind - from, zeros);
                } else {
                    layer->split(pixels, inside, behind - from, zeros);
                }
#else
                split(layer, pixels, count, behind - from, inside);
#endif
            }
#if NN_PACKED_ASSEMBLY
            layer->rows(scratch, bytes, constants, end, count);
#else
            rows_of(layer, scratch, bytes, constants, y < band ? y : band, count);
#endif
            if (y > band) {
                if (planes == scratch) {
                    planes += shared * pitch;
                    begin += shared;
                    rows -= shared;
                }
                nn_move_words(scratch, scratch + down, shared * pitch);
                bytes += band_bytes;
                begin += band * stride;
            }
        }
        constants += OF_CHANNEL * count;
    }
    nn_clamp(output, shape->output_height * shape->output_width * shape->channels, shape->sums.low,
             shape->sums.high);
}
