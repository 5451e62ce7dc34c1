/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_LOG_SOFTMAX_H
#define NN_LOG_SOFTMAX_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* Logarithm of the softmax of `size` elements, `inner` elements apart, docs/numerics.md, "Softmax":
 * `table` holds 256 exponentials exp(-d * scale) with 20 fraction bits, `distances` d * scale in
 * output steps with 16, `step` is log(2) in output steps with 24. */
void nn_log_softmax(ai_u32 outer, ai_u32 size, ai_u32 inner, ai_u64 step, ai_i32 zero_point,
                    const ai_i8 *input, ai_i8 *output, const ai_u32 *table,
                    const ai_u32 *distances);

AI_API_DECLARE_END

#endif /* NN_LOG_SOFTMAX_H */
