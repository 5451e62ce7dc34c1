/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_rows.h"

#include "nn_dsp.h"
#include "nn_packed_assembly.h"

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
    rows.down = rows.sums + rows.rows * shape->output_width;
    rows.reach = reach;
    rows.columns = depth % 2 == 0 ? rows.down + 2 * shape->output_width : NULL;
    return rows;
}

/* `count` elements from `at` on, one by one. */
static void fill(ai_u32 *row, ai_i32 at, ai_i32 count, ai_i32 value) {
    const ai_i16 wide = (ai_i16)value;
    for (ai_i32 i = at; i < at + count; i++) {
        memcpy((ai_i8 *)row + 2 * i, &wide, 2);
    }
}

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

/* Where the windows of column x begin in the first row of the ring. */
static const ai_u32 *begin(const nn_conv_rows *rows, ai_i32 x) {
    const nn_conv_shape *shape = rows->shape;
    const ai_i32 at = rows->lead + (x * shape->stride_x - shape->pad_left) * shape->channels;
    return (at % 2 == 0 ? rows->ring : rows->shifted) + at / 2;
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

/* Of each window's row; where columns are whole words, of each column once. */
static void add_up(const nn_conv_rows *rows, ai_i32 slot) {
    const nn_conv_shape *shape = rows->shape;
    ai_i32 *sums = rows->sums + slot * shape->output_width;
    if (rows->columns == NULL) {
        for (ai_i32 x = 0; x < shape->output_width; x++) {
            sums[x] = sum_of(begin(rows, x) + slot * rows->pitch, rows->steps);
        }
        return;
    }
    const ai_u32 *words = rows->ring + slot * rows->pitch;
    const ai_i32 half = shape->channels / 2;
    for (ai_i32 x = 0; x < rows->reach; x++) {
        rows->columns[x] = sum_of(words, half);
        words += half;
    }
    const ai_i32 *first = rows->columns;
    for (ai_i32 x = 0; x < shape->output_width; x++) {
        ai_i32 sum = 0;
        for (ai_i32 kx = 0; kx < shape->kernel_width; kx++) {
            sum += first[kx];
        }
        sums[x] = sum;
        first += shape->stride_x;
    }
}

/* Sums of whole windows: of a row of output and of the one after it. */
static inline ai_i32 *down(const nn_conv_rows *rows, ai_i32 y) {
    return rows->down + y % 2 * rows->shape->output_width;
}

static void add_down(const nn_conv_rows *rows, ai_i32 y) {
    const nn_conv_shape *shape = rows->shape;
    ai_i32 *const sums = down(rows, y);
    for (ai_i32 ky = 0; ky < shape->kernel_height; ky++) {
        const ai_i32 slot = (y * shape->stride_y + ky) % rows->rows;
        const ai_i32 *row = rows->sums + slot * shape->output_width;
        for (ai_i32 x = 0; x < shape->output_width; x++) {
            sums[x] = ky == 0 ? row[x] : sums[x] + row[x];
        }
    }
}

void nn_conv_rows_until(nn_conv_rows *rows, const ai_i8 *image, ai_i32 y) {
    const nn_conv_shape *shape = rows->shape;
    const ai_i32 needed = y * shape->stride_y + shape->kernel_height;
    const ai_i32 size = shape->width * shape->channels;
    const ai_i32 room = 2 * rows->pitch - rows->lead;
    const ai_i32 inside = size < room ? size : room;
    if (rows->widened >= needed) {
        return;
    }
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
    add_down(rows, y);
}

/* a[i] and b[i] in turn; returns behind the last one. */
#if NN_PACKED_ASSEMBLY
__attribute__((naked, noinline)) static ai_u32 *interleave(__attribute__((unused)) const ai_u32 *a,
                                                           __attribute__((unused)) const ai_u32 *b,
                                                           __attribute__((unused)) ai_i32 count,
                                                           __attribute__((unused)) ai_u32 *to) {
    __asm__(".syntax unified\n"
            "push {r4-r10, lr}\n"
            "subs r2, #4\n"
            "blt 2f\n"
            "1:\n"
            "ldm r0!, {r4-r7}\n"
            "ldm r1!, {r8-r10, lr}\n"
            "subs r2, #4\n"
            "strd r4, r8, [r3]\n"
            "strd r5, r9, [r3, #8]\n"
            "strd r6, r10, [r3, #16]\n"
            "strd r7, lr, [r3, #24]\n"
            "add r3, r3, #32\n"
            "bge 1b\n"
            "2:\n"
            "tst r2, #2\n"
            "beq 3f\n"
            "ldm r0!, {r4-r5}\n"
            "ldm r1!, {r8-r9}\n"
            "strd r4, r8, [r3]\n"
            "strd r5, r9, [r3, #8]\n"
            "adds r3, #16\n"
            "3:\n"
            "tst r2, #1\n"
            "beq 4f\n"
            "ldr r4, [r0]\n"
            "ldr r8, [r1]\n"
            "strd r4, r8, [r3]\n"
            "adds r3, #8\n"
            "4:\n"
            "mov r0, r3\n"
            "pop {r4-r10, pc}\n");
}
#else
static ai_u32 *interleave(const ai_u32 *a, const ai_u32 *b, ai_i32 count, ai_u32 *to) {
    for (ai_i32 i = 0; i < count; i++) {
        to[2 * i] = a[i];
        to[2 * i + 1] = b[i];
    }
    return to + 2 * count;
}
#endif

/* Where the rows under the windows of row y are in the ring, the first ones and then the rest. */
static inline ai_i32 rows_before_turn(const nn_conv_rows *rows, ai_i32 slot) {
    const ai_i32 whole = rows->shape->kernel_height;
    return rows->rows - slot < whole ? rows->rows - slot : whole;
}

/* Windows in one row of pixels turn back to the ring's begin together. */
static void load_beside(const nn_conv_rows *rows, ai_i32 slot, const ai_u32 *a, const ai_u32 *b,
                        ai_u32 *wide) {
    const ai_i32 first = rows_before_turn(rows, slot);
    ai_i32 at = slot * rows->pitch;
    for (ai_i32 left = rows->shape->kernel_height; left > 0; left--) {
        if (left == rows->shape->kernel_height - first) {
            at = 0;
        }
        wide = interleave(a + at, b + at, rows->steps, wide);
        at += rows->pitch;
    }
}

/* The second pixel begins the next row. */
static void load_apart(const nn_conv_rows *rows, ai_i32 slot, ai_i32 other, const ai_u32 *a,
                       const ai_u32 *b, ai_u32 *wide) {
    for (ai_i32 left = rows->shape->kernel_height; left > 0; left--) {
        wide = interleave(a + slot * rows->pitch, b + other * rows->pitch, rows->steps, wide);
        slot = slot + 1 == rows->rows ? 0 : slot + 1;
        other = other + 1 == rows->rows ? 0 : other + 1;
    }
}

void nn_conv_rows_load(const nn_conv_rows *rows, const nn_conv_pixel pixels[2], ai_u32 *wide,
                       ai_i32 sums[2]) {
    const nn_conv_pixel first = pixels[0];
    const nn_conv_pixel second = pixels[1];
    const ai_i32 slot = first.y * rows->shape->stride_y % rows->rows;
    if (first.y == second.y) {
        load_beside(rows, slot, begin(rows, first.x), begin(rows, second.x), wide);
    } else {
        const ai_i32 other = second.y * rows->shape->stride_y % rows->rows;
        load_apart(rows, slot, other, begin(rows, first.x), begin(rows, second.x), wide);
    }
    sums[0] = down(rows, first.y)[first.x];
    sums[1] = down(rows, second.y)[second.x];
}
