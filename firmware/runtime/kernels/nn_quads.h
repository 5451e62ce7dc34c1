/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_QUADS_H
#define NN_QUADS_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* Four filters at a time over the windows of two pixels: docs/kernels.md, "Convolutions". The
 * assembly knows the order of the members. */
typedef struct {
    const ai_u32 *words; /* [quads][steps][2]: weights C, D, then A, B of a step's two elements */
    const ai_u32 *wide;  /* [steps][2 pixels]: the two elements as int16; two more words behind */
    const ai_u32 *end;   /* two words behind the last step's */
    ai_i32 offsets[2];   /* 128 * the sum of each pixel's elements */
    const ai_i32 *bias;  /* [4 * quads], the input's zero point folded in */
    const ai_float *multipliers; /* [4 * quads] */
    ai_i8 *outputs[2];           /* of each pixel, 4 * quads bytes */
    ai_i32 quads;                /* at least 1; moved with the pointers, down to 0 */
    ai_i32 zero_point;
    ai_u32 low; /* smallest output byte, four times */
    ai_u32 high;
} nn_quads_job;

/* All quads; steps come in twos, at least one two. */
void nn_quads(nn_quads_job *job);

AI_API_DECLARE_END

#endif /* NN_QUADS_H */
