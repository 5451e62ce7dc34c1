/* SPDX-License-Identifier: Apache-2.0
 *
 * Real values at a network's ends: docs/numerics.md, "Quantization".
 */
#ifndef NN_IO_H
#define NN_IO_H

#include "ai_platform.h"
#include "nn_target.h"

AI_API_DECLARE_BEGIN

/* bytes[i] = saturate(rint(values[i] / scale) + zero_point), half to even; what is no number is 0.
 */
void nn_quantize(const ai_float *values, ai_i8 *bytes, ai_size count, ai_float scale,
                 ai_i32 zero_point);

/* values[i] = (bytes[i] - zero_point) * scale. */
void nn_dequantize(const ai_i8 *bytes, ai_float *values, ai_size count, ai_float scale,
                   ai_i32 zero_point);

/* Where the largest byte is, the first of several. */
ai_size nn_argmax(const ai_i8 *bytes, ai_size count);

/* Fill `input` with the bytes that a self-test is about: the high bytes of a linear congruential
 * generator (Numerical Recipes, 7.1.5: 1664525 x + 1013904223), from `seed` on. */
void nn_selftest_input(ai_u32 seed, ai_i8 *input, ai_size count);

/* How many bytes differ. */
ai_size nn_selftest_wrong(const ai_i8 *output, const ai_i8 *expected, ai_size count);

AI_API_DECLARE_END

#endif /* NN_IO_H */
