/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_CONV_STACKED_H
#define NN_CONV_STACKED_H

#include "nn_conv.h"
#include "nn_conv_stacked_loop.h"

AI_API_DECLARE_BEGIN

/* nn_conv's output, two filters at four pixels, one below the other, at a time:
 * docs/convolutions.md. One group, no dilation. `integers` of the pairs of filters, the first ones,
 * are requantized by `end`; `loop` goes over a window, in rows of scratch `pitch` words apart.
 * `words` are as codegen/kernels/conv/stacked.py lays them out, which counts scratch, too. */
void nn_conv_stacked(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                     const ai_u32 *words, ai_i32 integers, nn_conv_stacked_loop loop,
                     nn_conv_stacked_end end, ai_i32 pitch, ai_u32 *scratch);

AI_API_DECLARE_END

#endif /* NN_CONV_STACKED_H */
