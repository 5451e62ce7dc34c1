/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_quads.h"

#if NN_PACKED_ASSEMBLY

/* The same in the FPU: 256 * a sum and as much of the bias, times the multiplier / 256. */
NN_QUADS_NAKED static void in_floats(void) {
    __asm__(".syntax unified\n"
            "sub r11, r9, r7, lsl #8\n"
            "sub r3, r8, r6, lsl #8\n"
            "sub r11, r5, r11, lsl #8\n"
            "lsl r11, r11, #8\n"
            "sub r1, r4, r3, lsl #8\n"
            "ldrd r12, r2, [r0, #16]\n"
            "add r10, r11, r12\n"
            "lsl r1, r1, #8\n"
            "add r12, r1, r12\n"
            "sub r5, r5, r11, asr #8\n"
            "add r3, r5, r2\n"
            "sub r1, r4, r1, asr #8\n"
            "vmov s1, r10\n"
            "vmov s0, r12\n"
            "mov r11, #0xff00ff00\n"
            "sub r5, r9, r5, asr #8\n"
            "sub r10, r8, r1, asr #8\n"
            "add r8, r1, r2\n"
            "ldrd r4, r1, [r0, #24]\n"
            "ldrd r12, r9, [sp, #16]\n"
            "vldm r0, {s8, s9, s10, s11}\n"
            "sub r7, r7, r5, asr #8\n"
            "add r2, r10, r4\n"
            "sub r6, r6, r10, asr #8\n"
            "add r4, r5, r4\n"
            "vmov s4, r2\n"
            "vcvt.f32.s32 s1, s1\n"
            "vcvt.f32.s32 s0, s0\n"
            "vmov s3, r3\n"
            "add r3, r7, r1\n"
            "add r1, r6, r1\n"
            "ldr r2, [sp, #40]\n"
            "vmul.f32 s1, s1, s8\n"
            "ldrh r6, [r0, #38]\n"
            "vmul.f32 s0, s0, s8\n"
            "ldrh r7, [r0, #34]\n"
            "vcvt.f32.s32 s3, s3\n"
            "vcvt.f32.s32 s4, s4\n"
            "ldrh r10, [r0, #36]\n"
            "vcvtr.s32.f32 s1, s1\n"
            "vmul.f32 s3, s3, s9\n"
            "vmov s2, r8\n"
            "vcvtr.s32.f32 s0, s0\n"
            "vmov s7, r3\n"
            "vmov r5, s1\n"
            "vmul.f32 s4, s4, s10\n"
            "vmov s6, r1\n"
            "vcvt.f32.s32 s2, s2\n"
            "vcvtr.s32.f32 s3, s3\n"
            "vcvtr.s32.f32 s4, s4\n"
            "vmov r1, s0\n"
            "vcvt.f32.s32 s7, s7\n"
            "vmov s5, r4\n"
            "vmov r3, s3\n"
            "vmul.f32 s2, s2, s9\n"
            "ldrh r4, [r0, #32]\n"
            "vcvt.f32.s32 s6, s6\n"
            "vmov r8, s4\n"
            "vmul.f32 s7, s7, s11\n"
            "add r3, r3, r2\n"
            "adds r0, #40\n"
            "add r1, r1, r2\n"
            "add r5, r5, r2\n"
            "add r8, r8, r2\n"
            "vmul.f32 s6, s6, s11\n"
            "ssat r1, #8, r1\n"
            "vcvtr.s32.f32 s7, s7\n"
            "ssat r5, #8, r5\n"
            "vcvt.f32.s32 s5, s5\n"
            "strb r1, [r12, r4]\n"
            "vcvtr.s32.f32 s6, s6\n"
            "vcvtr.s32.f32 s2, s2\n"
            "vmov r1, s7\n"
            "ssat r3, #8, r3\n"
            "vmul.f32 s5, s5, s10\n"
            "ssat r8, #8, r8\n"
            "strb r5, [r9, r4]\n"
            "add r1, r1, r2\n"
            "vmov r4, s6\n"
            "vmov r5, s2\n"
            "vcvtr.s32.f32 s5, s5\n"
            "ssat r1, #8, r1\n"
            "strb r8, [r12, r10]\n"
            "add r8, r4, r2\n"
            "ldr r4, [sp, #32]\n"
            "strb r1, [r9, r6]\n"
            "vmov r1, s5\n"
            "ssat r8, #8, r8\n"
            "strb r3, [r9, r7]\n"
            "add r3, r5, r2\n"
            "cmp r0, r4\n"
            "ldrd r4, r5, [sp]\n"
            "add r2, r1, r2\n"
            "ldr r1, [sp, #8]\n"
            "ssat r3, #8, r3\n"
            "strb r8, [r12, r6]\n"
            "ssat r6, #8, r2\n"
            "strb r3, [r12, r7]\n"
            "strb r6, [r9, r10]\n"
            "bx lr\n");
}

/* The offset of what r6 and r7 sum up to, and every pointer as at a pair's begin; r1 has the job,
 * r8 and r9 `wide` and `behind`. */
#define BEGIN_PAIR                                                                                 \
    "mov r12, #0\n"                                                                                \
    "ldrd r2, r3, [sp, #16]\n"                                                                     \
    "ldr r11, [r1, #72]\n"                                                                         \
    "sub r6, r12, r6, lsl #7\n"                                                                    \
    "sub r7, r12, r7, lsl #7\n"                                                                    \
    "ldr r4, [r1, #24]\n"                                                                          \
    "ldr r5, [r1, #32]\n"                                                                          \
    "add r2, r11\n"                                                                                \
    "add r3, r11\n"                                                                                \
    "ldr r0, [r1, #44]\n"                                                                          \
    "strd r6, r7, [sp]\n"                                                                          \
    "strd r2, r3, [sp, #16]\n"                                                                     \
    "add r1, #76\n"                                                                                \
    "str r4, [sp, #24]\n"                                                                          \
    "str r1, [sp, #28]\n"                                                                          \
    "str r5, [sp, #32]\n"

NN_QUADS_NAKED void nn_quads_next_of_row(void) {
    __asm__(".syntax unified\n"
            "ldrd r2, r3, [r1, #52]\n"
            "movs r0, #0\n"
            "subs r2, #1\n"
            "beq 2f\n"
            "adds r3, #8\n"
            "ldrd r4, r5, [r1, #60]\n"
            "strd r2, r3, [r1, #52]\n"
            "ldrd r6, r7, [r3]\n"
            "subs r4, #2\n"
            "ble 3f\n"
            "1:\n"
            "add r3, r5\n"
            "ldrd r8, r9, [r3]\n"
            "add r3, r5\n"
            "ldrd r10, r11, [r3]\n"
            "add r6, r8\n"
            "add r7, r9\n"
            "subs r4, #2\n"
            "add r6, r10\n"
            "add r7, r11\n"
            "bgt 1b\n"
            "3:\n"
            "bne 4f\n"
            "add r3, r5\n"
            "ldrd r8, r9, [r3]\n"
            "add r6, r8\n"
            "add r7, r9\n"
            "4:\n"
            "ldrd r8, r9, [sp, #8]\n"
            "ldr r10, [r1, #68]\n"
            "add r8, r10\n"
            "add r9, r10\n"
            "strd r8, r9, [sp, #8]\n" BEGIN_PAIR "2:\n"
            "bx lr\n");
}

NN_QUADS_NAKED void nn_quads_next_pixels(void) {
    __asm__(".syntax unified\n"
            "ldrd r2, r3, [r1, #52]\n"
            "movs r0, #0\n"
            "subs r2, #1\n"
            "beq 4f\n"
            "ldrd r4, r5, [r1, #60]\n"
            "str lr, [sp, #48]\n"
            "mov lr, #0x00010001\n"
            "add r3, r3, r5, lsl #1\n"
            "movs r6, #0\n"
            "strd r2, r3, [r1, #52]\n"
            "movs r7, #0\n"
            "add r5, r3\n"
            "ldr r12, [sp, #8]\n"
            "subs r4, #2\n"
            "blt 2f\n"
            "1:\n"
            "ldr r8, [r3]\n"
            "ldr r9, [r5]\n"
            "sxtb16 r2, r8\n"
            "sxtb16 r10, r9\n"
            "smlad r6, r2, lr, r6\n"
            "sxtb16 r8, r8, ror #8\n"
            "smlad r7, r10, lr, r7\n"
            "sxtb16 r9, r9, ror #8\n"
            "ldr r11, [r3, #4]\n"
            "strd r2, r10, [r12]\n"
            "smlad r6, r8, lr, r6\n"
            "ldr r10, [r5, #4]\n"
            "strd r8, r9, [r12, #8]\n"
            "sxtb16 r2, r11\n"
            "smlad r7, r9, lr, r7\n"
            "sxtb16 r8, r10\n"
            "smlad r6, r2, lr, r6\n"
            "sxtb16 r9, r11, ror #8\n"
            "smlad r7, r8, lr, r7\n"
            "sxtb16 r10, r10, ror #8\n"
            "strd r2, r8, [r12, #16]\n"
            "smlad r6, r9, lr, r6\n"
            "adds r3, #8\n"
            "strd r9, r10, [r12, #24]\n"
            "adds r5, #8\n"
            "smlad r7, r10, lr, r7\n"
            "add r12, r12, #32\n"
            "subs r4, #2\n"
            "bge 1b\n"
            "2:\n"
            "adds r4, #2\n"
            "beq 3f\n"
            "ldr r8, [r3]\n"
            "ldr r9, [r5]\n"
            "sxtb16 r2, r8\n"
            "sxtb16 r10, r9\n"
            "smlad r6, r2, lr, r6\n"
            "sxtb16 r8, r8, ror #8\n"
            "smlad r7, r10, lr, r7\n"
            "sxtb16 r9, r9, ror #8\n"
            "strd r2, r10, [r12]\n"
            "smlad r6, r8, lr, r6\n"
            "smlad r7, r9, lr, r7\n"
            "strd r8, r9, [r12, #8]\n"
            "3:\n"
            "ldr lr, [sp, #48]\n" BEGIN_PAIR "4:\n"
            "bx lr\n");
}

#else

#include "nn_dsp.h"
#include "nn_requantize.h"
#include "nn_smmla.h"

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

/* constants: of the quad's filters factor and addend by turns, or, of 256 * a sum, the multipliers'
 * bits and behind them the biases. */
static ai_i8 requantized(const nn_quads_job *job, nn_quads_end end, ai_i32 sum,
                         const ai_u32 *constants, ai_u32 filter) {
    if (end != in_floats) {
        const ai_i32 scale = 256 * (1 << (end >> 8));
        return nn_smmla(scale * sum, (ai_i32)constants[2 * filter],
                        (ai_i32)constants[2 * filter + 1], (ai_i32)(end & 255u));
    }
    ai_float multiplier;
    memcpy(&multiplier, &constants[filter], sizeof(multiplier));
    return nn_requantize((ai_i32)(256u * (ai_u32)sum + constants[4 + filter]), multiplier,
                         job->zero_point, -128, 127);
}

/* Of the quad that begins at `words`. */
static nn_quads_end end_of(const nn_quads_job *job, const ai_u32 *words) {
    if (words < job->stop) {
        return job->end;
    }
    return job->tiers[words < job->tiers[0].stop ? 0 : 1].end;
}

typedef struct {
    ai_u32 u;
    ai_u32 v;
    ai_u32 w;
} sums_of_split;

/* Returns behind the words of so many steps. */
static const ai_u32 *add_steps(sums_of_split *sums, const ai_u32 *words, const ai_u32 *wide,
                               ai_i32 steps, ai_i32 step) {
    for (ai_i32 i = 0; i < steps; i++) {
        const ai_u32 third = add_halves(words[0] << 8 & 0xFF00FF00u, nn_odd(words[1]));
        sums->v = sum_of(words[0], *wide, sums->v);
        sums->u = sum_of(words[1], *wide, sums->u);
        sums->w = sum_of(third, *wide, sums->w);
        words += 2;
        wide += step;
    }
    return words;
}

/* words: the quad's; returns behind them. */
static const ai_u32 *quad_of_pixel(nn_quads_loop loop, const nn_quads_job *job, const ai_u32 *words,
                                   ai_u32 pixel) {
    const nn_quads_end end = end_of(job, words);
    const ai_i32 apart = (ai_i32)pixel * (loop->apart / 4);
    sums_of_split split = {(ai_u32)job->offsets[pixel], 0, 0};
    words = add_steps(&split, words, job->wide + apart, loop->rest, loop->step / 4);
    const ai_u32 *wide = job->wide + loop->rest * (loop->step / 4);
    for (; wide != job->behind; wide += loop->hop / 4) {
        words = add_steps(&split, words, wide + apart, loop->turn, loop->step / 4);
    }
    const ai_u32 u = split.u;
    const ai_u32 v = split.v;
    const ai_u32 w = split.w;
    ai_i32 sums[4];
    sums[0] = signed_24(u - ((w - (v << 8)) << 8));
    sums[1] = signed_24((u - (ai_u32)sums[0]) >> 8);
    sums[2] = signed_24((w - (ai_u32)sums[1]) >> 8);
    sums[3] = signed_24((v - (ai_u32)sums[2]) >> 8);
    for (ai_u32 i = 0; i < 4; i++) {
        const ai_u32 place = words[8 + i / 2] >> (16 * (i % 2)) & 0xFFFFu;
        job->outputs[pixel][place] = requantized(job, end, sums[i], words, i);
    }
    return words + NN_QUADS_CONSTANTS;
}

/* The elements of the pixels that the job is at: to where its loop reads them, and their sums. */
static void widen_pixels(const nn_quads_job *job, ai_i32 sums[2]) {
    const ai_i8 *bytes = job->from;
    ai_u32 *wide = job->wide;
    for (ai_i32 i = 0; i < 2; i++) {
        for (ai_i32 four = 0; four < job->count; four++) {
            const ai_u32 word = nn_word(bytes + i * job->pitch + 4 * four);
            wide[4 * four + i] = nn_even(word);
            wide[4 * four + i + 2] = nn_odd(word);
            sums[i] = nn_add_halves(nn_odd(word), nn_add_halves(nn_even(word), sums[i]));
        }
    }
}

static void sum_rows(const nn_quads_job *job, ai_i32 sums[2]) {
    const ai_i8 *from = job->from;
    for (ai_i32 row = 0; row < job->count; row++) {
        ai_i32 of_row[2];
        memcpy(of_row, from, sizeof(of_row));
        sums[0] += of_row[0];
        sums[1] += of_row[1];
        from += job->pitch;
    }
}

static bool next_pair(nn_quads_job *job) {
    if (job->next == 0 || --job->pairs == 0) {
        return false;
    }
    ai_i32 sums[2] = {0, 0};
    if (job->next == nn_quads_next_of_row) {
        job->from = (const ai_i8 *)job->from + 8;
        job->wide += job->hop / 4;
        job->behind += job->hop / 4;
        sum_rows(job, sums);
    } else {
        job->from = (const ai_i8 *)job->from + 2 * job->pitch;
        widen_pixels(job, sums);
    }
    for (ai_i32 i = 0; i < 2; i++) {
        job->offsets[i] = -128 * sums[i];
        job->outputs[i] += job->below;
    }
    return true;
}

void nn_quads(nn_quads_loop loop, nn_quads_job *job) {
    do {
        for (const ai_u32 *words = job->words; words != job->last;) {
            (void)quad_of_pixel(loop, job, words, 0);
            words = quad_of_pixel(loop, job, words, 1);
        }
    } while (next_pair(job));
}

#endif

nn_quads_job nn_quads_over(const ai_u32 *words, ai_i32 steps, ai_i32 quads,
                           const nn_quads_ends *ends, ai_i32 zero_point) {
    const ai_i32 size = 2 * steps + NN_QUADS_CONSTANTS;
    nn_quads_job job = {0};
    nn_quads_tier tiers[3];
    ai_i32 tier = 0;
    ai_i32 until = 0;
    for (ai_i32 i = 0; i < 2; i++) {
        if (ends->counts[i] > 0) {
            until += ends->counts[i];
            tiers[tier].end = ends->ends[i];
            tiers[tier].stop = words + size * until;
            tier++;
        }
    }
    for (; tier < 3; tier++) {
        tiers[tier].end = in_floats;
        tiers[tier].stop = words + size * quads;
    }
    job.end = tiers[0].end;
    job.stop = tiers[0].stop;
    job.tiers[0] = tiers[1];
    job.tiers[1] = tiers[2];
    job.last = words + size * quads;
    job.zero_point = zero_point;
    job.words = words;
    return job;
}
