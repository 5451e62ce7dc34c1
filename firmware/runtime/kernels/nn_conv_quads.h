/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_CONV_QUADS_H
#define NN_CONV_QUADS_H

#include "nn_conv.h"

AI_API_DECLARE_BEGIN

/* nn_conv of one group by quad split, the same bytes. Weights, biases and multipliers are those of
 * nn_quads.h. With F the elements of a window / 4 and Q the filters / 4, both rounded up, `scratch`
 * has 5 F + 2 Q words: a window, two windows as int16, outputs of two pixels. */
void nn_conv_quads(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                   const ai_u32 *weights, const ai_i32 *bias, const ai_float *multipliers,
                   ai_u32 *scratch);

AI_API_DECLARE_END

#endif /* NN_CONV_QUADS_H */
