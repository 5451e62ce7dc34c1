/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_rows.h"

#include "nn_dsp.h"
#include "nn_words.h"

nn_conv_rows nn_conv_rows_of(const nn_conv_shape *shape, ai_i32 count, ai_u32 *scratch) {
    const ai_i32 depth = shape->channels;
    const ai_i32 before = shape->pad_left * depth;
    nn_conv_rows rows;
    rows.shape = shape;
    rows.reach = (shape->output_width - 1) * shape->stride_x + shape->kernel_width;
    rows.steps = (shape->kernel_width * depth + 1) / 2;
    rows.lead = before + before % 2;
    /* Of an odd number of channels the first element may have been put one on, and the last step
     * may reach one beyond. */
    rows.size = (rows.reach * depth + 3 * (depth % 2)) / 2;
    /* The first window's elements stand first, so that the second one's are always behind them. */
    const bool odd = before % 2 != 0 || (shape->stride_x * depth) % 2 != 0;
    rows.straight = before % 2 != 0 ? rows.size : 0;
    rows.shifted = odd ? rows.size - rows.straight : -1;
    rows.sums = odd ? 2 * rows.size : rows.size;
    rows.pitch = rows.sums + shape->output_width;
    rows.top = 0;
    rows.end = 0;
    rows.words = scratch;
    rows.columns = depth % 2 == 0 ? (ai_i32 *)(scratch + count * rows.pitch) : NULL;
    return rows;
}

static void put(ai_u32 *row, ai_i32 at, ai_i32 value) {
    const ai_i16 wide = (ai_i16)value;
    memcpy((ai_i8 *)row + 2 * at, &wide, 2);
}

/* The elements from `at` up to `end`. */
static void fill(ai_u32 *row, ai_i32 at, ai_i32 end, ai_i32 value) {
    const ai_u32 word = ((ai_u32)value & 0xFFFFu) * 0x00010001u;
    if (at < end && (at & 1) != 0) {
        put(row, at++, value);
    }
    ai_u32 *words = row + at / 2;
    for (ai_i32 left = (end - at) / 2; left > 0; left--) {
        *words++ = word;
    }
    if (at < end && (end & 1) != 0) {
        put(row, end - 1, value);
    }
}

/* Four bytes to int16, in their order. */
static inline void widen_four(const ai_i8 *bytes, ai_u32 *words) {
    const ai_u32 word = nn_word(bytes);
    const ai_u32 even = nn_even(word);
    const ai_u32 odd = nn_odd(word);
    words[0] = nn_low_halves(even, odd);
    words[1] = nn_high_halves(even, odd);
}

/* Bytes to int16; `words` begins at a word. */
static void widen(const ai_i8 *bytes, ai_i32 count, ai_u32 *words) {
    for (; count >= 16; count -= 16) {
        widen_four(bytes, words);
        widen_four(bytes + 4, words + 2);
        widen_four(bytes + 8, words + 4);
        widen_four(bytes + 12, words + 6);
        bytes += 16;
        words += 8;
    }
    for (; count >= 4; count -= 4) {
        widen_four(bytes, words);
        bytes += 4;
        words += 2;
    }
    for (ai_i32 i = 0; i < count; i++) {
        put(words, i, bytes[i]);
    }
}

/* Four bytes to int16, the even ones and then the odd ones; returns the sum with them. */
static inline ai_i32 split_four(const ai_i8 *bytes, ai_u32 *words, ai_i32 sum) {
    const ai_u32 word = nn_word(bytes);
    const ai_u32 even = nn_even(word);
    const ai_u32 odd = nn_odd(word);
    words[0] = even;
    words[1] = odd;
    return nn_add_halves(odd, nn_add_halves(even, sum));
}

/* The same for 16 bytes. */
static inline ai_i32 split_sixteen(const ai_i8 *bytes, ai_u32 *words, ai_i32 sum) {
    sum = split_four(bytes, words, sum);
    sum = split_four(bytes + 4, words + 2, sum);
    sum = split_four(bytes + 8, words + 4, sum);
    return split_four(bytes + 12, words + 6, sum);
}

/* Columns of `fours` times four elements, and their sums. */
static void split_columns(const ai_i8 *bytes, ai_i32 columns, ai_i32 fours, ai_u32 *words,
                          ai_i32 *sums) {
    const ai_i32 *const behind = sums + columns;
    if (fours % 4 == 0) {
        while (sums != behind) {
            ai_i32 sum = 0;
            for (ai_i32 left = fours; left > 0; left -= 4) {
                sum = split_sixteen(bytes, words, sum);
                bytes += 16;
                words += 8;
            }
            *sums++ = sum;
        }
        return;
    }
    while (sums != behind) {
        ai_i32 sum = 0;
        for (ai_i32 left = fours; left > 0; left--) {
            sum = split_four(bytes, words, sum);
            bytes += 4;
            words += 2;
        }
        *sums++ = sum;
    }
}

/* The elements of so many words. */
static inline ai_i32 sum_of(const ai_u32 *words, ai_i32 count) {
    ai_i32 sum = 0;
    for (; count >= 4; count -= 4) {
        sum = nn_add_halves(words[0], sum);
        sum = nn_add_halves(words[1], sum);
        sum = nn_add_halves(words[2], sum);
        sum = nn_add_halves(words[3], sum);
        words += 4;
    }
    for (; count > 0; count--) {
        sum = nn_add_halves(*words, sum);
        words++;
    }
    return sum;
}

/* The same row one element on. */
static void shift(const ai_u32 *row, ai_i32 count, ai_u32 *shifted) {
    ai_u32 word = *row++;
    ai_i32 left = count - 1;
    for (; left >= 2; left -= 2) {
        const ai_u32 next = row[0];
        shifted[0] = word >> 16 | next << 16;
        word = row[1];
        shifted[1] = next >> 16 | word << 16;
        row += 2;
        shifted += 2;
    }
    if (left > 0) {
        const ai_u32 next = *row;
        *shifted++ = word >> 16 | next << 16;
        word = next;
    }
    *shifted = word >> 16;
}

ai_i32 nn_conv_rows_begin(const nn_conv_rows *rows, ai_i32 x) {
    const nn_conv_shape *shape = rows->shape;
    const ai_i32 at = rows->lead + (x * shape->stride_x - shape->pad_left) * shape->channels;
    return (at % 2 == 0 ? rows->straight : rows->shifted) + at / 2;
}

/* Of each window's row, from those of columns. */
static void add_columns(const nn_conv_rows *rows, ai_i32 *sums) {
    const nn_conv_shape *shape = rows->shape;
    const ai_i32 count = shape->output_width;
    const ai_i32 *first = rows->columns;
    if (shape->stride_x == 1) {
        const ai_i32 *behind = first + shape->kernel_width;
        ai_i32 sum = 0;
        for (const ai_i32 *column = first; column != behind; column++) {
            sum += *column;
        }
        sums[0] = sum;
        for (ai_i32 x = 1; x < count; x++) {
            sum += *behind++ - *first++;
            sums[x] = sum;
        }
        return;
    }
    for (ai_i32 x = 0; x < count; x++) {
        ai_i32 sum = first[0];
        for (ai_i32 kx = 1; kx < shape->kernel_width; kx++) {
            sum += first[kx];
        }
        sums[x] = sum;
        first += shape->stride_x;
    }
}

/* Of each window's row, from its words. */
static void add_words(const nn_conv_rows *rows, const ai_u32 *row, ai_i32 *sums) {
    const nn_conv_shape *shape = rows->shape;
    const ai_i32 between = shape->stride_x * shape->channels;
    const ai_u32 *even = row + rows->straight;
    const ai_u32 *odd = row + rows->shifted;
    const ai_i32 steps = rows->steps;
    ai_i32 at = rows->lead - shape->pad_left * shape->channels;
    for (ai_i32 left = shape->output_width; left > 0; left--) {
        const ai_u32 *words = ((at & 1) != 0 ? odd : even) + at / 2;
        const ai_u32 *const behind = words + steps;
        ai_i32 sum = 0;
        if ((steps & 1) != 0) {
            sum = nn_add_halves(*words++, 0);
        }
        while (words != behind) {
            sum = nn_add_halves(words[0], sum);
            sum = nn_add_halves(words[1], sum);
            words += 2;
        }
        *sums++ = sum;
        at += between;
    }
}

/* Columns of the image, and their sums, where columns are words. */
static void widen_row(const nn_conv_rows *rows, const ai_i8 *bytes, ai_i32 columns, ai_u32 *words) {
    const ai_i32 depth = rows->shape->channels;
    ai_i32 *sums = rows->columns == NULL ? NULL : rows->columns + rows->shape->pad_left;
    if (depth % 4 == 0) {
        split_columns(bytes, columns, depth / 4, words, sums);
        return;
    }
    widen(bytes, columns * depth, words);
    for (ai_i32 x = 0; sums != NULL && x < columns; x++) {
        sums[x] = sum_of(words, depth / 2);
        words += depth / 2;
    }
}

/* A row of the image or, outside of it, padding. */
static void add_row(const nn_conv_rows *rows, const ai_i8 *image, ai_i32 y, ai_u32 *row) {
    const nn_conv_shape *shape = rows->shape;
    const ai_i32 depth = shape->channels;
    const ai_i32 zero = shape->input_zero_point;
    const bool inside = y >= 0 && y < shape->height;
    const ai_i32 left = inside ? shape->pad_left : rows->reach;
    const ai_i32 under = rows->reach - left;
    const ai_i32 columns = under < shape->width ? under : shape->width;
    const ai_i32 lead = inside ? rows->lead : 0;
    ai_u32 *const elements = row + rows->straight;
    ai_i32 *const sums = (ai_i32 *)row + rows->sums;
    fill(elements, 0, lead, zero);
    if (columns > 0) {
        widen_row(rows, image + y * shape->width * depth, columns, elements + lead / 2);
    }
    fill(elements, inside ? lead + columns * depth : 0, 2 * rows->size, zero);
    if (rows->shifted >= 0) {
        shift(elements, rows->size, row + rows->shifted);
    }
    if (rows->columns == NULL) {
        add_words(rows, row, sums);
        return;
    }
    for (ai_i32 x = 0; x < left; x++) {
        rows->columns[x] = zero * depth;
    }
    for (ai_i32 x = left + columns; x < rows->reach; x++) {
        rows->columns[x] = zero * depth;
    }
    add_columns(rows, sums);
}

void nn_conv_rows_under(nn_conv_rows *rows, const ai_i8 *image, ai_i32 y, ai_i32 more) {
    const nn_conv_shape *shape = rows->shape;
    const ai_i32 top = y * shape->stride_y;
    const ai_i32 end = top + more * shape->stride_y + shape->kernel_height;
    if (rows->end > top && top > rows->top) {
        nn_move_words(rows->words, rows->words + (top - rows->top) * rows->pitch,
                      (rows->end - top) * rows->pitch);
    }
    rows->top = top;
    for (rows->end = rows->end > top ? rows->end : top; rows->end < end; rows->end++) {
        add_row(rows, image, rows->end - shape->pad_top,
                rows->words + (rows->end - top) * rows->pitch);
    }
}
