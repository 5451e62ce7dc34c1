/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_SOFTMAX_H
#define NN_SOFTMAX_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* Integer softmax of `size` elements, `inner` elements apart, docs/numerics.md, "Softmax": `table`
 * holds 256 exponentials exp(-d * scale) with 20 fraction bits, `steps` is 1 / output scale with 16
 * fraction bits. */
void nn_softmax(ai_u32 outer, ai_u32 size, ai_u32 inner, ai_u32 steps, ai_i32 zero_point,
                const ai_i8 *input, ai_i8 *output, const ai_u32 *table);

AI_API_DECLARE_END

#endif /* NN_SOFTMAX_H */
