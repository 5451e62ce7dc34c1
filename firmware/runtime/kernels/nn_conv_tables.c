/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_tables.h"

#include "nn_conv_tables_group.h"
#include "nn_conv_tables_rows.h"
#include "nn_requantize.h"

/* A layer's rows, and a row of bytes with its padding, channels in whole fours. */
typedef struct {
    const nn_conv_shape *shape;
    nn_conv_tables_rows rows;
    ai_i32 columns; /* under the tiles */
    ai_i8 *bytes;
} row_buffer;

/* Row y of the image, counted from the first row of padding, to row `row`. */
static void take_row(const row_buffer *buffer, const ai_i8 *image, ai_i32 y, ai_i32 row) {
    const nn_conv_shape *shape = buffer->shape;
    const ai_i32 pixel = 4 * buffer->rows.fours;
    const ai_i32 inside = y - shape->pad_top;
    if (inside < 0 || inside >= shape->height) {
        memset(buffer->bytes, shape->input_zero_point, (size_t)(buffer->columns * pixel));
    } else {
        const ai_i32 room = buffer->columns - shape->pad_left;
        const ai_i32 count = shape->width < room ? shape->width : room;
        const ai_i8 *from = image + inside * shape->width * shape->channels;
        ai_i8 *to = buffer->bytes + shape->pad_left * pixel;
        if (pixel == shape->channels) {
            memcpy(to, from, (size_t)(count * pixel));
        } else {
            for (ai_i32 i = 0; i < count; i++) {
                for (ai_i32 c = 0; c < shape->channels; c++) {
                    to[c] = from[c];
                }
                from += shape->channels;
                to += pixel;
            }
        }
    }
    nn_conv_tables_transform(&buffer->rows, buffer->bytes, row);
}

/* From four tiles in a row to the pixels of the output that there are. */
static void keep(const nn_conv_shape *shape, const ai_i8 *made, ai_i8 *output, ai_i32 y, ai_i32 x,
                 ai_i32 across) {
    for (ai_i32 tile = 0; tile < 4; tile++) {
        const ai_i32 row = y + tile / across;
        const ai_i32 first = x + 4 * (tile % across);
        const ai_i32 left = shape->output_width - first;
        if (row < shape->output_height && left > 0) {
            memcpy(output + (row * shape->output_width + first) * shape->filters,
                   made + 4 * tile * shape->filters,
                   (size_t)((left < 4 ? left : 4) * shape->filters));
        }
    }
}

static void groups_of_rows(const row_buffer *buffer, ai_i8 *output, ai_i32 y, ai_i32 across,
                           nn_conv_tables_loop loop, nn_conv_tables_job *job, ai_i8 *made) {
    const nn_conv_shape *shape = buffer->shape;
    const ai_i32 filters = shape->filters;
    const bool whole_rows = y + 4 / across <= shape->output_height;
    for (ai_i32 tile = 0; tile < buffer->rows.tiles; tile += across) {
        const ai_i32 x = 4 * tile;
        const bool whole = whole_rows && x + 4 * across <= shape->output_width;
        const ai_i32 width = whole ? shape->output_width : 4 * across;
        ai_i8 *to = whole ? output + (y * width + x) * filters : made;
        for (ai_i32 i = 0; i < 4; i++) {
            job->outputs[i] = to + (i / across * width + 4 * (i % across)) * filters;
        }
        job->wide = buffer->rows.wide + tile;
        nn_conv_tables_group(loop, job);
        if (!whole) {
            keep(shape, made, output, y, x, across);
        }
    }
}

void nn_conv_tables(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                    const ai_u32 *constants, ai_i32 integers, const ai_u32 *table, ai_i32 across,
                    nn_conv_tables_loop loop, nn_conv_tables_end end, ai_u32 *scratch) {
    const ai_i32 down = 4 / across;
    row_buffer buffer;
    buffer.shape = shape;
    buffer.rows.fours = (shape->channels + 3) / 4;
    buffer.rows.tiles = ((shape->output_width + 3) / 4 + across - 1) / across * across;
    buffer.rows.rows = down + 2;
    buffer.rows.wide = scratch;
    buffer.columns = 4 * buffer.rows.tiles + 2;
    scratch += 12 * buffer.rows.fours * buffer.rows.rows * buffer.rows.tiles;
    buffer.bytes = (ai_i8 *)scratch;
    const ai_i32 size = 4 * buffer.rows.fours * buffer.columns;
    ai_i8 *const made = buffer.bytes + size;
    nn_conv_tables_job job = nn_conv_tables_over(constants, (shape->filters + 1) / 2, integers, end,
                                                 shape->sums.zero_point);
    job.table = table;
    job.filters = shape->filters;
    memset(buffer.bytes, shape->input_zero_point, (size_t)size);
    ai_i32 taken = 0;
    for (ai_i32 y = 0; y < shape->output_height; y += down) {
        if (y > 0) {
            nn_conv_tables_move(&buffer.rows);
        }
        for (; taken < y + down + 2; taken++) {
            take_row(&buffer, input, taken, taken - y);
        }
        groups_of_rows(&buffer, output, y, across, loop, &job, made);
    }
    nn_clamp(output, shape->output_height * shape->output_width * shape->filters, shape->sums.low,
             shape->sums.high);
}

/* Two channels' three weights of a row to six words, scaled by 384: G of F(4, 3) times 384 / 4.
 * `apart` words between places. */
static void transform_weights(const ai_i8 weights[6], ai_u32 *table, ai_i32 apart) {
    for (ai_i32 channel = 0; channel < 2; channel++) {
        const ai_i8 *g = weights + 3 * channel;
        const ai_i32 outer = g[0] + g[2];
        const ai_i32 wide = g[0] + 4 * g[2];
        const ai_i32 made[6] = {6 * g[0],        -4 * (outer + g[1]), -4 * (outer - g[1]),
                                wide + 2 * g[1], wide - 2 * g[1],     6 * g[2]};
        for (ai_i32 place = 0; place < 6; place++) {
            const ai_u32 half = (ai_u32)(16 * made[place]) & 0xFFFFu;
            table[place * apart] = channel == 0 ? half : table[place * apart] | half << 16;
        }
    }
}

void nn_conv_tables_make(ai_i32 pairs, ai_i32 steps, const ai_i8 *weights, ai_u32 *table) {
    for (ai_i32 pair = 0; pair < pairs; pair++) {
        for (ai_i32 step = 0; step < steps; step++) {
            transform_weights(weights, table + 2 * step, 2 * steps);
            transform_weights(weights + 6, table + 2 * step + 1, 2 * steps);
            weights += NN_CONV_TABLES_STEP_BYTES;
        }
        table += NN_CONV_TABLES_STEP_WORDS * steps;
    }
}
