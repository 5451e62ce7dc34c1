/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_quads.h"

#include "nn_conv_window.h"
#include "nn_quads.h"

void nn_conv_quads(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                   const ai_u32 *words, ai_i32 integers, nn_quads_end end, ai_u32 *scratch) {
    const ai_i32 pixels = shape->output_height * shape->output_width;
    const nn_conv_loader loader = nn_conv_loading(shape, scratch);
    ai_u32 *const wide = scratch + loader.fours;
    nn_quads_job job = nn_quads_over(words, 2 * loader.fours, (shape->filters + 3) / 4, integers,
                                     end, shape->sums.zero_point, wide);
    ai_i32 y = 0;
    ai_i32 x = 0;
    for (ai_i32 pixel = 0; pixel < pixels; pixel += 2) {
        for (ai_i32 i = 0; i < 2; i++) {
            /* A second pixel that there is not is the first one once more. */
            const bool last = pixel + i >= pixels;
            job.outputs[i] = output + (last ? pixel : pixel + i) * shape->filters;
            job.offsets[i] = -128 * nn_conv_load(&loader, input, y, last ? x - 1 : x, wide + i);
            x++;
            if (x == shape->output_width && pixel + i + 1 < pixels) {
                x = 0;
                y++;
            }
        }
        nn_quads(&job);
    }
    nn_clamp(output, pixels * shape->filters, shape->sums.low, shape->sums.high);
}
