/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_tables_group.h"

#if NN_PACKED_ASSEMBLY

/* 384 * a sum to an accumulator: without its factor 128, times the inverse of 3 modulo 2^32. */
#define ACCUMULATED(sum)                                                                           \
    "asr.w " sum ", " sum ", #7\n"                                                                 \
    "mla " sum ", " sum ", r10, r11\n"

#define TILE(at)                                                                                   \
    NN_CONV_TABLES_SUMS_OF(at)                                                                     \
    ACCUMULATED("r2")                                                                              \
    "sub.w r3, r3, lr\n" ACCUMULATED("r4") ACCUMULATED("r8")                                       \
        ACCUMULATED("r3") "vmov s0, s1, r2, r4\n"                                                  \
                          "ldr r5, [sp, #" NN_CONV_TABLES_ZERO_POINT "]\n"                         \
                          "vmov s2, s3, r8, r3\n"                                                  \
                          "ldr r7, [sp, #" NN_CONV_TABLES_FILTERS "]\n"                            \
                          "vcvt.f32.s32 s0, s0\n"                                                  \
                          "vcvt.f32.s32 s1, s1\n"                                                  \
                          "vcvt.f32.s32 s2, s2\n"                                                  \
                          "vcvt.f32.s32 s3, s3\n"                                                  \
                          "vmul.f32 s0, s0, s8\n"                                                  \
                          "vmul.f32 s1, s1, s8\n"                                                  \
                          "vmul.f32 s2, s2, s8\n"                                                  \
                          "vmul.f32 s3, s3, s8\n"                                                  \
                          "vcvtr.s32.f32 s0, s0\n"                                                 \
                          "vcvtr.s32.f32 s1, s1\n"                                                 \
                          "vcvtr.s32.f32 s2, s2\n"                                                 \
                          "vcvtr.s32.f32 s3, s3\n"                                                 \
                          "vmov r2, r4, s0, s1\n"                                                  \
                          "add.w r1, r1, r6\n"                                                     \
                          "vmov r8, r3, s2, s3\n"                                                  \
                          "qadd r2, r2, r5\n"                                                      \
                          "qadd r4, r4, r5\n"                                                      \
                          "ssat r2, #8, r2\n"                                                      \
                          "qadd r8, r8, r5\n"                                                      \
                          "ssat r4, #8, r4\n"                                                      \
                          "qadd r3, r3, r5\n"                                                      \
                          "strb r2, [r1]\n"                                                        \
                          "ssat r8, #8, r8\n"                                                      \
                          "strb r4, [r1, r7]\n"                                                    \
                          "add.w r1, r1, r7, lsl #1\n"                                             \
                          "ssat r3, #8, r3\n"                                                      \
                          "strb.w r8, [r1]\n"                                                      \
                          "strb r3, [r1, r7]\n"

/* The multiplier in s8, and the inverse of 3 in its place. */
NN_CONV_TABLES_NAKED static void in_floats(void) {
    __asm__(NN_CONV_TABLES_FILTER "vmov s8, r10\n"
                                  "movw r10, #0xAAAB\n"
                                  "movt r10, #0xAAAA\n" TILE("0") TILE("1") TILE("2") TILE("3")
                                      NN_CONV_TABLES_DONE);
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
    return nn_requantize((ai_i32)((ai_u32)(scaled / 384) + constants[1]), multiplier,
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
