/* SPDX-License-Identifier: Apache-2.0
 *
 * A real value as a byte of a network's input: docs/numerics.md, "Quantization".
 */
#ifndef NN_QUANTIZED_H
#define NN_QUANTIZED_H

#include "ai_platform.h"
#include "kernels/nn_requantize.h"

/* saturate(rint(value / scale) + zero_point), half to even; what is no number is 0. Between
 * nn_float_enter and nn_float_leave. */
static inline ai_i8 nn_quantized(ai_float value, ai_float scale, ai_i32 zero_point) {
    const ai_float scaled = nn_rounded(value / scale);
    const ai_bool number = scaled >= 0.0f || scaled < 0.0f;
    return nn_saturate(number ? scaled : 0.0f, zero_point, -128, 127);
}

#endif /* NN_QUANTIZED_H */
