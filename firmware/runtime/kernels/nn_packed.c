/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_packed.h"

#include <string.h>

#if !NN_PACKED_ASSEMBLY

#include "nn_requantize.h"

/* Two outputs by T, 256 * B + A modulo 2^32, and L, A alone: unsigned, because T wraps. */
typedef struct {
    ai_u32 t;
    ai_u32 l;
} sums;

/* Outputs that share constants and words: a pair, or a quad. */
typedef struct {
    const ai_u32 *start;  /* sums to start from */
    const ai_u32 *scales; /* what requantizes its outputs */
    const ai_u32 *words;  /* of the first pair of inputs */
    ai_u32 next;          /* words from one pair of inputs to the next */
} packed;

static ai_i32 lane(ai_u32 word, ai_u32 index) {
    return (ai_i32)(ai_i16)((word >> (16u * index)) & 0xFFFFu);
}

static ai_i32 low_byte(ai_i32 value) {
    return (ai_i32)(ai_i8)(value & 0xFF);
}

static const ai_u32 *words_at(const ai_u8 *weights, ai_u32 offset) {
    return (const ai_u32 *)(const void *)(weights + offset);
}

/* Pairs: both pairs of inputs of a quad of inputs stand side by side for each pair of outputs. */
static packed find_pair(const nn_packed_layer *layer, const ai_u8 *weights, ai_u32 pair) {
    const ai_u32 pairs = (layer->outputs + 1u) / 2u;
    const ai_u32 quads = (layer->inputs + 7u) / 8u * 2u;
    const ai_u32 scale = layer->integers ? 3u : 2u;
    const ai_u32 first = pair / 2u * 2u;
    const ai_u32 size = pairs - first < 2u ? 1u : 2u;
    const ai_u32 *block = words_at(weights, layer->constants) + first * (2u + scale + 2u * quads);
    const ai_u32 *after = block + 2u * size;
    const ai_u32 in_block = pair - first;
    return (packed){block + 2u * in_block, after + 2u * size * quads + scale * in_block,
                    after + 2u * in_block, size};
}

/* Dense: blocks of two quads, the last one maybe of one. */
static packed find_dense_quad(const nn_packed_layer *layer, const ai_u8 *weights, ai_u32 quad) {
    const ai_u32 scale = layer->integers ? 8u : 4u;
    const ai_u32 pairs = layer->direct ? layer->inputs / 2u : (layer->inputs + 7u) / 8u * 4u;
    const ai_u32 second = quad % 2u;
    const ai_u32 last = (layer->outputs - 1u) / 4u;
    const ai_u32 size = quad == last && second == 0u ? 1u : 2u;
    const ai_u32 *block =
        words_at(weights, layer->constants) + quad / 2u * (6u + 4u * pairs + 2u * scale);
    const ai_u32 *words = block + 3u * size;
    return (packed){block + 3u * second, words + 2u * size * pairs + scale * second,
                    words + 2u * second, 2u * size};
}

/* Sparse: the words of a pair of inputs lie side by side for all quads. */
static packed find_quad(const nn_packed_layer *layer, const ai_u8 *weights, ai_u32 quad) {
    const ai_u32 scale = layer->integers ? 8u : 4u;
    const ai_u32 quads = (layer->outputs + 3u) / 4u;
    const ai_u32 second = quad % 2u;
    const ai_u32 *block = words_at(weights, layer->constants) + quad / 2u * (6u + 2u * scale);
    return (packed){block + 3u * second, block + 6u + scale * second,
                    words_at(weights, layer->rows) + 2u * quad, 2u * quads};
}

/* Input `index` in the order of the words. */
static ai_i32 input(const nn_packed_layer *layer, const void *values, ai_u32 index) {
    ai_u32 at = index;
    if (layer->alternate) {
        const ai_u32 in_four = index % 4u;
        at = index - in_four + (in_four == 1u ? 2u : in_four == 2u ? 1u : in_four);
    }
    if (at >= layer->inputs) {
        return 0;
    }
    return layer->direct ? ((const ai_i8 *)values)[at] - layer->base : ((const ai_i16 *)values)[at];
}

/* The stream: four inputs at a time, L by Winograd's inner product. */
static sums accumulate_stream(const nn_packed_layer *layer, const void *values,
                              const packed *pair) {
    sums sum = {pair->start[0], pair->start[1]};
    for (ai_u32 q = 0; q < (layer->inputs + 7u) / 8u * 2u; q++) {
        const ai_u32 *words = pair->words + 2u * q * pair->next;
        for (ai_u32 i = 0; i < 2u; i++) {
            const ai_i32 a = lane(words[0], i);
            const ai_i32 b = lane(words[1], i);
            const ai_i32 xa = input(layer, values, 4u * q + i);
            const ai_i32 xb = input(layer, values, 4u * q + 2u + i);
            sum.t += (ai_u32)(a * xa) + (ai_u32)(b * xb);
            sum.l += (ai_u32)((xb + low_byte(a)) * (xa + low_byte(b))) - (ai_u32)(xa * xb);
        }
    }
    return sum;
}

/* Accumulators of a quad, all but the first scaled by 256. U = A + 256 * B, V = C + 256 * D and
 * W = B + 256 * C give them: each sum's low 8 bits are one output's beyond doubt, and W carries
 * them from word to word. The first word's low bytes are 128 too large. */
static void solve_quad(const nn_packed_layer *layer, const void *values, const packed *quad,
                       ai_u32 accumulators[4]) {
    ai_u32 u = quad->start[0];
    ai_u32 v = quad->start[1];
    ai_u32 w = quad->start[2];
    /* In another order the last ones may stand behind what is missing. */
    const ai_u32 inputs = layer->dense ? (layer->inputs + 3u) / 4u * 4u : layer->inputs;
    for (ai_u32 i = 0; i < inputs; i++) {
        const ai_u32 *words = quad->words + i / 2u * quad->next;
        const ai_i32 first = lane(words[0], i % 2u);
        const ai_i32 second = lane(words[1], i % 2u);
        const ai_i32 b = low_byte(first >> 8);
        const ai_i32 x = input(layer, values, i);
        u += (ai_u32)((first - 128) * x);
        v += (ai_u32)(second * x);
        w += (ai_u32)((b + 256 * low_byte(second)) * x);
    }
    const ai_u32 a_and_d = u - 256u * (w - 256u * v); /* A + 2^24 * D */
    const ai_i32 a = (ai_i32)(a_and_d << 8) / 256;
    accumulators[0] = (ai_u32)a;
    accumulators[1] = u - (ai_u32)a;
    accumulators[2] = w - (ai_u32)((ai_i32)accumulators[1] / 256);
    accumulators[3] = v - (ai_u32)((ai_i32)accumulators[2] / 256);
}

static ai_i32 between(ai_i32 value, ai_i32 low, ai_i32 high) {
    return value < low ? low : value > high ? high : value;
}

/* Output, counted from where saturation cuts, from 256 * accumulator, or from what the float
 * multiplier belongs to. */
static ai_i32 requantize(const nn_packed_layer *layer, ai_u32 scaled, ai_u32 scale) {
    if (layer->integers) {
        const ai_i64 product = (ai_i64)(ai_i32)scaled * (ai_i64)(ai_i32)scale;
        const ai_i32 high = (ai_i32)(product >> 32);
        return between(high >> layer->shift, 0, 255);
    }
    ai_float multiplier;
    memcpy(&multiplier, &scale, sizeof(multiplier));
    return between((ai_i32)nn_rint((ai_float)(ai_i32)scaled * multiplier) + layer->offset, 0, 255);
}

static void store(const nn_packed_layer *layer, void *target, ai_u32 output, ai_i32 value) {
    const ai_i32 kept = value < layer->floor ? 0 : value - layer->floor;
    if (layer->to_pairs) {
        ((ai_i16 *)target)[output] = (ai_i16)kept;
    } else {
        ((ai_i8 *)target)[output] = (ai_i8)(kept + layer->low);
    }
}

void nn_packed(const nn_packed_layer *layer, const void *source, void *target, const ai_u8 *weights,
               ai_u8 *arena) {
    const void *values = source;
    if (!layer->from_pairs && !layer->direct) {
        const ai_i8 *bytes = (const ai_i8 *)source;
        ai_i16 *expanded = (ai_i16 *)(void *)(arena + layer->scratch);
        for (ai_u32 i = 0; i < layer->inputs; i++) {
            expanded[i] = (ai_i16)(bytes[i] - layer->base);
        }
        values = expanded;
    }
    const ai_u32 in_quads = layer->quads ? layer->outputs : 0u;
    for (ai_u32 output = 0; output < in_quads; output += 4u) {
        const packed quad = layer->dense ? find_dense_quad(layer, weights, output / 4u)
                                         : find_quad(layer, weights, output / 4u);
        ai_u32 scaled[4];
        solve_quad(layer, values, &quad, scaled);
        scaled[0] *= layer->integers ? 256u : 1u;
        for (ai_u32 i = 0; i < 4u && output + i < layer->outputs; i++) {
            /* In integers two addends come first, then two multipliers. */
            const ai_u32 place = layer->integers ? i / 2u * 4u + i % 2u : i;
            const ai_u32 addend = layer->integers ? quad.scales[place] : 0u;
            const ai_u32 scale = quad.scales[layer->integers ? place + 2u : i];
            store(layer, target, output + i, requantize(layer, scaled[i] + addend, scale));
        }
    }
    for (ai_u32 output = in_quads; output < layer->outputs; output += 2u) {
        const packed pair = find_pair(layer, weights, output / 2u);
        const sums sum = accumulate_stream(layer, values, &pair);
        const ai_u32 a = layer->integers ? 256u * sum.l + pair.scales[2] : sum.l;
        store(layer, target, output, requantize(layer, a, pair.scales[0]));
        if (output + 1u < layer->outputs) {
            const ai_u32 b = sum.t - sum.l;
            store(layer, target, output + 1u, requantize(layer, b, pair.scales[1]));
        }
    }
}

#endif

const ai_i8 *nn_packed_bytes(const void *values, const ai_i16 *places, ai_u32 outputs, ai_i32 low,
                             ai_i8 *bytes) {
    const ai_i16 *pairs = (const ai_i16 *)values;
    for (ai_u32 o = 0; o < outputs; o++) {
        const ai_i32 place = places[o];
        bytes[o] = (ai_i8)(place < 0 ? -1 - place - 128 : pairs[place] + low);
    }
    return bytes;
}
