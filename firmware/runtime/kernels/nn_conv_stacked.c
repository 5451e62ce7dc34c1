/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_stacked.h"

#include "nn_conv_stacked_group.h"
#include "nn_dsp.h"
#include "nn_words.h"

/* Rows of 256 * the row `stride_y` below + the row itself + 128, two neighbouring elements to a
 * word, padding included; behind them the same ones one element on, where every other window begins
 * at an odd element. */
typedef struct {
    const nn_conv_shape *shape;
    ai_i32 pitch;   /* words of a row */
    ai_i32 size;    /* of them before what is shifted */
    bool shifted;   /* whether there is that */
    ai_i32 lead;    /* elements before the image's first one; even where rows are there twice */
    ai_i32 columns; /* of the image under any window */
} stacked_rows;

static stacked_rows rows_of(const nn_conv_shape *shape, ai_i32 pitch) {
    const ai_i32 depth = shape->channels;
    const ai_i32 before = shape->pad_left * depth;
    const ai_i32 under =
        (shape->output_width - 1) * shape->stride_x + shape->kernel_width - shape->pad_left;
    stacked_rows rows;
    rows.shape = shape;
    rows.pitch = pitch;
    rows.shifted = (shape->stride_x * depth) % 2 != 0;
    rows.size = rows.shifted ? pitch / 2 : pitch;
    rows.lead = before + (rows.shifted ? before % 2 : 0);
    rows.columns = under < shape->width ? under : shape->width;
    return rows;
}

/* Where the windows of column x begin in a row. */
static ai_i32 begin_of(const stacked_rows *rows, ai_i32 x) {
    const nn_conv_shape *shape = rows->shape;
    const ai_i32 at = rows->lead + (x * shape->stride_x - shape->pad_left) * shape->channels;
    return (at % 2 == 0 ? 0 : rows->size) + at / 2;
}

/* Both bytes of an element. */
static ai_u32 stacked(ai_i32 upper, ai_i32 lower) {
    return ((ai_u32)lower & 0xFFu) << 8 | (((ai_u32)upper & 0xFFu) ^ 0x80u);
}

static void put(ai_u32 *row, ai_i32 at, ai_u32 element) {
    const ai_u16 half = (ai_u16)element;
    memcpy((ai_i8 *)row + 2 * at, &half, 2);
}

/* The elements from `at` up to `end` are those of the padding. */
static void pad(ai_u32 *row, ai_i32 at, ai_i32 end, ai_i32 zero_point) {
    const ai_u32 element = stacked(zero_point, zero_point);
    if (at < end && (at & 1) != 0) {
        put(row, at++, element);
    }
    for (; at + 2 <= end; at += 2) {
        row[at / 2] = element * 0x00010001u;
    }
    if (at < end) {
        put(row, at, element);
    }
}

/* Elements of two rows of bytes, each of which goes on by `step` bytes after four: 0 where the row
 * is padding. */
static void stack(const ai_i8 *upper, ai_i32 upper_step, const ai_i8 *lower, ai_i32 lower_step,
                  ai_i32 count, ai_u32 *words) {
    for (; count >= 4; count -= 4) {
        const ai_u32 above = nn_word(upper) ^ 0x80808080u;
        const ai_u32 below = nn_word(lower);
        const ai_u32 even = (above & 0x00FF00FFu) | (below & 0x00FF00FFu) << 8;
        const ai_u32 odd = (above >> 8 & 0x00FF00FFu) | (below & 0xFF00FF00u);
        words[0] = nn_low_halves(even, odd);
        words[1] = nn_high_halves(even, odd);
        upper += upper_step;
        lower += lower_step;
        words += 2;
    }
    for (ai_i32 i = 0; i < count; i++) {
        put(words, i, stacked(upper[i], lower[i]));
    }
}

/* The same row one element on; it ends where the other one begins. */
static void shift(const ai_u32 *row, ai_i32 count, ai_u32 *shifted) {
    const ai_i8 *from = (const ai_i8 *)row + 2;
    for (; count >= 2; count -= 2) {
        shifted[0] = nn_word(from);
        shifted[1] = nn_word(from + 4);
        from += 8;
        shifted += 2;
    }
    if (count > 0) {
        *shifted = nn_word(from);
    }
}

/* Row y of the image, and the one `stride_y` below. */
static void make_row(const stacked_rows *rows, const ai_i8 *image, ai_i32 y, ai_u32 *row) {
    const nn_conv_shape *shape = rows->shape;
    const ai_i32 zero = shape->input_zero_point;
    const ai_u32 zeros = ((ai_u32)zero & 0xFFu) * 0x01010101u;
    const ai_i8 *from[2];
    ai_i32 steps[2];
    const ai_i32 below = y + shape->stride_y;
    ai_i32 count = rows->columns * shape->channels;
    ai_i32 begin = rows->lead;
    for (ai_i32 i = 0; i < 2; i++) {
        const ai_i32 at = i == 0 ? y : below;
        const bool inside = at >= 0 && at < shape->height;
        from[i] = inside ? image + at * shape->width * shape->channels : (const ai_i8 *)&zeros;
        steps[i] = inside ? 4 : 0;
    }
    pad(row, 0, begin, zero);
    if (begin % 2 != 0 && count > 0) {
        put(row, begin, stacked(*from[0], *from[1]));
        from[0] += steps[0] > 0 ? 1 : 0;
        from[1] += steps[1] > 0 ? 1 : 0;
        begin++;
        count--;
    }
    stack(from[0], steps[0], from[1], steps[1], count, row + begin / 2);
    pad(row, begin + count, 2 * rows->size, zero);
    if (rows->shifted) {
        shift(row, rows->size, row + rows->size);
    }
}

void nn_conv_stacked(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                     const ai_u32 *words, ai_i32 integers, nn_conv_stacked_loop loop,
                     nn_conv_stacked_end end, ai_i32 pitch, ai_u32 *scratch) {
    const stacked_rows rows = rows_of(shape, pitch);
    const ai_i32 steps = shape->kernel_height * ((shape->kernel_width * shape->channels + 1) / 2);
    const ai_i32 height = shape->kernel_height + 2 * shape->stride_y;
    const ai_i32 down = 4 * shape->stride_y;
    const ai_i32 kept = height > down ? height - down : 0;
    const ai_i32 row_bytes = shape->output_width * shape->filters;
    nn_conv_stacked_job job = nn_conv_stacked_over(words, steps, (shape->filters + 1) / 2, integers,
                                                   end, shape->sums.zero_point);
    job.wide = scratch + begin_of(&rows, 0);
    job.hops[0] = 4 * (begin_of(&rows, 1) - begin_of(&rows, 0));
    job.hops[1] = 4 * (begin_of(&rows, 2) - begin_of(&rows, 1));
    job.filters = shape->filters;
    for (ai_i32 y = 0; y < shape->output_height; y += 4) {
        const ai_i32 top = y * shape->stride_y - shape->pad_top;
        ai_i32 row = 0;
        if (y > 0) {
            nn_move_words(scratch, scratch + down * pitch, kept * pitch);
            row = kept;
        }
        for (; row < height; row++) {
            make_row(&rows, input, top + row, scratch + row * pitch);
        }
        for (ai_i32 i = 0; i < 3; i++) {
            job.below[i] = y + i + 1 < shape->output_height ? (i + 1) * row_bytes : 0;
        }
        job.output = output + y * row_bytes;
        job.behind = job.output + row_bytes;
        nn_conv_stacked_group(loop, &job);
    }
    nn_clamp(output, shape->output_height * row_bytes, shape->sums.low, shape->sums.high);
}
