/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_quads.h"

#if NN_PACKED_ASSEMBLY

/* Two elements of four filters at two pixels: sixteen products by six SMLAD. r0 weights, r1 pixels,
 * both a step ahead; sums U in r4, r5, V in r6, r7, W in r8, r9. The weights B + 256 * C of W are
 * made of those of V and U in lr. Plain loads with offsets: one of two words, or one that moves its
 * pointer, takes two of four slots in as many cycles. */
#define NN_STEP(first, second)                                                                     \
    "smlad r6, r12, r2, r6\n"                                                                      \
    "and lr, r11, r12, lsl #8\n"                                                                   \
    "smlad r4, r10, r2, r4\n"                                                                      \
    "sxtab16 lr, lr, r10, ror #8\n"                                                                \
    "smlad r7, r12, r3, r7\n"                                                                      \
    "ldr.w r12, [r0, " first "\n"                                                                  \
    "smlad r8, lr, r2, r8\n"                                                                       \
    "ldr.w r2, [r1, " first "\n"                                                                   \
    "smlad r5, r10, r3, r5\n"                                                                      \
    "ldr.w r10, [r0, " second "\n"                                                                 \
    "smlad r9, lr, r3, r9\n"                                                                       \
    "ldr.w r3, [r1, " second "\n"
#define NN_STEP_BYTES 48
#define NN_OFFSETS(i) NN_STEP("#" #i "*8+4]", "#" #i "*8+8]")

/* The reference's own operations: bias, float32, multiplier, half to even. */
NN_QUADS_NAKED static void in_floats(void) {
    __asm__(".syntax unified\n"
            "sub r2, r8, r6, lsl #8\n"
            "ldr r10, [r0, #0]\n"
            "sub r3, r9, r7, lsl #8\n"
            "ldr r11, [r0, #8]\n"
            "sub r2, r4, r2, lsl #8\n"
            "ldr r12, [r0, #16]\n"
            "sub r3, r5, r3, lsl #8\n"
            "ldr r1, [r0, #24]\n"
            "lsl r2, r2, #8\n"
            "vldr s8, [r0, #-4]\n"
            "lsl r3, r3, #8\n"
            "vldr s9, [r0, #4]\n"
            "sub r4, r4, r2, asr #8\n"
            "add r2, r10, r2, asr #8\n"
            "sub r5, r5, r3, asr #8\n"
            "add r3, r10, r3, asr #8\n"
            "sub r8, r8, r4, asr #8\n"
            "vmov s0, s1, r2, r3\n"
            "sub r9, r9, r5, asr #8\n"
            "add r4, r11, r4, asr #8\n"
            "sub r6, r6, r8, asr #8\n"
            "add r5, r11, r5, asr #8\n"
            "sub r7, r7, r9, asr #8\n"
            "vmov s2, s3, r4, r5\n"
            "add r8, r12, r8, asr #8\n"
            "add r9, r12, r9, asr #8\n"
            "vmov s4, s5, r8, r9\n"
            "add r6, r1, r6, asr #8\n"
            "add r7, r1, r7, asr #8\n"
            "vldr s10, [r0, #12]\n"
            "vmov s6, s7, r6, r7\n"
            "vldr s11, [r0, #20]\n"
            "vcvt.f32.s32 s0, s0\n"
            "ldr r10, [sp, #48]\n"
            "vcvt.f32.s32 s1, s1\n"
            "vcvt.f32.s32 s2, s2\n"
            "vcvt.f32.s32 s3, s3\n"
            "vcvt.f32.s32 s4, s4\n"
            "vcvt.f32.s32 s5, s5\n"
            "vcvt.f32.s32 s6, s6\n"
            "ldrh r12, [r0, #28]\n"
            "vcvt.f32.s32 s7, s7\n"
            "vmul.f32 s0, s0, s8\n"
            "vmul.f32 s1, s1, s8\n"
            "ldrh r1, [r0, #30]\n"
            "vmul.f32 s2, s2, s9\n"
            "vmul.f32 s3, s3, s9\n"
            "vmul.f32 s4, s4, s10\n"
            "vmul.f32 s5, s5, s10\n"
            "vmul.f32 s6, s6, s11\n"
            "vmul.f32 s7, s7, s11\n"
            "vcvtr.s32.f32 s0, s0\n"
            "vcvtr.s32.f32 s1, s1\n"
            "vcvtr.s32.f32 s2, s2\n"
            "vcvtr.s32.f32 s3, s3\n"
            "vcvtr.s32.f32 s4, s4\n"
            "vcvtr.s32.f32 s5, s5\n"
            "vmov r2, r3, s0, s1\n"
            "vcvtr.s32.f32 s6, s6\n"
            "vcvtr.s32.f32 s7, s7\n"
            "vmov r4, r5, s2, s3\n"
            "qadd r2, r2, r10\n"
            "qadd r3, r3, r10\n"
            "vmov r8, r9, s4, s5\n"
            "ssat r2, #8, r2\n"
            "qadd r4, r4, r10\n"
            "ssat r3, #8, r3\n"
            "vmov r6, r7, s6, s7\n"
            "qadd r5, r5, r10\n"
            "ssat r4, #8, r4\n"
            "qadd r8, r8, r10\n"
            "ssat r5, #8, r5\n"
            "qadd r9, r9, r10\n"
            "qadd r6, r6, r10\n"
            "qadd r7, r7, r10\n"
            "ldrd r10, r11, [sp, #24]\n"
            "ssat r8, #8, r8\n"
            "ssat r9, #8, r9\n"
            "ssat r6, #8, r6\n"
            "strb r2, [r10, r12]\n"
            "ssat r7, #8, r7\n"
            "strb r3, [r11, r12]\n"
            "strb r4, [r10, r1]\n"
            "strb r5, [r11, r1]\n"
            "ldrh r12, [r0, #32]\n"
            "ldrh r1, [r0, #34]\n"
            "strb r8, [r10, r12]\n"
            "strb r9, [r11, r12]\n"
            "strb r6, [r10, r1]\n"
            "strb r7, [r11, r1]\n"
            "bx lr\n");
}

__attribute__((naked, noinline)) void nn_quads(__attribute__((unused)) const nn_quads_job *job) {
    __asm__(".syntax unified\n"
            "push {r4-r11, lr}\n"
            "sub sp, #52\n"
            "ldm r0!, {r1-r12}\n"
            "stm sp, {r1-r12}\n"
            "ldr r1, [r0]\n"
            "ldr r0, [r0, #4]\n"
            "str r1, [sp, #48]\n"
            "adr.w r1, 2f\n"
            "ldr r2, [sp, #16]\n"
            "adds r1, r1, r2\n"
            "orr r1, r1, #1\n"
            "str r1, [sp, #16]\n"

            /* a quad: its first step makes V and W, and adds to U, which has its offset */
            "1:\n"
            "ldr r1, [sp, #8]\n"
            "ldrd r12, r10, [r0]\n"
            "ldrd r4, r5, [sp]\n"
            "mov r11, #0xff00ff00\n"
            "ldrd r2, r3, [r1]\n"
            "smuad r6, r12, r2\n"
            "and lr, r11, r12, lsl #8\n"
            "smlad r4, r10, r2, r4\n"
            "sxtab16 lr, lr, r10, ror #8\n"
            "smuad r7, r12, r3\n"
            "ldr r12, [r0, #8]\n"
            "smuad r8, lr, r2\n"
            "ldr r2, [r1, #8]\n"
            "smlad r5, r10, r3, r5\n"
            "ldr r10, [r0, #12]\n"
            "smuad r9, lr, r3\n"
            "ldr r3, [r1, #12]\n"
            "ldr lr, [sp, #12]\n"
            "add r0, r0, lr\n"
            "add r1, r1, lr\n"
            "ldr lr, [sp, #16]\n"
            "bx lr\n"

            /* the first turn begins somewhere in here */
            ".p2align 2\n"
            "2:\n" NN_OFFSETS(0) NN_OFFSETS(1) NN_OFFSETS(2) NN_OFFSETS(3) NN_OFFSETS(4)
                NN_OFFSETS(5) NN_OFFSETS(6) NN_OFFSETS(7) NN_OFFSETS(8) NN_OFFSETS(9) NN_OFFSETS(10)
                    NN_OFFSETS(11) NN_OFFSETS(12) NN_OFFSETS(13) NN_OFFSETS(14)
                        NN_STEP("#124]",
                                "#128]!") "ldr lr, [sp, #20]\n"
                                          "cmp r1, lr\n"
                                          "bne 2b\n"

                                          /* its end, and the next quad, perhaps with another one */
                                          "ldr lr, [sp, #32]\n"
                                          "blx lr\n"
                                          "ldr lr, [sp, #40]\n"
                                          "adds r0, #36\n"
                                          "cmp r0, lr\n"
                                          "bne 1b\n"
                                          "ldr r1, [sp, #44]\n"
                                          "ldr r2, [sp, #36]\n"
                                          "cmp r0, r1\n"
                                          "str r1, [sp, #40]\n"
                                          "str r2, [sp, #32]\n"
                                          "bne 1b\n"
                                          "add sp, #52\n"
                                          "pop {r4-r11, pc}\n");
}

#else

#include "nn_dsp.h"
#include "nn_requantize.h"
#include "nn_smmla.h"

#define NN_STEP_BYTES 0
#define in_floats 0u

/* The low 24 bits, signed. */
static ai_i32 signed_24(ai_u32 sum) {
    return (ai_i32)(sum & 0x7FFFFFu) - (ai_i32)(sum & 0x800000u);
}

static ai_u32 add_halves(ai_u32 a, ai_u32 b) {
    return ((a + b) & 0xFFFFu) | ((a & 0xFFFF0000u) + (b & 0xFFFF0000u));
}

static ai_u32 sum_of(ai_u32 a, ai_u32 b, ai_u32 sum) {
    return sum + (ai_u32)nn_two_products(a, b, 0);
}

/* Constants of a filter: factor and addend, or the multiplier's bits and the bias. */
static ai_i8 requantized(const nn_quads_job *job, bool integers, ai_i32 sum,
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

/* words: the quad's. */
static void quad_of_pixel(const nn_quads_job *job, const ai_u32 *words, ai_u32 pixel) {
    const bool integers = words < job->floats && job->ends[0] != in_floats;
    ai_u32 u = (ai_u32)job->offsets[pixel];
    ai_u32 v = 0;
    ai_u32 w = 0;
    for (const ai_u32 *wide = job->wide; wide + 1 != job->end; wide += 2) {
        const ai_u32 third = add_halves(words[0] << 8 & 0xFF00FF00u, nn_odd(words[1]));
        v = sum_of(words[0], wide[pixel], v);
        u = sum_of(words[1], wide[pixel], u);
        w = sum_of(third, wide[pixel], w);
        words += 2;
    }
    ai_i32 sums[4];
    sums[0] = signed_24(u - ((w - (v << 8)) << 8));
    sums[1] = signed_24((u - (ai_u32)sums[0]) >> 8);
    sums[2] = signed_24((w - (ai_u32)sums[1]) >> 8);
    sums[3] = signed_24((v - (ai_u32)sums[2]) >> 8);
    for (ai_u32 i = 0; i < 4; i++) {
        const ai_u32 place = words[8 + i / 2] >> (16 * (i % 2)) & 0xFFFFu;
        job->outputs[pixel][place] = requantized(job, integers, sums[i], words + 2 * i);
    }
}

void nn_quads(const nn_quads_job *job) {
    const ai_i32 size = (ai_i32)(job->end - job->wide) - 1 + NN_QUADS_CONSTANTS;
    for (const ai_u32 *words = job->words; words != job->stop; words += size) {
        quad_of_pixel(job, words, 0);
        quad_of_pixel(job, words, 1);
    }
}

#endif

nn_quads_job nn_quads_over(const ai_u32 *words, ai_i32 steps, ai_i32 quads, ai_i32 integers,
                           nn_quads_end end, ai_i32 zero_point, const ai_u32 *wide) {
    /* The first step stands before the loop. */
    const ai_i32 skip = (NN_QUADS_TURN - (steps - 1) % NN_QUADS_TURN) % NN_QUADS_TURN;
    const ai_i32 size = 2 * steps + NN_QUADS_CONSTANTS;
    nn_quads_job job = {0};
    job.wide = wide;
    job.start = 12 - 8 * skip;
    job.skip = NN_STEP_BYTES * skip;
    job.end = wide + 2 * steps + 1;
    job.ends[0] = integers > 0 ? end : in_floats;
    job.ends[1] = in_floats;
    job.floats = words + size * (integers > 0 ? integers : quads);
    job.stop = words + size * quads;
    job.zero_point = zero_point;
    job.words = words;
    return job;
}
