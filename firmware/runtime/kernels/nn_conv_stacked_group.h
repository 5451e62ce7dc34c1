/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_CONV_STACKED_GROUP_H
#define NN_CONV_STACKED_GROUP_H

#include "nn_conv_stacked_loop.h"

AI_API_DECLARE_BEGIN

/* A job for windows of so many steps; what changes from rows to rows is left out. */
nn_conv_stacked_job nn_conv_stacked_over(const ai_u32 *words, ai_i32 steps, ai_i32 pairs,
                                         ai_i32 integers, nn_conv_stacked_end end,
                                         ai_i32 zero_point);

/* All pairs of filters of four rows of output. */
#if NN_PACKED_ASSEMBLY
static inline void nn_conv_stacked_group(nn_conv_stacked_loop loop,
                                         const nn_conv_stacked_job *job) {
    loop(job);
}
#else
void nn_conv_stacked_group(nn_conv_stacked_loop loop, const nn_conv_stacked_job *job);
#endif

AI_API_DECLARE_END

#endif /* NN_CONV_STACKED_GROUP_H */
