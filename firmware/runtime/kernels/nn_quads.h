/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_QUADS_H
#define NN_QUADS_H

#include "nn_quads_loop.h"

AI_API_DECLARE_BEGIN

/* Words of constants behind those of a quad: two for each filter, two with its places. */
#define NN_QUADS_CONSTANTS 10

/* A job for windows of so many steps; what changes from pixel to pixel is left out. */
nn_quads_job nn_quads_over(const ai_u32 *words, ai_i32 steps, ai_i32 quads,
                           const nn_quads_ends *ends, ai_i32 zero_point);

/* Four filters at a time over the windows of two pixels, all quads: docs/convolutions.md. Then
 * those of all further pairs that `next` of the job goes on to. */
#if NN_PACKED_ASSEMBLY
static inline void nn_quads(nn_quads_loop loop, nn_quads_job *job) {
    loop(job);
}
#else
void nn_quads(nn_quads_loop loop, nn_quads_job *job);
#endif

#if NN_PACKED_ASSEMBLY

/* The two neighbours of pixels in a row of widened rows; pixels whose elements are widened. */
void nn_quads_next_of_row(void);
void nn_quads_next_pixels(void);

#else

enum { nn_quads_next_of_row = 1, nn_quads_next_pixels = 2 };

#endif

AI_API_DECLARE_END

#endif /* NN_QUADS_H */
