/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_QUADS_H
#define NN_QUADS_H

#include "nn_quads_end.h"

AI_API_DECLARE_BEGIN

/* Steps that one turn of the loop has: of the first turn the first ones are left out. */
#define NN_QUADS_TURN 16
/* Words of constants behind those of a quad: two for each filter, two with its places. */
#define NN_QUADS_CONSTANTS 10

/* Four filters at a time over the windows of two pixels: docs/convolutions.md. The assembly knows
 * the order of the members. */
typedef struct {
    ai_i32 offsets[2];    /* -128 * the sum of each pixel's elements */
    const ai_u32 *wide;   /* [steps][2 pixels]: two elements as int16; two more words behind */
    ai_i32 start;         /* bytes from a quad's first word, or `wide`, to where the loop starts */
    ai_i32 skip;          /* bytes of code of the steps that are left out */
    const ai_u32 *end;    /* one word behind the last step's of `wide` */
    ai_i8 *outputs[2];    /* of each pixel, filters bytes */
    nn_quads_end ends[2]; /* of the quads requantized by integers, and of the others */
    const ai_u32 *floats; /* the first of the others */
    const ai_u32 *stop;   /* behind the last quad */
    ai_i32 zero_point;    /* of the output */
    const ai_u32 *words;  /* quads as codegen/kernels/conv/quads.py lays them out */
} nn_quads_job;

/* A job for windows of so many steps, at least two; what changes from pixel to pixel is left out.
 */
nn_quads_job nn_quads_over(const ai_u32 *words, ai_i32 steps, ai_i32 quads, ai_i32 integers,
                           nn_quads_end end, ai_i32 zero_point, const ai_u32 *wide);

/* All quads of two pixels. */
void nn_quads(const nn_quads_job *job);

AI_API_DECLARE_END

#endif /* NN_QUADS_H */
