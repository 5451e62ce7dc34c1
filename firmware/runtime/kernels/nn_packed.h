/* SPDX-License-Identifier: Apache-2.0
 *
 * Fully connected layers with packed weights, in plain C: the same steps over the same weights as a
 * network's generated assembly, so the same bytes. For processors that the assembly does not fit,
 * and for the host with sanitizers. The layout: codegen/kernels/fully_connected/chain/layout.py.
 */
#ifndef NN_PACKED_H
#define NN_PACKED_H

#include "ai_platform.h"
#include "nn_packed_assembly.h"

AI_API_DECLARE_BEGIN

typedef struct {
    ai_u32 inputs;
    ai_u32 outputs;
    bool from_pairs; /* the source is int16, from another packed layer; else int8 */
    bool to_pairs;   /* so is the target */
    bool dense;      /* one stream; else constants, then words by pair of inputs */
    bool direct;     /* int8 sources are read where they are, whenever they are needed */
    bool quads;      /* four outputs in three sums; else two in two */
    bool alternate;  /* inputs 0, 2 and 1, 3 of each four are pairs, not 0, 1 and 2, 3 */
    bool integers;   /* requantized by M, M, addend; else by float32 multipliers */
    ai_u32 shift;
    ai_i32 base;      /* input byte that counts as 0 */
    ai_i32 offset;    /* added to the scaled sum; 255 is then the largest output */
    ai_i32 floor;     /* and this the smallest one, */
    ai_i32 low;       /* which is this byte */
    ai_u32 constants; /* offsets in the weights array */
    ai_u32 rows;
    ai_u32 scratch; /* offset in the arena, for int8 sources that are not read directly */
} nn_packed_layer;

/* Computes one layer: int8 or int16 [inputs] to int8 or int16 [outputs]. An int8 source
 * that is not read directly is read before anything is written to the target. */
void nn_packed(const nn_packed_layer *layer, const void *source, void *target, const ai_u8 *weights,
               ai_u8 *arena);

/* The bytes that a packed layer handed on as int16 `values`. `places` tells where each output
 * stands; -1 - (byte + 128) is an output that is always `byte`. Returns `bytes`. */
const ai_i8 *nn_packed_bytes(const void *values, const ai_i16 *places, ai_u32 outputs, ai_i32 low,
                             ai_i8 *bytes);

AI_API_DECLARE_END

#endif /* NN_PACKED_H */
