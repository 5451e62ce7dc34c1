/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_REQUANTIZE_H
#define NN_REQUANTIZE_H

#include <math.h>

#include "ai_platform.h"
#include "nn_target.h"

#ifdef __FAST_MATH__
#error "-ffast-math and -Ofast change results: compile this library without them"
#endif

/* clamp(rint(scaled) + zero_point, low, high), half to even: docs/numerics.md, "Requantization".
 * Clamped as a float, because `scaled` may leave int32. */
static inline ai_i8 nn_saturate(ai_float scaled, ai_i32 zero_point, ai_i32 low, ai_i32 high) {
    const ai_float least = (ai_float)(low - zero_point);
    const ai_float most = (ai_float)(high - zero_point);
    ai_float value = rintf(scaled);
    value = value < least ? least : value;
    value = value > most ? most : value;
    return (ai_i8)((ai_i32)value + zero_point);
}

static inline ai_i8 nn_requantize(ai_i32 accumulator, ai_float multiplier, ai_i32 zero_point,
                                  ai_i32 low, ai_i32 high) {
    return nn_saturate((ai_float)accumulator * multiplier, zero_point, low, high);
}

#endif /* NN_REQUANTIZE_H */
