/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_stacked_group.h"

#if NN_PACKED_ASSEMBLY

/* clang-format off */

NN_CONV_STACKED_NAKED static void in_floats(void) {
    __asm__(
        NN_CONV_STACKED_APART("add r2, r11, r2, asr #8\n", "add r4, r11, r4, asr #8\n",
                              "add r5, r11, r5, asr #8\n", "add r6, r11, r6, asr #8\n")
        "vmov s0, s1, r2, r4\n"
        "ldr.w r11, [r0, #12]\n"
        "vmov s8, r10\n"
        "vldr s9, [r0, #8]\n"
        "vmov s2, s3, r5, r6\n"
        "vcvt.f32.s32 s0, s0\n"
        "add r3, r11, r3, asr #8\n"
        "vcvt.f32.s32 s1, s1\n"
        "add r7, r11, r7, asr #8\n"
        "vcvt.f32.s32 s2, s2\n"
        "add r8, r11, r8, asr #8\n"
        "vmov s4, s5, r3, r7\n"
        "vcvt.f32.s32 s3, s3\n"
        "add r9, r11, r9, asr #8\n"
        "vmul.f32 s0, s0, s8\n"
        "vmov s6, s7, r8, r9\n"
        "vmul.f32 s1, s1, s8\n"
        "vcvt.f32.s32 s4, s4\n"
        "vmul.f32 s2, s2, s8\n"
        "vcvt.f32.s32 s5, s5\n"
        "vmul.f32 s3, s3, s8\n"
        "vcvt.f32.s32 s6, s6\n"
        "vcvtr.s32.f32 s0, s0\n"
        "vcvt.f32.s32 s7, s7\n"
        "vmul.f32 s4, s4, s9\n"
        "vcvtr.s32.f32 s1, s1\n"
        "vmul.f32 s5, s5, s9\n"
        "vcvtr.s32.f32 s2, s2\n"
        "vmul.f32 s6, s6, s9\n"
        "vcvtr.s32.f32 s3, s3\n"
        "vmul.f32 s7, s7, s9\n"
        "ldr.w r11, [sp, #" NN_CONV_STACKED_ZERO_POINT "]\n"
        "vcvtr.s32.f32 s4, s4\n"
        "vmov r2, r4, s0, s1\n"
        "vcvtr.s32.f32 s5, s5\n"
        "ldr.w r0, [sp, #" NN_CONV_STACKED_BELOW " + 8]\n"
        "vcvtr.s32.f32 s6, s6\n"
        "vmov r5, r6, s2, s3\n"
        "vcvtr.s32.f32 s7, s7\n"
        "qadd r2, r2, r11\n"
        "ldr.w r10, [sp, #" NN_CONV_STACKED_BELOW "]\n"
        "qadd r6, r6, r11\n"
        "vmov r3, r7, s4, s5\n"
        "qadd r5, r5, r11\n"
        "vmov r8, r9, s6, s7\n"
        "ssat r6, #8, r6\n"
        "qadd r4, r4, r11\n"
        "strb.w r6, [r12, r0]\n"
        "ssat r5, #8, r5\n"
        "ldr.w r6, [sp, #" NN_CONV_STACKED_BELOW " + 4]\n"
        "qadd r9, r9, r11\n"
        "ssat r4, #8, r4\n"
        "qadd r8, r8, r11\n"
        "strb.w r5, [r12, r6]\n"
        "ssat r2, #8, r2\n"
        "qadd r7, r7, r11\n"
        "strb.w r4, [r12, r10]\n"
        "ssat r9, #8, r9\n"
        "qadd r3, r3, r11\n"
        "strb.w r2, [r12]\n"
        "ssat r8, #8, r8\n"
        "ldr.w r11, [sp, #" NN_CONV_STACKED_PIXELS " + 4]\n"
        "ssat r7, #8, r7\n"
        "strb.w r9, [r11, r0]\n"
        "ssat r3, #8, r3\n"
        "strb.w r8, [r11, r6]\n"
        "strb.w r7, [r11, r10]\n"
        "strb.w r3, [r11]\n"
        "bx lr\n");
}

/* clang-format on */

#else

#include "nn_dsp.h"
#include "nn_requantize.h"
#include "nn_smmla.h"

#define in_floats 0u

typedef struct {
    ai_u32 u;
    ai_u32 v;
    ai_u32 w;
} sums_of_four;

/* The low 24 bits, signed. */
static ai_i32 signed_24(ai_u32 sum) {
    return (ai_i32)(sum & 0x7FFFFFu) - (ai_i32)(sum & 0x800000u);
}

/* Constants of a filter: factor and addend, or the multiplier's bits and the bias. */
static ai_i8 requantized(const nn_conv_stacked_job *job, bool integers, ai_i32 sum,
                         const ai_u32 *constants) {
    if (integers) {
        return nn_smmla(256 * sum, (ai_i32)constants[0], (ai_i32)constants[1],
                        (ai_i32)job->ends[0]);
    }
    ai_float multiplier;
    memcpy(&multiplier, &constants[0], sizeof(multiplier));
    return nn_requantize((ai_i32)((ai_u32)sum + constants[1]), multiplier, job->zero_point, -128,
                         127);
}

/* A step's word has two bytes of either filter. */
static sums_of_four sums_of(nn_conv_stacked_loop loop, const ai_u32 *wide, const ai_u32 *words,
                            ai_i32 filter) {
    const ai_i32 stride = loop->stride * loop->pitch;
    const ai_i32 firsts = loop->stride < loop->height ? loop->stride : loop->height;
    sums_of_four sums = {words[filter], words[filter], words[filter]};
    words += NN_CONV_STACKED_BEFORE;
    for (ai_i32 pair = 0; pair < loop->pairs; pair++) {
        for (ai_i32 first = 0; first < firsts; first++) {
            for (ai_i32 row = first; row < loop->height; row += loop->stride) {
                const ai_u32 *element = wide + row * loop->pitch + pair;
                const ai_u32 weights = filter == 0 ? nn_even(*words) : nn_odd(*words);
                sums.u += (ai_u32)nn_two_products(element[0], weights, 0);
                sums.w += (ai_u32)nn_two_products(element[stride], weights, 0);
                sums.v += (ai_u32)nn_two_products(element[2 * stride], weights, 0);
                words++;
            }
        }
    }
    return sums;
}

static void end_filter(const nn_conv_stacked_job *job, bool integers, sums_of_four split,
                       const ai_u32 *constants, ai_i8 *output) {
    ai_i32 sums[4];
    sums[0] = signed_24(split.u - ((split.w - (split.v << 8)) << 8));
    sums[1] = signed_24((split.u - (ai_u32)sums[0]) >> 8);
    sums[2] = signed_24((split.w - (ai_u32)sums[1]) >> 8);
    sums[3] = signed_24((split.v - (ai_u32)sums[2]) >> 8);
    for (ai_i32 i = 3; i >= 0; i--) {
        output[i == 0 ? 0 : job->below[i - 1]] = requantized(job, integers, sums[i], constants);
    }
}

void nn_conv_stacked_group(nn_conv_stacked_loop loop, const nn_conv_stacked_job *job) {
    const ai_i32 steps = loop->height * loop->pairs;
    const ai_u32 *words = job->words;
    while (words != job->stop) {
        const bool integers = words < job->floats && job->ends[0] != in_floats;
        const ai_u32 *constants = words + NN_CONV_STACKED_BEFORE + steps;
        const ai_u32 *wide = job->wide;
        ai_i32 hop = 0;
        for (ai_i8 *output = job->output; output != job->behind; output += job->filters) {
            for (ai_i32 filter = 0; filter < 2; filter++) {
                const ai_u32 place = constants[4] >> (16 * filter) & 0xFFFFu;
                end_filter(job, integers, sums_of(loop, wide, words, filter),
                           constants + 2 * filter, output + place);
            }
            wide += job->hops[hop] / 4;
            hop = 1 - hop;
        }
        words = constants + NN_CONV_STACKED_BEHIND;
    }
}

#endif

nn_conv_stacked_job nn_conv_stacked_over(const ai_u32 *words, ai_i32 steps, ai_i32 pairs,
                                         ai_i32 integers, nn_conv_stacked_end end,
                                         ai_i32 zero_point) {
    const ai_i32 size = NN_CONV_STACKED_BEFORE + steps + NN_CONV_STACKED_BEHIND;
    nn_conv_stacked_job job = {0};
    job.ends[0] = integers > 0 ? end : in_floats;
    job.ends[1] = in_floats;
    job.floats = words + size * (integers > 0 ? integers : pairs);
    job.stop = words + size * pairs;
    job.zero_point = zero_point;
    job.words = words;
    return job;
}
