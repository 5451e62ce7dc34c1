/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_rows.h"

#include <string.h>

#include "nn_dsp.h"

typedef struct {
    ai_i32 kernel;
    ai_i32 stride;
    ai_i32 dilation;
    ai_i32 pad;
    ai_i32 size;
} axis;

static axis axis_of_conv(const nn_conv_shape *shape) {
    const axis found = {shape->kernel_height, shape->stride_y, shape->dilation_y, shape->pad_top,
                        shape->height};
    return found;
}

static axis axis_of_pool(const nn_pool_shape *shape) {
    const axis found = {shape->kernel_height, shape->stride_y, shape->dilation_y, shape->pad_top,
                        shape->height};
    return found;
}

static ai_i32 within(ai_i32 row, ai_i32 size) {
    const ai_i32 above = row < 0 ? 0 : row;
    return above > size ? size : above;
}

static nn_span under(axis rows, ai_i32 y, ai_i32 count) {
    const ai_i32 top = y * rows.stride - rows.pad;
    const ai_i32 end = top + (count - 1) * rows.stride + (rows.kernel - 1) * rows.dilation + 1;
    const nn_span found = {within(top, rows.size), within(end, rows.size)};
    return found;
}

nn_span nn_rows_under_conv(const nn_conv_shape *shape, ai_i32 y, ai_i32 count) {
    return under(axis_of_conv(shape), y, count);
}

nn_span nn_rows_under_pool(const nn_pool_shape *shape, ai_i32 y, ai_i32 count) {
    return under(axis_of_pool(shape), y, count);
}

nn_conv_shape nn_rows_of_conv(const nn_conv_shape *shape, ai_i32 y, ai_i32 count, nn_span rows) {
    nn_conv_shape part = *shape;
    part.height = rows.end - rows.first;
    part.output_height = count;
    part.pad_top = rows.first - (y * shape->stride_y - shape->pad_top);
    part.band = shape->band < count ? shape->band : count;
    return part;
}

nn_pool_shape nn_rows_of_pool(const nn_pool_shape *shape, ai_i32 y, ai_i32 count, nn_span rows) {
    nn_pool_shape part = *shape;
    part.height = rows.end - rows.first;
    part.output_height = count;
    part.pad_top = rows.first - (y * shape->stride_y - shape->pad_top);
    return part;
}

nn_span nn_rows_missing(nn_strip *strip, nn_span needed) {
    nn_span missing = needed;
    if (needed.first < strip->rows.end) {
        const ai_i8 *from = nn_rows_at(strip, needed.first);
        ai_i8 *to = strip->bytes;
        ai_i32 left = (strip->rows.end - needed.first) * strip->row;
        for (; left >= 4 && from != to; left -= 4) {
            const ai_u32 word = nn_word(from);
            memcpy(to, &word, 4);
            from += 4;
            to += 4;
        }
        for (; left > 0 && from != to; left--) {
            *to++ = *from++;
        }
        missing.first = strip->rows.end;
    }
    strip->rows.first = needed.first;
    strip->rows.end = needed.end > missing.first ? needed.end : missing.first;
    missing.end = strip->rows.end;
    return missing;
}

void nn_join_rows(const nn_joined *joined, const ai_i8 *input, const ai_i8 *table, nn_span rows,
                  ai_i8 *output, ai_i32 pixel) {
    for (ai_i32 row = rows.first; row < rows.end; row++) {
        const ai_i8 *from = input + row / joined->down * joined->width * joined->channels;
        for (ai_i32 x = 0; x < joined->width; x++) {
            for (ai_i32 copies = 0; copies < joined->along; copies++) {
                if (table == NULL) {
                    memcpy(output, from, (size_t)joined->channels);
                } else {
                    for (ai_i32 i = 0; i < joined->channels; i++) {
                        output[i] = table[(ai_i32)from[i] + 128];
                    }
                }
                output += pixel;
            }
            from += joined->channels;
        }
    }
}
