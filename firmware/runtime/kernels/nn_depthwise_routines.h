/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_DEPTHWISE_ROUTINES_H
#define NN_DEPTHWISE_ROUTINES_H

#include "nn_conv.h"
#include "nn_packed_assembly.h"

AI_API_DECLARE_BEGIN

/* A 3 x 3 depthwise convolution, one or two pixels apart, for which a network brings two or three
 * routines of its own.
 *
 * Planes are int16 less the input's zero point, two neighbours to a word. A row has `words` words
 * of each of four channels in turn, from the image's first pixel on: columns of padding are left
 * out, rows of padding are zeros. Scratch holds what `shape.band` rows of output need. */
typedef struct {
    nn_conv_shape shape;
    ai_i32 words;
    ai_i32 shift; /* of sums that integers requantize */
    ai_i32 finer; /* bits that the sums of odd factors are further left, and their shift */
    ai_i32 finer_shift;
#if NN_PACKED_ASSEMBLY
    /* `rows` rows of four channels of the image to rows of planes; `zeros` is less the zero point,
     * twice. The second one is for the last channels, when fewer than four are left: it begins as
     * many before them as there are too few. */
    void (*split)(const ai_i8 *pixels, ai_u32 *planes, ai_i32 rows, ai_u32 zeros);
    void (*split_rest)(const ai_i8 *pixels, ai_u32 *planes, ai_i32 rows, ai_u32 zeros);
    /* Planes up to the row at `end`, to rows of as many channels' output. */
    void (*rows)(const ai_u32 *planes, ai_i8 *output, const ai_i32 *constants, const ai_u32 *end,
                 ai_i32 channels);
#endif
} nn_depthwise_layer;

/* nn_depthwise with one filter for each channel, at least four of them; the same bytes. Of each
 * channel, constants are five words: either a factor and an addend, for ((256 * sum * factor >> 32)
 * + addend) >> shift, where the factor is odd with the sum `finer` bits further left and
 * `finer_shift`; or less the multiplier, as float32, and the bias; then, of each row, the weights
 * (w0, w1, w1, w2). */
void nn_depthwise_routines(const nn_depthwise_layer *layer, const ai_i8 *input, ai_i8 *output,
                           const ai_i32 *constants, ai_u32 *scratch);

AI_API_DECLARE_END

#endif /* NN_DEPTHWISE_ROUTINES_H */
