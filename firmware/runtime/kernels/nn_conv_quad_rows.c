/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_quads.h"
#include "nn_conv_rows.h"
#include "nn_quads.h"

void nn_conv_quad_rows(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                       const ai_u32 *words, const nn_quads_ends *ends, nn_quads_loop loop,
                       ai_u32 *scratch) {
    nn_conv_rows rows = nn_conv_rows_of(shape, shape->kernel_height, scratch);
    nn_quads_job job = nn_quads_over(words, shape->kernel_height * rows.steps,
                                     (shape->filters + 3) / 4, ends, shape->sums.zero_point);
    const ai_i32 filters = shape->filters;
    job.next = nn_quads_next_of_row;
    job.count = shape->kernel_height;
    job.pitch = 4 * rows.pitch;
    job.hop = 4 * shape->stride_x * shape->channels; /* two pixels, two elements a word */
    job.below = 2 * filters;
    ai_i8 *bytes = output;
    for (ai_i32 y = 0; y < shape->output_height; y++) {
        nn_conv_rows_under(&rows, input, y, 0);
        const ai_i32 *sum = (const ai_i32 *)rows.words + rows.sums;
        job.wide = rows.words + nn_conv_rows_begin(&rows, 0);
        job.behind = job.wide + shape->kernel_height * rows.pitch;
        job.outputs[0] = bytes;
        job.outputs[1] = bytes + filters;
        job.pairs = shape->output_width / 2;
        job.from = sum;
        ai_i32 first = 0;
        ai_i32 second = 0;
        for (ai_i32 ky = shape->kernel_height; ky > 0; ky--) {
            first += sum[0];
            second += sum[1];
            sum += rows.pitch;
        }
        job.offsets[0] = -128 * first;
        job.offsets[1] = -128 * second;
        nn_quads(loop, &job);
        bytes += shape->output_width * filters;
    }
    nn_clamp(output, shape->output_height * shape->output_width * shape->filters, shape->sums.low,
             shape->sums.high);
}
