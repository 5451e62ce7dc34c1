/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_CONV_TABLES_GROUP_H
#define NN_CONV_TABLES_GROUP_H

#include "nn_conv_tables_loop.h"

AI_API_DECLARE_BEGIN

/* A job for all pairs of filters; what changes from group to group is left out. */
nn_conv_tables_job nn_conv_tables_over(const ai_u32 *constants, ai_i32 pairs, ai_i32 integers,
                                       nn_conv_tables_end end, ai_i32 zero_point);

/* All pairs of filters of four tiles: docs/convolutions.md. */
#if NN_PACKED_ASSEMBLY
static inline void nn_conv_tables_group(nn_conv_tables_loop loop, const nn_conv_tables_job *job) {
    loop(job);
}
#else
void nn_conv_tables_group(nn_conv_tables_loop loop, const nn_conv_tables_job *job);
#endif

AI_API_DECLARE_END

#endif /* NN_CONV_TABLES_GROUP_H */
