/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_quads.h"
#include "nn_conv_rows.h"
#include "nn_quads.h"

void nn_conv_quad_rows(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                       const ai_u32 *words, ai_i32 integers, nn_quads_end end, ai_u32 *scratch) {
    const ai_i32 pixels = shape->output_height * shape->output_width;
    const ai_i32 steps = shape->kernel_height * ((shape->kernel_width * shape->channels + 1) / 2);
    nn_conv_rows rows = nn_conv_rows_of(shape, scratch + 2 * steps + 2);
    nn_quads_job job = nn_quads_over(words, steps, (shape->filters + 3) / 4, integers, end,
                                     shape->sums.zero_point, scratch);
    nn_conv_pixel next = {0, 0};
    for (ai_i32 pixel = 0; pixel < pixels; pixel += 2) {
        nn_conv_pixel two[2];
        ai_i32 sums[2];
        for (ai_i32 i = 0; i < 2; i++) {
            /* A second pixel that there is not is the first one once more. */
            const bool last = pixel + i >= pixels;
            two[i] = last ? two[0] : next;
            job.outputs[i] = output + (last ? pixel : pixel + i) * shape->filters;
            next.x++;
            if (next.x == shape->output_width) {
                next.x = 0;
                next.y++;
            }
        }
        nn_conv_rows_until(&rows, input, two[0].y);
        nn_conv_rows_until(&rows, input, two[1].y);
        nn_conv_rows_load(&rows, two, scratch, sums);
        job.offsets[0] = -128 * sums[0];
        job.offsets[1] = -128 * sums[1];
        nn_quads(&job);
    }
    nn_clamp(output, pixels * shape->filters, shape->sums.low, shape->sums.high);
}
