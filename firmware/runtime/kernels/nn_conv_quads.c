/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_quads.h"

#include <string.h>

#include "nn_conv_window.h"
#include "nn_quads.h"

void nn_conv_quads(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                   const ai_u32 *weights, const ai_i32 *bias, const ai_float *multipliers,
                   ai_u32 *scratch) {
    const ai_i32 pixels = shape->output_height * shape->output_width;
    const ai_i32 quads = (shape->filters + 3) / 4;
    const bool whole = shape->filters % 4 == 0;
    const nn_conv_loader loader = nn_conv_loading(shape, scratch);
    ai_u32 *const wide = scratch + loader.fours;
    /* Of filters that are no whole quads, and of a second pixel where there is none. */
    ai_i8 *const spare = (ai_i8 *)(wide + 4 * loader.fours);
    ai_i32 y = 0;
    ai_i32 x = 0;
    for (ai_i32 pixel = 0; pixel < pixels; pixel += 2) {
        nn_quads_job job;
        job.words = weights;
        job.wide = wide;
        job.end = wide + 4 * loader.fours + 2;
        job.bias = bias;
        job.multipliers = multipliers;
        job.quads = quads;
        job.zero_point = shape->sums.zero_point;
        job.low = ((ai_u32)shape->sums.low & 0xFFu) * 0x01010101u;
        job.high = ((ai_u32)shape->sums.high & 0xFFu) * 0x01010101u;
        for (ai_i32 i = 0; i < 2; i++) {
            const bool last = pixel + i >= pixels;
            job.outputs[i] =
                whole && !last ? output + (pixel + i) * shape->filters : spare + i * 4 * quads;
            /* A second pixel that there is not has the first one's window. */
            job.offsets[i] = 128 * nn_conv_load(&loader, input, y, last ? x - 1 : x, wide + i);
            x++;
            if (x == shape->output_width && pixel + i + 1 < pixels) {
                x = 0;
                y++;
            }
        }
        nn_quads(&job);
        for (ai_i32 i = 0; !whole && i < 2 && pixel + i < pixels; i++) {
            memcpy(output + (pixel + i) * shape->filters, spare + i * 4 * quads,
                   (size_t)shape->filters);
        }
    }
}
