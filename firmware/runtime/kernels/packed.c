/* SPDX-License-Identifier: Apache-2.0 */
#include "packed.h"

#include <string.h>

#if !NN_PACKED_ASSEMBLY

#include <math.h>

/* T is 256 * H + L modulo 2^32, L the sum of the pair's first output: unsigned, because T wraps. */
typedef struct {
    ai_u32 t;
    ai_u32 l;
} sums;

/* Where a pair of outputs finds its constants and its words. */
typedef struct {
    const ai_u32 *start;  /* T, L to start from */
    const ai_u32 *scales; /* what requantizes A and B */
    const ai_u32 *words;  /* of the first pair of inputs */
    ai_u32 next;          /* words from one pair of inputs to the next */
} packed_pair;

static ai_i32 lane(ai_u32 word, ai_u32 index) {
    return (ai_i32)(ai_i16)((word >> (16u * index)) & 0xFFFFu);
}

static ai_i32 low_byte(ai_i32 value) {
    return (ai_i32)(ai_i8)(value & 0xFF);
}

static packed_pair find(const nn_packed_layer *layer, const ai_u8 *weights, ai_u32 pair) {
    const ai_u32 *constants = (const ai_u32 *)(const void *)(weights + layer->constants);
    const ai_u32 pairs = (layer->outputs + 1u) / 2u;
    const ai_u32 quads = (layer->inputs + 7u) / 8u * 2u;
    const ai_u32 most = layer->dense ? 2u : 4u;
    const ai_u32 scale = layer->integers ? 3u : 2u;
    const ai_u32 first = pair / most * most;
    const ai_u32 size = pairs - first < most ? pairs - first : most;
    const ai_u32 at = pair - first;
    const ai_u32 *block = constants + first * (2u + scale + (layer->dense ? 2u * quads : 0u));
    const ai_u32 *after = block + 2u * size;
    if (layer->dense) {
        /* Both pairs of inputs of a quad stand side by side for each pair of outputs. */
        const ai_u32 *words = after + 2u * at;
        return (packed_pair){block + 2u * at, after + 2u * size * quads + scale * at, words, size};
    }
    const ai_u32 *rows = (const ai_u32 *)(const void *)(weights + layer->rows);
    return (packed_pair){block + 2u * at, after + scale * at, rows + pair, pairs};
}

/* Input `index` in the order of the words. */
static ai_i32 input(const nn_packed_layer *layer, const ai_i16 *values, ai_u32 index) {
    ai_u32 at = index;
    if (layer->alternate) {
        const ai_u32 in_four = index % 4u;
        at = index - in_four + (in_four == 1u ? 2u : in_four == 2u ? 1u : in_four);
    }
    return at < layer->inputs ? values[at] : 0;
}

/* Rows of words: each pair of inputs by itself. */
static sums accumulate_rows(const nn_packed_layer *layer, const ai_i16 *values,
                            const packed_pair *pair) {
    sums sum = {pair->start[0], pair->start[1]};
    for (ai_u32 p = 0; p < (layer->inputs + 1u) / 2u; p++) {
        for (ai_u32 i = 0; i < 2u; i++) {
            const ai_i32 both = lane(pair->words[p * pair->next], i);
            const ai_i32 x = input(layer, values, 2u * p + i);
            sum.t += (ai_u32)(both * x);
            sum.l += (ai_u32)(low_byte(both) * x);
        }
    }
    return sum;
}

/* The stream: four inputs at a time, L by Winograd's inner product. */
static sums accumulate_stream(const nn_packed_layer *layer, const ai_i16 *values,
                              const packed_pair *pair) {
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
    return between((ai_i32)rintf((ai_float)(ai_i32)scaled * multiplier) + layer->offset, 0, 255);
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
    const ai_i16 *values = (const ai_i16 *)source;
    if (!layer->from_pairs) {
        const ai_i8 *bytes = (const ai_i8 *)source;
        ai_i16 *expanded = (ai_i16 *)(void *)(arena + layer->scratch);
        for (ai_u32 i = 0; i < layer->inputs; i++) {
            expanded[i] = (ai_i16)(bytes[i] - layer->base);
        }
        values = expanded;
    }
    for (ai_u32 output = 0; output < layer->outputs; output += 2u) {
        const packed_pair pair = find(layer, weights, output / 2u);
        const sums sum = layer->dense ? accumulate_stream(layer, values, &pair)
                                      : accumulate_rows(layer, values, &pair);
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
