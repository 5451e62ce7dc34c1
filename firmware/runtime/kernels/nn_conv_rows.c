/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_rows.h"

#include "nn_dsp.h"
#include "nn_packed_assembly.h"
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
    rows.padded = scratch;
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

/* Columns of `fours` times four elements: of each four the even ones, then the odd ones; and their
 * sums. At least one column. */
#if NN_PACKED_ASSEMBLY

/* Sixteen of a column, with what is left of it told by the flags: r10 counts fours. An operation on
 * lanes starts once a cycle: what else there is to do stands beside it. */
#define SIXTEEN                                                                                    \
    "ldr r4, [r0]\n"                                                                               \
    "ldr r5, [r0, #4]\n"                                                                           \
    "sxtb16 r6, r4\n"                                                                              \
    "ldr r8, [r0, #8]\n"                                                                           \
    "sxtb16 r7, r4, ror #8\n"                                                                      \
    "smlad r11, r6, lr, r11\n"                                                                     \
    "sxtb16 r4, r5\n"                                                                              \
    "smlad r11, r7, lr, r11\n"                                                                     \
    "sxtb16 r5, r5, ror #8\n"                                                                      \
    "ldr r9, [r0, #12]\n"                                                                          \
    "strd r6, r7, [r3]\n"                                                                          \
    "sxtb16 r6, r8\n"                                                                              \
    "smlad r11, r4, lr, r11\n"                                                                     \
    "sxtb16 r7, r8, ror #8\n"                                                                      \
    "smlad r11, r5, lr, r11\n"                                                                     \
    "strd r4, r5, [r3, #8]\n"                                                                      \
    "sxtb16 r8, r9\n"                                                                              \
    "smlad r11, r6, lr, r11\n"                                                                     \
    "sxtb16 r9, r9, ror #8\n"                                                                      \
    "smlad r11, r7, lr, r11\n"                                                                     \
    "strd r6, r7, [r3, #16]\n"                                                                     \
    "adds r0, #16\n"                                                                               \
    "smlad r11, r8, lr, r11\n"                                                                     \
    "strd r8, r9, [r3, #24]\n"                                                                     \
    "adds r3, #32\n"                                                                               \
    "smlad r11, r9, lr, r11\n"                                                                     \
    "subs r10, #4\n"

__attribute__((naked, noinline)) static void
split_columns(__attribute__((unused)) const ai_i8 *bytes, __attribute__((unused)) ai_i32 columns,
              __attribute__((unused)) ai_i32 fours, __attribute__((unused)) ai_u32 *words,
              __attribute__((unused)) ai_i32 *sums) {
    __asm__(".syntax unified\n"
            "push {r4-r11, lr}\n"
            "ldr r12, [sp, #36]\n"
            "mov lr, #0x00010001\n"
            "add r1, r12, r1, lsl #2\n"
            "tst r2, #3\n"
            "bne 1f\n"
            "0:\n"
            "mov r10, r2\n"
            "mov r11, #0\n"
            "2:\n" SIXTEEN "bne 2b\n"
            "str r11, [r12], #4\n"
            "cmp r12, r1\n"
            "bne 0b\n"
            "pop {r4-r11, pc}\n"
            "1:\n"
            "subs r10, r2, #4\n"
            "mov r11, #0\n"
            "blt 3f\n"
            "2:\n" SIXTEEN "bge 2b\n"
            "3:\n"
            "adds r10, #4\n"
            "4:\n"
            "ldr r4, [r0], #4\n"
            "sxtb16 r6, r4\n"
            "subs r10, #1\n"
            "sxtb16 r7, r4, ror #8\n"
            "smlad r11, r6, lr, r11\n"
            "strd r6, r7, [r3], #8\n"
            "smlad r11, r7, lr, r11\n"
            "bne 4b\n"
            "str r11, [r12], #4\n"
            "cmp r12, r1\n"
            "bne 1b\n"
            "pop {r4-r11, pc}\n");
}

#else

static void split_columns(const ai_i8 *bytes, ai_i32 columns, ai_i32 fours, ai_u32 *words,
                          ai_i32 *sums) {
    for (ai_i32 x = 0; x < columns; x++) {
        ai_i32 sum = 0;
        for (ai_i32 left = fours; left > 0; left--) {
            const ai_u32 word = nn_word(bytes);
            words[0] = nn_even(word);
            words[1] = nn_odd(word);
            sum = nn_add_halves(words[1], nn_add_halves(words[0], sum));
            bytes += 4;
            words += 2;
        }
        sums[x] = sum;
    }
}

#endif

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

/* Sums of `steps` words each, `hop` words apart; each is the one before it without what it leaves
 * behind, and with what comes. */
static inline void slide(const ai_u32 *words, ai_i32 steps, ai_i32 hop, ai_i32 count, ai_i32 *sums,
                         ai_i32 apart) {
    ai_i32 sum = sum_of(words, steps);
    const ai_u32 *behind = words + steps;
    for (; count > 1; count--) {
        *sums = sum;
        sums += apart;
        for (ai_i32 i = 0; i < hop; i++) {
            sum = nn_add_halves(behind[i], nn_subtract_halves(words[i], sum));
        }
        words += hop;
        behind += hop;
    }
    if (count > 0) {
        *sums = sum;
    }
}

/* The same, where no more than two words of each are in the next one. */
static inline void slide_two(const ai_u32 *words, ai_i32 hop, ai_i32 count, ai_i32 *sums,
                             ai_i32 apart) {
    ai_i32 both = nn_add_halves(words[1], nn_add_halves(words[0], 0));
    for (; count > 0; count--) {
        ai_i32 sum = both;
        for (ai_i32 i = 2; i < hop; i++) {
            sum = nn_add_halves(words[i], sum);
        }
        words += hop;
        both = nn_add_halves(words[1], nn_add_halves(words[0], 0));
        *sums = sum + both;
        sums += apart;
    }
}

static void slide_over(const ai_u32 *words, ai_i32 steps, ai_i32 hop, ai_i32 count, ai_i32 *sums,
                       ai_i32 apart) {
    if (hop == 3 && steps == 5) {
        slide_two(words, 3, count, sums, apart);
    } else if (hop == 1) {
        slide(words, steps, 1, count, sums, apart);
    } else {
        slide(words, steps, hop, count, sums, apart);
    }
}

/* Of each window's row, from its words. Windows that begin at odd elements take turns with the
 * others, where they are there. */
static void add_words(const nn_conv_rows *rows, const ai_u32 *row, ai_i32 *sums) {
    const nn_conv_shape *shape = rows->shape;
    const ai_i32 between = shape->stride_x * shape->channels;
    const ai_i32 count = shape->output_width;
    const ai_u32 *const first = row + nn_conv_rows_begin(rows, 0);
    if (between % 2 == 0) {
        slide_over(first, rows->steps, between / 2, count, sums, 1);
        return;
    }
    slide_over(first, rows->steps, between, (count + 1) / 2, sums, 2);
    if (count > 1) {
        slide_over(row + nn_conv_rows_begin(rows, 1), rows->steps, between, count / 2, sums + 1, 2);
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
static void add_row(nn_conv_rows *rows, const ai_i8 *image, ai_i32 y, ai_u32 *row) {
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
    /* Padding left and right stays where it is, under whatever row. */
    const bool again = inside && row < rows->padded;
    if (row >= rows->padded) {
        rows->padded = row + rows->pitch;
    }
    if (!again) {
        fill(elements, 0, lead, zero);
    }
    if (columns > 0) {
        widen_row(rows, image + y * shape->width * depth, columns, elements + lead / 2);
    }
    if (!again) {
        fill(elements, inside ? lead + columns * depth : 0, 2 * rows->size, zero);
    }
    if (rows->shifted >= 0) {
        shift(elements, rows->size, row + rows->shifted);
    }
    if (rows->columns == NULL) {
        add_words(rows, row, sums);
        return;
    }
    if (!again) {
        for (ai_i32 x = 0; x < left; x++) {
            rows->columns[x] = zero * depth;
        }
        for (ai_i32 x = left + columns; x < rows->reach; x++) {
            rows->columns[x] = zero * depth;
        }
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
