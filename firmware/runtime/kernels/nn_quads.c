/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_quads.h"

#include "nn_packed_assembly.h"

#if NN_PACKED_ASSEMBLY

/* Two elements of four filters at two pixels: sixteen products by six SMLAD. r0 weights, r1 pixels,
 * both a step ahead; sums U in r4, r5, V in r6, r7, W in r8, r9. The weights B + 256 * C of W are
 * made of those of V and U in lr. */
#define NN_STEP                                                                                    \
    "smlad r6, r12, r2, r6\n"                                                                      \
    "and lr, r11, r12, lsl #8\n"                                                                   \
    "smlad r4, r10, r2, r4\n"                                                                      \
    "sxtab16 lr, lr, r10, ror #8\n"                                                                \
    "smlad r7, r12, r3, r7\n"                                                                      \
    "ldr r12, [r0], #4\n"                                                                          \
    "smlad r8, lr, r2, r8\n"                                                                       \
    "ldr r2, [r1], #4\n"                                                                           \
    "smlad r5, r10, r3, r5\n"                                                                      \
    "ldr r10, [r0], #4\n"                                                                          \
    "smlad r9, lr, r3, r9\n"                                                                       \
    "ldr r3, [r1], #4\n"

/* s0-s7: one operation for all outputs before the next, because each takes the FPU several cycles.
 */
#define NN_EACH(operation)                                                                         \
    operation(0) operation(1) operation(2) operation(3) operation(4) operation(5) operation(6)     \
        operation(7)
#define NN_FLOAT(i) "vcvt.f32.s32 s" #i ", s" #i "\n"
#define NN_ROUND(i) "vcvtr.s32.f32 s" #i ", s" #i "\n"
#define NN_SCALE(first, second, multiplier)                                                        \
    "vmul.f32 s" #first ", s" #first ", s" #multiplier "\n"                                        \
    "vmul.f32 s" #second ", s" #second ", s" #multiplier "\n"

/* Four rounded numbers of a pixel to a word of bytes in the first register. */
#define NN_BYTE(x) "qadd " #x ", " #x ", r10\nssat " #x ", #8, " #x "\n"
#define NN_PACK(a, b, c, d)                                                                        \
    NN_BYTE(a)                                                                                     \
    NN_BYTE(b)                                                                                     \
    NN_BYTE(c)                                                                                     \
    NN_BYTE(d)                                                                                     \
    "bfi " #a ", " #b ", #8, #8\n"                                                                 \
    "bfi " #a ", " #c ", #16, #8\n"                                                                \
    "bfi " #a ", " #d ", #24, #8\n"                                                                \
    "ssub8 lr, " #a ", r11\n"                                                                      \
    "sel " #a ", " #a ", r11\n"                                                                    \
    "ssub8 lr, r12, " #a "\n"                                                                      \
    "sel " #a ", " #a ", r12\n"

__attribute__((naked, noinline)) void nn_quads(__attribute__((unused)) nn_quads_job *job) {
    __asm__(".syntax unified\n"
            "push {r4-r11, lr}\n"
            "sub sp, #12\n"
            "str r0, [sp]\n"
            "mov r3, r0\n"
            "ldr r0, [r3]\n"
            "ldr r1, [r3, #4]\n"
            "ldr r2, [r3, #8]\n"
            "str r2, [sp, #4]\n"

            /* a quad: the first step's loads; of an odd number of twos one goes first */
            "1:\n"
            "ldr r12, [r0], #4\n"
            "ldr r2, [r1], #4\n"
            "ldr r10, [r0], #4\n"
            "ldr r3, [r1], #4\n"
            "mov r11, #0xff00ff00\n"
            "movs r4, #0\n"
            "movs r5, #0\n"
            "movs r6, #0\n"
            "movs r7, #0\n"
            "mov r8, r4\n"
            "mov r9, r4\n"
            "ldr lr, [sp, #4]\n"
            "sub lr, lr, r1\n"
            "tst lr, #16\n"
            "bne 3f\n"
            ".p2align 2\n"
            "2:\n" NN_STEP NN_STEP "3:\n" NN_STEP NN_STEP "ldr lr, [sp, #4]\n"
            "cmp r1, lr\n"
            "bne 2b\n"

            /* A in r2, r3; 256 * B in r4, r5; 256 * C in r8, r9; 256 * D in r6, r7 */
            "ldr r1, [sp]\n"
            "sub r0, r0, #8\n"
            "ldrd r2, r3, [r1, #12]\n"
            "sub r4, r4, r2\n"
            "sub r5, r5, r3\n"
            "sub r2, r8, r6, lsl #8\n"
            "sub r3, r9, r7, lsl #8\n"
            "sub r2, r4, r2, lsl #8\n"
            "sub r3, r5, r3, lsl #8\n"
            "sbfx r2, r2, #0, #24\n"
            "sbfx r3, r3, #0, #24\n"
            "sub r4, r4, r2\n"
            "sub r5, r5, r3\n"
            "sub r8, r8, r4, asr #8\n"
            "sub r9, r9, r5, asr #8\n"
            "sub r6, r6, r8, asr #8\n"
            "sub r7, r7, r9, asr #8\n"

            /* the reference's own operations: bias, float32, multiplier, half to even */
            "ldrd r10, r11, [r1, #20]\n"
            "ldr r12, [r10], #4\n"
            "ldr lr, [r10], #4\n"
            "add r2, r2, r12\n"
            "add r3, r3, r12\n"
            "add r4, lr, r4, asr #8\n"
            "add r5, lr, r5, asr #8\n"
            "ldr r12, [r10], #4\n"
            "ldr lr, [r10], #4\n"
            "add r8, r12, r8, asr #8\n"
            "add r9, r12, r9, asr #8\n"
            "add r6, lr, r6, asr #8\n"
            "add r7, lr, r7, asr #8\n"
            "vldmia r11!, {s8-s11}\n"
            "strd r10, r11, [r1, #20]\n"
            "vmov s0, s1, r2, r3\n"
            "vmov s2, s3, r4, r5\n"
            "vmov s4, s5, r8, r9\n"
            "vmov s6, s7, r6, r7\n" NN_EACH(NN_FLOAT) NN_SCALE(0, 1, 8) NN_SCALE(2, 3, 9)
                NN_SCALE(4, 5, 10) NN_SCALE(6, 7, 11)
                    NN_EACH(NN_ROUND) "vmov r2, r3, s0, s1\n"
                                      "vmov r4, r5, s2, s3\n"
                                      "vmov r8, r9, s4, s5\n"
                                      "vmov r6, r7, s6, s7\n"

                                      /* zero point, clamp, store; the next quad */
                                      "ldrd r10, r11, [r1, #40]\n"
                                      "ldr r12, [r1, #48]\n" NN_PACK(r2, r4, r8, r6)
                                          NN_PACK(r3, r5, r9, r7) "ldrd r4, r5, [r1, #28]\n"
                                                                  "str r2, [r4], #4\n"
                                                                  "str r3, [r5], #4\n"
                                                                  "strd r4, r5, [r1, #28]\n"
                                                                  "ldr r4, [r1, #36]\n"
                                                                  "subs r4, r4, #1\n"
                                                                  "str r4, [r1, #36]\n"
                                                                  "ldr r1, [r1, #4]\n"
                                                                  "bne 1b\n"
                                                                  "add sp, #12\n"
                                                                  "pop {r4-r11, pc}\n");
}

#else

#include "nn_dsp.h"
#include "nn_requantize.h"

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

static void quad_of_pixel(const nn_quads_job *job, ai_u32 pixel) {
    const ai_u32 *words = job->words;
    ai_u32 u = 0u - (ai_u32)job->offsets[pixel];
    ai_u32 v = 0;
    ai_u32 w = 0;
    for (const ai_u32 *wide = job->wide; wide + 2 != job->end; wide += 2) {
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
        const ai_i32 sum = (ai_i32)((ai_u32)job->bias[i] + (ai_u32)sums[i]);
        job->outputs[pixel][i] =
            nn_requantize(sum, job->multipliers[i], job->zero_point,
                          (ai_i32)(ai_i8)(job->low & 0xFFu), (ai_i32)(ai_i8)(job->high & 0xFFu));
    }
}

void nn_quads(nn_quads_job *job) {
    const ai_u32 size = (ai_u32)(job->end - job->wide) - 2u;
    for (; job->quads > 0; job->quads--) {
        for (ai_u32 pixel = 0; pixel < 2; pixel++) {
            quad_of_pixel(job, pixel);
            job->outputs[pixel] += 4;
        }
        job->words += size;
        job->bias += 4;
        job->multipliers += 4;
    }
}

#endif
