/* SPDX-License-Identifier: Apache-2.0 */
#include "packed_chain.h"

#if !NN_PACKED_ASSEMBLY

#include <math.h>

/* T is 256 * H + L modulo 2^32, L the sum of the lower output: unsigned, because T wraps. */
typedef struct {
    ai_u32 t;
    ai_u32 l;
} sums;

static ai_i32 low_half(ai_u32 word) {
    return (ai_i32)(int16_t)(word & 0xFFFFu);
}

static ai_i32 high_half(ai_u32 word) {
    return (ai_i32)(int16_t)(word >> 16);
}

static ai_i32 low_byte(ai_i32 half) {
    return (ai_i32)(ai_i8)(half & 0xFF);
}

static const ai_u32 *words_of(const nn_packed_stage *stage, const ai_u8 *weights, ai_u32 duo,
                              ai_u32 quad) {
    const ai_u32 *words = (const ai_u32 *)(weights + stage->weights);
    if (stage->chunk_quads == 0u) {
        return words + 4u * (duo * stage->quads + quad);
    }
    const ai_u32 chunk = quad / stage->chunk_quads;
    const ai_u32 within = quad % stage->chunk_quads;
    return words + 4u * ((chunk * stage->duos + duo) * stage->chunk_quads + within);
}

/* One quad of inputs for one output pair; wa and wb are the words of pairs a and b. */
static void accumulate(sums *sum, ai_u32 wa, ai_u32 wb, const ai_i32 xa[2], const ai_i32 xb[2],
                       bool winograd) {
    const ai_i32 a[2] = {low_half(wa), high_half(wa)};
    const ai_i32 b[2] = {low_half(wb), high_half(wb)};
    for (ai_u32 i = 0; i < 2u; i++) {
        sum->t += (ai_u32)(a[i] * xa[i]) + (ai_u32)(b[i] * xb[i]);
        if (winograd) {
            const ai_i32 product = (xb[i] + low_byte(a[i])) * (xa[i] + low_byte(b[i]));
            sum->l += (ai_u32)product - (ai_u32)(xa[i] * xb[i]);
        } else {
            sum->l += (ai_u32)(low_byte(a[i]) * xa[i]) + (ai_u32)(low_byte(b[i]) * xb[i]);
        }
    }
}

/* The output as y + 128, 0 to 255. */
static ai_i32 saturate(float rounded, ai_i32 offset) {
    const float value = rounded + (float)offset;
    return value < 0.0f ? 0 : value > 255.0f ? 255 : (ai_i32)value;
}

static ai_i32 scale(const nn_packed_stage *stage, ai_u32 scaled, ai_u32 multiplier) {
    const ai_i64 product = (ai_i64)(ai_i32)scaled * (ai_i64)(ai_i32)multiplier;
    const ai_i64 value = product >> (32u + stage->shift);
    return value < 0 ? 0 : value > 255 ? 255 : (ai_i32)value;
}

static ai_i32 scale_float(const nn_packed_stage *stage, ai_u32 sum, const ai_u32 *bits) {
    union {
        ai_u32 bits;
        ai_float value;
    } multiplier = {*bits};
    return saturate(rintf((ai_float)(ai_i32)sum * multiplier.value), stage->offset);
}

/* Outputs 2 * pair and 2 * pair + 1 as y + 128. */
static void compute_pair(const nn_packed_stage *stage, const ai_u8 *weights, const int16_t *x,
                         ai_u32 pair, ai_i32 made[2]) {
    const ai_u32 pairs = stage->block / 2u;
    const ai_u32 row = stage->integers ? 5u * pairs : 4u * pairs;
    const ai_u32 *constants = (const ai_u32 *)(weights + stage->constants) + pair / pairs * row;
    const ai_u32 at = pair % pairs;
    const ai_u32 second = stage->alternate ? 2u : 1u;
    const ai_u32 third = stage->alternate ? 1u : 2u;
    sums sum = {constants[2u * at], constants[2u * at + 1u]};
    for (ai_u32 quad = 0; quad < stage->quads; quad++) {
        const ai_u32 *words = words_of(stage, weights, pair / 2u, quad) + pair % 2u;
        const int16_t *four = x + 4u * quad;
        const ai_i32 xa[2] = {four[0], four[second]};
        const ai_i32 xb[2] = {four[third], four[3]};
        accumulate(&sum, words[0], words[2], xa, xb, stage->winograd);
    }
    if (stage->integers) {
        const ai_u32 *tail = constants + 2u * pairs + 3u * at;
        made[0] = scale(stage, 256u * sum.l + tail[2], tail[0]);
        made[1] = scale(stage, sum.t - sum.l, tail[1]);
    } else {
        const ai_u32 *tail = constants + 2u * pairs + 2u * at;
        made[0] = scale_float(stage, sum.l, tail);
        made[1] = scale_float(stage, sum.t - sum.l, tail + 1);
    }
}

void nn_packed_chain(const nn_packed_stage *stages, ai_u32 count, const ai_i8 *input, ai_i8 *output,
                     const ai_u8 *weights, ai_u8 *arena) {
    int16_t *x = (int16_t *)(arena + stages[0].buffer);
    for (ai_u32 i = 0; i < 4u * stages[0].quads; i++) {
        x[i] = (int16_t)(i < stages[0].inputs ? input[i] - stages[0].base : 0);
    }
    for (ai_u32 s = 0; s < count; s++) {
        const nn_packed_stage *stage = &stages[s];
        const bool last = s + 1u == count;
        int16_t *next = last ? NULL : (int16_t *)(arena + stages[s + 1u].buffer);
        for (ai_u32 o = 0; o < stage->outputs; o += 2u) {
            ai_i32 made[2];
            compute_pair(stage, weights, x, o / 2u, made);
            for (ai_u32 i = 0; i < 2u && o + i < stage->outputs; i++) {
                if (last) {
                    output[o + i] = (ai_i8)(made[i] - 128);
                } else {
                    next[o + i] = (int16_t)made[i];
                }
            }
        }
        if (!last) {
            for (ai_u32 i = stage->outputs; i < 4u * stages[s + 1u].quads; i++) {
                next[i] = 0;
            }
            x = next;
        }
    }
}

#else

/* The generated assembly does all of it. */
typedef int nn_packed_chain_unused;

#endif
