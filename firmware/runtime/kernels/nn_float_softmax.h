/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_FLOAT_SOFTMAX_H
#define NN_FLOAT_SOFTMAX_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* Softmax of `size` float32 numbers, `inner` elements apart, as bytes: docs/numerics.md, "Softmax
 * of float sums". `tables` holds 256 exponentials exp(-i / 16) and 256 exp(-i / 4096), with 24
 * fraction bits; `steps` is 1 / output scale with 16. */
void nn_float_softmax(ai_u32 outer, ai_u32 size, ai_u32 inner, ai_u32 steps, ai_i32 zero_point,
                      const ai_float *input, ai_i8 *output, const ai_u32 *tables);

AI_API_DECLARE_END

#endif /* NN_FLOAT_SOFTMAX_H */
