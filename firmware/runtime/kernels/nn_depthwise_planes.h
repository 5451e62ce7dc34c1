/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_DEPTHWISE_PLANES_H
#define NN_DEPTHWISE_PLANES_H

#include "nn_conv.h"

AI_API_DECLARE_BEGIN

/* nn_depthwise with one filter for each channel and without dilation along rows; the same bytes.
 * Weights are [channels][kernel height][kernel width], the input's zero point is in the biases.
 *
 * Four channels at a time become planes of int16 in `scratch`, padding included, so that one word
 * holds two neighbours of a channel: of as many rows as `shape->band` rows of output need. With W =
 * (output width - 1) * stride / 2 + N words to a row, N = kernel width / 2 + 1 (both rounded down)
 * and R rows, scratch has 4 R W words of planes, then 8 N * kernel height words of weights. */
void nn_depthwise_planes(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                         const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers,
                         ai_u32 *scratch);

AI_API_DECLARE_END

#endif /* NN_DEPTHWISE_PLANES_H */
