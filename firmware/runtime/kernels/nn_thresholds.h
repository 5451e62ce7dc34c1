/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_THRESHOLDS_H
#define NN_THRESHOLDS_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* output[i] = how many of 255 rising thresholds input[i] reaches, less 128; no number reaches NaN.
 * docs/numerics.md, "Functions of float sums". */
void nn_thresholds(ai_u32 size, const ai_float *input, ai_i8 *output, const ai_float *thresholds);

AI_API_DECLARE_END

#endif /* NN_THRESHOLDS_H */
