/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_CONV_PACKED_H
#define NN_CONV_PACKED_H

#include "nn_conv.h"

AI_API_DECLARE_BEGIN

/* nn_conv by two products an instruction; the same bytes. With E the elements of a window of one
 * group, and F = E / 4 rounded up: of each group, weights are [pairs of filters][F][2][4], what
 * there is no filter or element for is 0. The input's zero point is in the biases. `scratch` has 5
 * F words: a window, then F times four words of int16, even and odd elements of two pixels. */
void nn_conv_packed(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                    const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers,
                    ai_u32 *scratch);

AI_API_DECLARE_END

#endif /* NN_CONV_PACKED_H */
