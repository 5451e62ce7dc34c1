/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_ARG_MAX_H
#define NN_ARG_MAX_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* The positions of the largest (smallest) of `size` bytes, `inner` bytes apart: `outer` * `inner`
 * of them. Of several the first, or the last. `output` holds them as ai_i32, on any address. */
void nn_arg_max(ai_u32 outer, ai_u32 size, ai_u32 inner, ai_i32 last, const ai_i8 *input,
                ai_i8 *output);
void nn_arg_min(ai_u32 outer, ai_u32 size, ai_u32 inner, ai_i32 last, const ai_i8 *input,
                ai_i8 *output);

AI_API_DECLARE_END

#endif /* NN_ARG_MAX_H */
