/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_tables_group.h"

#if NN_PACKED_ASSEMBLY

/* 384 * a sum times the inverse of 3 modulo 2^32, and 128 * the bias: 128 * an accumulator, whose
 * multiplier / 128 is in s15. */
NN_CONV_TABLES_NAKED static void in_floats(void) {
    __asm__(NN_CONV_TABLES_FILTER "vmov s15, r10\n"
                                  "movw r10, #0xAAAB\n"
                                  "movt r10, #0xAAAA\n"
                                  "ldr r1, [r0, #16]\n"
                                  "ldr r2, [r0, #8]\n"
                                  "ldr r3, [r0, #32]\n"
                                  "ldr r4, [r0, #24]\n"
                                  "ldr r5, [r0, #40]\n"
                                  "sub r6, r4, r3\n"
                                  "ldr r7, [r0]\n"
                                  "add r8, r2, r1\n"
                                  "sub r1, r2, r1\n"
                                  "add r2, r7, r8\n"
                                  "add r7, r1, r6, lsl #1\n"
                                  "add r3, r4, r3\n"
                                  "add r1, r1, r6, lsl #3\n"
                                  "ldr r4, [r0, #64]\n"
                                  "ldr r6, [r0, #56]\n"
                                  "mla r7, r7, r10, r11\n"
                                  "add r1, r1, r5, lsl #2\n"
                                  "add r2, r2, r3\n"
                                  "add r3, r8, r3, lsl #2\n"
                                  "sub r1, r1, lr\n"
                                  "ldr r5, [sp, #" NN_CONV_TABLES_ZERO_POINT "]\n"
                                  "vmov s0, r7\n"
                                  "mla r1, r1, r10, r11\n"
                                  "sub r3, r3, r12\n"
                                  "mla r2, r2, r10, r11\n"
                                  "ldr r7, [sp, #" NN_CONV_TABLES_OUTPUTS "]\n"
                                  "vmov s1, r1\n"
                                  "vmov s2, r2\n"
                                  "vcvt.f32.s32 s0, s0\n"
                                  "mla r1, r3, r10, r11\n"
                                  "add r2, r7, r9\n"
                                  "vcvt.f32.s32 s1, s1\n"
                                  "vcvt.f32.s32 s2, s2\n"
                                  "vmul.f32 s0, s0, s15\n"
                                  "vmul.f32 s1, s1, s15\n"
                                  "vmov s3, r1\n"
                                  "vmul.f32 s2, s2, s15\n"
                                  "vcvtr.s32.f32 s0, s0\n"
                                  "vcvt.f32.s32 s3, s3\n"
                                  "sub r1, r6, r4\n"
                                  "ldr r3, [sp, #" NN_CONV_TABLES_FILTERS "]\n"
                                  "vcvtr.s32.f32 s2, s2\n"
                                  "vmov r7, s0\n"
                                  "vcvtr.s32.f32 s0, s1\n"
                                  "add r7, r7, r5\n"
                                  "add r4, r6, r4\n"
                                  "vmov r6, s2\n"
                                  "vmul.f32 s1, s3, s15\n"
                                  "ssat r7, #8, r7\n"
                                  "vmov r8, s0\n"
                                  "add r6, r6, r5\n"
                                  "strb r7, [r2, r3]\n"
                                  "add r7, r8, r5\n"
                                  "add r8, r2, r3, lsl #1\n"
                                  "ssat r6, #8, r6\n"
                                  "vcvtr.s32.f32 s0, s1\n"
                                  "ssat r7, #8, r7\n"
                                  "strb r6, [r2]\n"
                                  "ldr r2, [r0, #80]\n"
                                  "strb r7, [r8, r3]\n"
                                  "ldr r3, [r0, #72]\n"
                                  "ldr r6, [r0, #48]\n"
                                  "add r7, r3, r2\n"
                                  "sub r2, r3, r2\n"
                                  "add r3, r6, r4\n"
                                  "ldr r6, [r0, #88]\n"
                                  "add r4, r4, r7, lsl #2\n"
                                  "add r3, r3, r7\n"
                                  "add r7, r1, r2, lsl #1\n"
                                  "mla r3, r3, r10, r11\n"
                                  "add r1, r1, r2, lsl #3\n"
                                  "mla r2, r7, r10, r11\n"
                                  "add r1, r1, r6, lsl #2\n"
                                  "sub r1, r1, lr\n"
                                  "vmov s1, r2\n"
                                  "vmov s2, r3\n"
                                  "vmov r2, s0\n"
                                  "mla r1, r1, r10, r11\n"
                                  "sub r3, r4, r12\n"
                                  "vcvt.f32.s32 s0, s1\n"
                                  "vcvt.f32.s32 s1, s2\n"
                                  "vmov s2, r1\n"
                                  "ldr r1, [sp, #" NN_CONV_TABLES_FILTERS "]\n"
                                  "ldr r4, [sp, #" NN_CONV_TABLES_OUTPUTS " + 4]\n"
                                  "add r2, r2, r5\n"
                                  "vmul.f32 s0, s0, s15\n"
                                  "mla r3, r3, r10, r11\n"
                                  "vcvt.f32.s32 s2, s2\n"
                                  "ssat r2, #8, r2\n"
                                  "vmul.f32 s1, s1, s15\n"
                                  "vcvtr.s32.f32 s0, s0\n"
                                  "vmul.f32 s2, s2, s15\n"
                                  "vmov s3, r3\n"
                                  "vcvtr.s32.f32 s1, s1\n"
                                  "ldr r3, [r0, #120]\n"
                                  "strb r2, [r8]\n"
                                  "vcvt.f32.s32 s3, s3\n"
                                  "vmov r2, s0\n"
                                  "vmov r5, s1\n"
                                  "vcvtr.s32.f32 s0, s2\n"
                                  "ldr r6, [sp, #" NN_CONV_TABLES_ZERO_POINT "]\n"
                                  "add r4, r4, r9\n"
                                  "add r2, r2, r6\n"
                                  "ldr r7, [r0, #128]\n"
                                  "add r5, r5, r6\n"
                                  "vmov r8, s0\n"
                                  "ssat r2, #8, r2\n"
                                  "vmul.f32 s0, s3, s15\n"
                                  "ssat r5, #8, r5\n"
                                  "strb r2, [r4, r1]\n"
                                  "add r2, r4, r1, lsl #1\n"
                                  "strb r5, [r4]\n"
                                  "add r4, r8, r6\n"
                                  "ldr r5, [r0, #112]\n"
                                  "sub r8, r3, r7\n"
                                  "vcvtr.s32.f32 s0, s0\n"
                                  "ssat r4, #8, r4\n"
                                  "add r3, r3, r7\n"
                                  "strb r4, [r2, r1]\n"
                                  "ldr r1, [r0, #104]\n"
                                  "ldr r4, [r0, #96]\n"
                                  "sub r7, r1, r5\n"
                                  "add r1, r1, r5\n"
                                  "add r5, r7, r8, lsl #1\n"
                                  "add r4, r4, r1\n"
                                  "add r1, r1, r3, lsl #2\n"
                                  "add r3, r4, r3\n"
                                  "ldr r4, [r0, #136]\n"
                                  "mla r3, r3, r10, r11\n"
                                  "add r7, r7, r8, lsl #3\n"
                                  "mla r5, r5, r10, r11\n"
                                  "add r4, r7, r4, lsl #2\n"
                                  "ldr r7, [sp, #" NN_CONV_TABLES_FILTERS "]\n"
                                  "sub r4, r4, lr\n"
                                  "sub r1, r1, r12\n"
                                  "vmov s1, r5\n"
                                  "vmov s2, r3\n"
                                  "mla r3, r4, r10, r11\n"
                                  "ldr r4, [sp, #" NN_CONV_TABLES_ZERO_POINT "]\n"
                                  "vmov r5, s0\n"
                                  "vcvt.f32.s32 s0, s1\n"
                                  "vmov s1, r3\n"
                                  "ldr r3, [sp, #" NN_CONV_TABLES_OUTPUTS " + 8]\n"
                                  "vcvt.f32.s32 s2, s2\n"
                                  "vcvt.f32.s32 s1, s1\n"
                                  "add r5, r5, r6\n"
                                  "vmul.f32 s0, s0, s15\n"
                                  "mla r1, r1, r10, r11\n"
                                  "vmul.f32 s2, s2, s15\n"
                                  "vmul.f32 s1, s1, s15\n"
                                  "ssat r5, #8, r5\n"
                                  "vcvtr.s32.f32 s0, s0\n"
                                  "vcvtr.s32.f32 s2, s2\n"
                                  "vmov s3, r1\n"
                                  "strb r5, [r2]\n"
                                  "ldr r1, [r0, #160]\n"
                                  "vmov r2, s0\n"
                                  "vcvtr.s32.f32 s0, s1\n"
                                  "vmov r5, s2\n"
                                  "ldr r6, [r0, #176]\n"
                                  "add r2, r2, r4\n"
                                  "add r5, r5, r4\n"
                                  "add r3, r3, r9\n"
                                  "ssat r2, #8, r2\n"
                                  "vmov r8, s0\n"
                                  "ssat r5, #8, r5\n"
                                  "strb r2, [r3, r7]\n"
                                  "ldr r2, [r0, #152]\n"
                                  "strb r5, [r3]\n"
                                  "add r5, r8, r4\n"
                                  "add r8, r2, r1\n"
                                  "sub r1, r2, r1\n"
                                  "add r2, r3, r7, lsl #1\n"
                                  "ssat r3, #8, r5\n"
                                  "ldr r5, [r0, #168]\n"
                                  "strb r3, [r2, r7]\n"
                                  "ldr r3, [r0, #144]\n"
                                  "add r7, r5, r6\n"
                                  "sub r5, r5, r6\n"
                                  "add r3, r3, r8\n"
                                  "add r6, r8, r7, lsl #2\n"
                                  "add r3, r3, r7\n"
                                  "add r7, r1, r5, lsl #1\n"
                                  "ldr r8, [r0, #184]\n"
                                  "add r1, r1, r5, lsl #3\n"
                                  "mla r3, r3, r10, r11\n"
                                  "sub r5, r6, r12\n"
                                  "mla r6, r7, r10, r11\n"
                                  "add r1, r1, r8, lsl #2\n"
                                  "vcvt.f32.s32 s0, s3\n"
                                  "vmov s1, r6\n"
                                  "vmov s2, r3\n"
                                  "sub r1, r1, lr\n"
                                  "vmul.f32 s0, s0, s15\n"
                                  "mla r3, r5, r10, r11\n"
                                  "vcvt.f32.s32 s2, s2\n"
                                  "mla r1, r1, r10, r11\n"
                                  "vcvt.f32.s32 s1, s1\n"
                                  "vcvtr.s32.f32 s0, s0\n"
                                  "vmov s3, r3\n"
                                  "vmul.f32 s2, s2, s15\n"
                                  "vmov s4, r1\n"
                                  "vmul.f32 s1, s1, s15\n"
                                  "vmov r1, s0\n"
                                  "vcvt.f32.s32 s0, s3\n"
                                  "vcvtr.s32.f32 s2, s2\n"
                                  "add r1, r1, r4\n"
                                  "vcvt.f32.s32 s3, s4\n"
                                  "vmul.f32 s0, s0, s15\n"
                                  "vcvtr.s32.f32 s1, s1\n"
                                  "vmov r3, s2\n"
                                  "ldr r4, [sp, #" NN_CONV_TABLES_OUTPUTS " + 12]\n"
                                  "ldr r5, [sp, #" NN_CONV_TABLES_ZERO_POINT "]\n"
                                  "add r3, r3, r5\n"
                                  "vmul.f32 s2, s3, s15\n"
                                  "ssat r1, #8, r1\n"
                                  "vmov r6, s1\n"
                                  "vcvtr.s32.f32 s0, s0\n"
                                  "strb r1, [r2]\n"
                                  "ssat r1, #8, r3\n"
                                  "vcvtr.s32.f32 s1, s2\n"
                                  "add r2, r6, r5\n"
                                  "add r3, r4, r9\n"
                                  "ldr r4, [sp, #" NN_CONV_TABLES_FILTERS "]\n"
                                  "vmov r6, s0\n"
                                  "ssat r2, #8, r2\n"
                                  "vmov r7, s1\n"
                                  "strb r1, [r3]\n"
                                  "add r1, r6, r5\n"
                                  "add r5, r7, r5\n"
                                  "add r6, r3, r4, lsl #1\n"
                                  "ssat r1, #8, r1\n"
                                  "strb r2, [r3, r4]\n"
                                  "ssat r2, #8, r5\n"
                                  "strb r1, [r6]\n"
                                  "strb r2, [r6, r4]\n" NN_CONV_TABLES_DONE);
}

#else

#include "nn_dsp.h"
#include "nn_requantize.h"
#include "nn_smmla.h"

#define in_floats 0u

/* What is 384 * a sum modulo 2^32, as a number with its sign. */
static ai_i32 signed_32(ai_u32 value) {
    return (ai_i32)(value & 0x7FFFFFFFu) - (ai_i32)(value >> 31) * 0x7FFFFFFF -
           (ai_i32)(value >> 31);
}

static ai_i8 requantized(const nn_conv_tables_job *job, bool integers, ai_i32 scaled,
                         const ai_u32 *constants) {
    if (integers) {
        return nn_smmla(scaled, (ai_i32)constants[0], (ai_i32)constants[1], (ai_i32)job->ends[0]);
    }
    ai_float multiplier;
    memcpy(&multiplier, &constants[0], sizeof(multiplier));
    return nn_requantize((ai_i32)((ai_u32)(scaled / 384) * 128u + constants[1]), multiplier,
                         job->zero_point, -128, 127);
}

/* The six sums of a filter and a tile to its four pixels. */
static void end_tile(const nn_conv_tables_job *job, const ai_u32 *sums, const ai_u32 *constants,
                     ai_i8 *output) {
    const bool integers = constants < job->floats && job->ends[0] != in_floats;
    const ai_u32 a = sums[1] + sums[2];
    const ai_u32 b = sums[1] - sums[2];
    const ai_u32 c = sums[3] + sums[4];
    const ai_u32 d = sums[3] - sums[4];
    const ai_u32 scaled[4] = {sums[0] + a + c, b + 2u * d, a + 4u * c - constants[2],
                              b + 8u * d + 4u * sums[5] - constants[3]};
    for (ai_i32 i = 0; i < 4; i++) {
        output[(ai_i32)constants[4] + i * job->filters] =
            requantized(job, integers, signed_32(scaled[i]), constants);
    }
}

void nn_conv_tables_group(nn_conv_tables_loop loop, const nn_conv_tables_job *job) {
    const ai_i32 rows = 4 / loop->across + 2;
    const ai_i32 place_words = loop->steps / 3 * rows * loop->tiles;
    const ai_u32 *table = job->table;
    for (const ai_u32 *pair = job->constants; pair != job->stop; pair += NN_CONV_TABLES_CONSTANTS) {
        ai_u32 sums[2][4][6] = {0};
        for (ai_i32 place = 0; place < 6; place++) {
            for (ai_i32 step = 0; step < loop->steps; step++, table += 2) {
                for (ai_i32 tile = 0; tile < 4; tile++) {
                    const ai_i32 row = step / 3 * rows + step % 3 + tile / loop->across;
                    const ai_u32 wide =
                        job->wide[place * place_words + row * loop->tiles + tile % loop->across];
                    sums[0][tile][place] += (ai_u32)nn_two_products(wide, table[0], 0);
                    sums[1][tile][place] += (ai_u32)nn_two_products(wide, table[1], 0);
                }
            }
        }
        for (ai_i32 tile = 0; tile < 4; tile++) {
            end_tile(job, sums[0][tile], pair, job->outputs[tile]);
            end_tile(job, sums[1][tile], pair + NN_CONV_TABLES_CONSTANTS / 2, job->outputs[tile]);
        }
    }
}

#endif

nn_conv_tables_job nn_conv_tables_over(const ai_u32 *constants, ai_i32 pairs, ai_i32 integers,
                                       nn_conv_tables_end end, ai_i32 zero_point) {
    nn_conv_tables_job job = {0};
    job.constants = constants;
    job.ends[0] = integers > 0 ? end : in_floats;
    job.ends[1] = in_floats;
    job.floats = constants + NN_CONV_TABLES_CONSTANTS * (integers > 0 ? integers : pairs);
    job.stop = constants + NN_CONV_TABLES_CONSTANTS * pairs;
    job.zero_point = zero_point;
    return job;
}
