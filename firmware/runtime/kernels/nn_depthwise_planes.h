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
 * and R rows, scratch has 4 R W words of planes, then 2 N * kernel height words of weights. Each
 * row of the input is read once: output may be input, where no row is written before it is read. */
void nn_depthwise_planes(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                         const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers,
                         ai_u32 *scratch);

/* The same, all channels of a band before the next band, so that the output may begin before the
 * input and run into rows that no later band needs; those that two bands need are read twice. */
void nn_depthwise_bands(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                        const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers,
                        ai_u32 *scratch);

AI_API_DECLARE_END

#endif /* NN_DEPTHWISE_PLANES_H */
