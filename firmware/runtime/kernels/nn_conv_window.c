/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_window.h"

#include "nn_dsp.h"
#include "nn_window.h"

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
static void collect(const nn_conv_loader *loader, const ai_i8 *image, ai_i32 top, ai_i32 left) {
    const nn_conv_shape *shape = loader->shape;
    const nn_span rows = nn_inside(top, shape->kernel_height, shape->dilation_y, 0, shape->height);
    const nn_span columns =
        nn_inside(left, shape->kernel_width, shape->dilation_x, 0, shape->width);
    if (rows.end - rows.first < shape->kernel_height ||
        columns.end - columns.first < shape->kernel_width) {
        fill(loader->window, loader->fours, shape->input_zero_point);
    } else {
        loader->window[loader->fours - 1] = 0;
    }
    const ai_i32 step = loader->pieces == 1 ? columns.end - columns.first : 1;
    for (ai_i32 ky = rows.first; ky < rows.end; ky++) {
        const ai_i32 row = (top + ky * shape->dilation_y) * shape->width + left;
        for (ai_i32 kx = columns.first; kx < columns.end; kx += step) {
            copy((ai_i8 *)loader->window + (ky * shape->kernel_width + kx) * loader->depth,
                 image + (row + kx * shape->dilation_x) * shape->channels, step * loader->depth);
        }
    }
}

/* Four elements to words[0] and words[2]; returns the sum with them. */
static inline ai_i32 widen_four(const ai_i8 *bytes, ai_u32 *words, ai_i32 sum) {
    const ai_u32 word = nn_word(bytes);
    const ai_u32 even = nn_even(word);
    const ai_u32 odd = nn_odd(word);
    words[0] = even;
    words[2] = odd;
    return nn_add_halves(odd, nn_add_halves(even, sum));
}

ai_i32 nn_conv_widen(const ai_i8 *bytes, ai_i32 fours, ai_u32 *wide) {
    ai_i32 sum = 0;
    for (; fours >= 4; fours -= 4) {
        sum = widen_four(bytes, wide, sum);
        sum = widen_four(bytes + 4, wide + 4, sum);
        sum = widen_four(bytes + 8, wide + 8, sum);
        sum = widen_four(bytes + 12, wide + 12, sum);
        bytes += 16;
        wide += 16;
    }
    for (; fours > 0; fours--) {
        sum = widen_four(bytes, wide, sum);
        bytes += 4;
        wide += 4;
    }
    return sum;
}

nn_conv_loader nn_conv_loading(const nn_conv_shape *shape, ai_u32 *scratch) {
    nn_conv_loader loader;
    loader.shape = shape;
    loader.depth = shape->channels / shape->groups;
    loader.pieces = shape->groups == 1 && shape->dilation_x == 1 ? 1 : shape->kernel_width;
    loader.bytes = shape->kernel_width / loader.pieces * loader.depth;
    loader.fours = (shape->kernel_height * shape->kernel_width * loader.depth + 3) / 4;
    loader.below = (shape->kernel_height - 1) * shape->dilation_y;
    loader.right = (shape->kernel_width - 1) * shape->dilation_x;
    loader.window = scratch;
    return loader;
}

ai_i32 nn_conv_load(const nn_conv_loader *loader, const ai_i8 *image, ai_i32 y, ai_i32 x,
                    ai_u32 *wide) {
    const nn_conv_shape *shape = loader->shape;
    const ai_i32 top = y * shape->stride_y - shape->pad_top;
    const ai_i32 left = x * shape->stride_x - shape->pad_left;
    if (loader->bytes % 4 != 0 || top < 0 || left < 0 || top + loader->below >= shape->height ||
        left + loader->right >= shape->width) {
        collect(loader, image, top, left);
        return nn_conv_widen((const ai_i8 *)loader->window, loader->fours, wide);
    }
    ai_i32 sum = 0;
    const ai_i8 *row = image + (top * shape->width + left) * shape->channels;
    for (ai_i32 ky = 0; ky < shape->kernel_height; ky++) {
        for (ai_i32 i = 0; i < loader->pieces; i++) {
            sum += nn_conv_widen(row + i * shape->dilation_x * shape->channels, loader->bytes / 4,
                                 wide);
            wide += loader->bytes;
        }
        row += shape->dilation_y * shape->width * shape->channels;
    }
    return sum;
}
