/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_CONV_QUADS_H
#define NN_CONV_QUADS_H

#include "nn_conv.h"
#include "nn_quads_loop.h"

AI_API_DECLARE_BEGIN

/* nn_conv's output, four filters at two pixels at a time: docs/convolutions.md. One group.
 * `integers` of the quads, the first ones, are requantized by `end`; `loop` goes over a window.
 * `words` are as codegen/kernels/conv/quads.py lays them out, which counts scratch, too. */
void nn_conv_quads(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                   const ai_u32 *words, const nn_quads_ends *ends, nn_quads_loop loop,
                   ai_u32 *scratch);

/* The same, with the image's rows widened once for all windows that they are under: no dilation.
 * Each of a window's rows begins a step. Rows of output have pairs of pixels. */
void nn_conv_quad_rows(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                       const ai_u32 *words, const nn_quads_ends *ends, nn_quads_loop loop,
                       ai_u32 *scratch);

/* The same for rows of any length: two pixels' windows are copied from the widened rows. */
void nn_conv_quad_copies(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                         const ai_u32 *words, const nn_quads_ends *ends, nn_quads_loop loop,
                         ai_u32 *scratch);

AI_API_DECLARE_END

#endif /* NN_CONV_QUADS_H */
