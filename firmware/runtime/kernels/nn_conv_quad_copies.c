/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_quads.h"
#include "nn_conv_rows.h"
#include "nn_quads.h"

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

/* Both windows' elements to wide[steps][2]. */
static void copy_windows(const nn_conv_rows *rows, const ai_u32 *const windows[2], ai_u32 *wide) {
    ai_i32 at = 0;
    for (ai_i32 ky = 0; ky < rows->shape->kernel_height; ky++) {
        wide = interleave(windows[0] + at, windows[1] + at, rows->steps, wide);
        at += rows->pitch;
    }
}

/* The elements of a window; `sums` are those of its first row. */
static ai_i32 sum_of(const nn_conv_rows *rows, const ai_u32 *sums) {
    ai_i32 sum = 0;
    for (ai_i32 ky = 0; ky < rows->shape->kernel_height; ky++) {
        sum += (ai_i32)*sums;
        sums += rows->pitch;
    }
    return sum;
}

void nn_conv_quad_copies(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                         const ai_u32 *words, const nn_quads_ends *ends, nn_quads_loop loop,
                         ai_u32 *scratch) {
    const ai_i32 pixels = shape->output_height * shape->output_width;
    const ai_i32 steps = shape->kernel_height * ((shape->kernel_width * shape->channels + 1) / 2);
    nn_conv_rows rows =
        nn_conv_rows_of(shape, shape->kernel_height + shape->stride_y, scratch + 2 * steps);
    nn_quads_job job =
        nn_quads_over(words, steps, (shape->filters + 3) / 4, ends, shape->sums.zero_point);
    ai_i32 y = 0;
    ai_i32 x = 0;
    job.wide = scratch;
    job.behind = scratch + 2 * steps;
    for (ai_i32 pixel = 0; pixel < pixels; pixel += 2) {
        const ai_u32 *windows[2];
        /* The second pixel may begin the next row of output; one that there is not is the first
         * one once more. */
        const bool last = pixel + 1 == pixels;
        const ai_i32 below = x + 1 == shape->output_width && !last ? 1 : 0;
        const ai_i32 second = below == 1 ? 0 : (last ? x : x + 1);
        nn_conv_rows_under(&rows, input, y, below);
        const ai_u32 *const next = rows.words + below * shape->stride_y * rows.pitch;
        windows[0] = rows.words + nn_conv_rows_begin(&rows, x);
        windows[1] = next + nn_conv_rows_begin(&rows, second);
        job.offsets[0] = -128 * sum_of(&rows, rows.words + rows.sums + x);
        job.offsets[1] = -128 * sum_of(&rows, next + rows.sums + second);
        copy_windows(&rows, windows, scratch);
        job.outputs[0] = output + pixel * shape->filters;
        job.outputs[1] = job.outputs[0] + (last ? 0 : shape->filters);
        nn_quads(loop, &job);
        x = second + 1;
        y += below;
        if (x >= shape->output_width) {
            x = 0;
            y++;
        }
    }
    nn_clamp(output, pixels * shape->filters, shape->sums.low, shape->sums.high);
}
