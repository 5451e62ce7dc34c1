/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_SOFTMAX_SHARE_H
#define NN_SOFTMAX_SHARE_H

#include "ai_platform.h"

/* An exponential's part of their sum in output steps, rounded half up: docs/numerics.md, "Softmax".
 * `steps` is 1 / output scale with 16 fraction bits. */
static inline ai_i8 nn_softmax_share(ai_u64 exponential, ai_u64 sum, ai_u32 steps,
                                     ai_i32 zero_point) {
    const ai_u64 unit = sum << 16;
    const ai_i32 value = (ai_i32)((2u * exponential * steps + unit) / (2u * unit)) + zero_point;
    return (ai_i8)(value > 127 ? 127 : value);
}

#endif /* NN_SOFTMAX_SHARE_H */
