/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_rows.h"

#include "nn_dsp.h"

#define EACH_ONCE 0x00010001u /* two factors of 1 */

nn_conv_rows nn_conv_rows_of(const nn_conv_shape *shape, ai_u32 *scratch) {
    const ai_i32 depth = shape->channels;
    const ai_i32 before = shape->pad_left * depth;
    const ai_i32 reach = (shape->output_width - 1) * shape->stride_x + shape->kernel_width;
    nn_conv_rows rows;
    rows.shape = shape;
    rows.steps = (shape->kernel_width * depth + 1) / 2;
    rows.rows = shape->kernel_height + shape->stride_y;
    rows.lead = before + before % 2;
    /* The first element may have been put one on, the last step may reach one beyond. */
    rows.pitch = (reach * depth + 3) / 2;
    rows.odd = before % 2 != 0 || (shape->stride_x * depth) % 2 != 0;
    rows.widened = 0;
    rows.ring = scratch;
    rows.shifted = rows.odd ? scratch + rows.rows * rows.pitch : scratch;
    rows.sums = (ai_i32 *)(rows.shifted + rows.rows * rows.pitch);
    return rows;
}

/* `count` elements from `at` on, one by one. */
static void fill(ai_u32 *row, ai_i32 at, ai_i32 count, ai_i32 value) {
    const ai_i16 wide = (ai_i16)value;
    for (ai_i32 i = at; i < at + count; i++) {
        memcpy((ai_i8 *)row + 2 * i, &wide, 2);
    }
}

/* Bytes to int16; `words` begins at a word. */
static void widen(const ai_i8 *bytes, ai_i32 count, ai_u32 *words) {
    for (; count >= 4; count -= 4) {
        const ai_u32 word = nn_word(bytes);
        const ai_u32 even = nn_even(word);
        const ai_u32 odd = nn_odd(word);
        words[0] = nn_low_halves(even, odd);
        words[1] = nn_high_halves(even, odd);
        bytes += 4;
        words += 2;
    }
    for (ai_i32 i = 0; i < count; i++) {
        fill(words, i, 1, bytes[i]);
    }
}

/* The same row one element on. */
static void shift(const ai_u32 *row, ai_i32 count, ai_u32 *shifted) {
    for (ai_i32 i = 0; i < count - 1; i++) {
        shifted[i] = row[i] >> 16 | row[i + 1] << 16;
    }
    shifted[count - 1] = row[count - 1] >> 16;
}

/* Where the windows of column x begin in a row of the ring. */
static const ai_u32 *begin(const nn_conv_rows *rows, ai_i32 slot, ai_i32 x) {
    const nn_conv_shape *shape = rows->shape;
    const ai_i32 at = rows->lead + (x * shape->stride_x - shape->pad_left) * shape->channels;
    return (at % 2 == 0 ? rows->ring : rows->shifted) + slot * rows->pitch + at / 2;
}

static void add_up(const nn_conv_rows *rows, ai_i32 slot) {
    ai_i32 *sums = rows->sums + slot * rows->shape->output_width;
    for (ai_i32 x = 0; x < rows->shape->output_width; x++) {
        const ai_u32 *words = begin(rows, slot, x);
        ai_i32 sum = 0;
        ai_i32 left = rows->steps;
        for (; left >= 4; left -= 4) {
            sum = nn_two_products(words[0], EACH_ONCE, sum);
            sum = nn_two_products(words[1], EACH_ONCE, sum);
            sum = nn_two_products(words[2], EACH_ONCE, sum);
            sum = nn_two_products(words[3], EACH_ONCE, sum);
            words += 4;
        }
        for (; left > 0; left--) {
            sum = nn_two_products(*words, EACH_ONCE, sum);
            words++;
        }
        sums[x] = sum;
    }
}

void nn_conv_rows_until(nn_conv_rows *rows, const ai_i8 *image, ai_i32 y) {
    const nn_conv_shape *shape = rows->shape;
    const ai_i32 needed = y * shape->stride_y + shape->kernel_height;
    const ai_i32 size = shape->width * shape->channels;
    const ai_i32 room = 2 * rows->pitch - rows->lead;
    const ai_i32 inside = size < room ? size : room;
    for (; rows->widened < needed; rows->widened++) {
        const ai_i32 slot = rows->widened % rows->rows;
        const ai_i32 at = rows->widened - shape->pad_top;
        ai_u32 *row = rows->ring + slot * rows->pitch;
        if (at < 0 || at >= shape->height) {
            fill(row, 0, 2 * rows->pitch, shape->input_zero_point);
        } else {
            fill(row, 0, rows->lead, shape->input_zero_point);
            widen(image + at * size, inside, row + rows->lead / 2);
            fill(row, rows->lead + inside, room - inside, shape->input_zero_point);
        }
        if (rows->odd) {
            shift(row, rows->pitch, rows->shifted + slot * rows->pitch);
        }
        add_up(rows, slot);
    }
}

/* a[i] and b[i] in turn. */
static ai_u32 *interleave(const ai_u32 *a, const ai_u32 *b, ai_i32 count, ai_u32 *to) {
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
    for (; count >= 4; count -= 4) {
        __asm__ volatile("ldm %0!, {r2-r5}\n"
                         "ldm %1!, {r6, r8, r9, r10}\n"
                         "strd r2, r6, [%2]\n"
                         "strd r3, r8, [%2, #8]\n"
                         "strd r4, r9, [%2, #16]\n"
                         "strd r5, r10, [%2, #24]\n"
                         : "+r"(a), "+r"(b)
                         : "r"(to)
                         : "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "memory");
        to += 8;
    }
#endif
    for (; count > 0; count--) {
        *to++ = *a++;
        *to++ = *b++;
    }
    return to;
}

void nn_conv_rows_load(const nn_conv_rows *rows, const nn_conv_pixel pixels[2], ai_u32 *wide,
                       ai_i32 sums[2]) {
    const nn_conv_shape *shape = rows->shape;
    ai_i32 first = pixels[0].y * shape->stride_y % rows->rows;
    ai_i32 second = pixels[1].y * shape->stride_y % rows->rows;
    sums[0] = 0;
    sums[1] = 0;
    for (ai_i32 ky = 0; ky < shape->kernel_height; ky++) {
        wide = interleave(begin(rows, first, pixels[0].x), begin(rows, second, pixels[1].x),
                          rows->steps, wide);
        sums[0] += rows->sums[first * shape->output_width + pixels[0].x];
        sums[1] += rows->sums[second * shape->output_width + pixels[1].x];
        first = first + 1 == rows->rows ? 0 : first + 1;
        second = second + 1 == rows->rows ? 0 : second + 1;
    }
}
