/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_quads.h"
#include "nn_conv_rows.h"
#include "nn_quads.h"

void nn_conv_quad_rows(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                       const ai_u32 *words, ai_i32 integers, nn_quads_loop loop, nn_quads_end end,
                       ai_u32 *scratch) {
    nn_conv_rows rows = nn_conv_rows_of(shape, shape->kernel_height, scratch);
    nn_quads_job job =
        nn_quads_over(words, shape->kernel_height * rows.steps, (shape->filters + 3) / 4, integers,
                      end, shape->sums.zero_point);
    const ai_i32 height = shape->kernel_height;
    const ai_i32 pitch = rows.pitch;
    const ai_i32 hop = shape->stride_x * shape->channels; /* two pixels, two elements a word */
    const ai_i32 filters = shape->filters;
    ai_i8 *bytes = output;
    for (ai_i32 y = 0; y < shape->output_height; y++) {
        nn_conv_rows_under(&rows, input, y, 0);
        job.wide = rows.words + nn_conv_rows_begin(&rows, 0);
        const ai_i32 *sums = (const ai_i32 *)rows.words + rows.sums;
        for (ai_i32 left = shape->output_width; left > 0; left -= 2) {
            ai_i32 first = 0;
            ai_i32 second = 0;
            const ai_i32 *sum = sums;
            for (ai_i32 ky = height; ky > 0; ky--) {
                first += sum[0];
                second += sum[1];
                sum += pitch;
            }
            job.offsets[0] = -128 * first;
            job.offsets[1] = -128 * second;
            job.behind = job.wide + height * pitch;
            job.outputs[0] = bytes;
            job.outputs[1] = bytes + filters;
            nn_quads(loop, &job);
            job.wide += hop;
            bytes += 2 * filters;
            sums += 2;
        }
    }
    nn_clamp(output, shape->output_height * shape->output_width * shape->filters, shape->sums.low,
             shape->sums.high);
}
