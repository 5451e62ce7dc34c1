/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_CONV_WINDOW_H
#define NN_CONV_WINDOW_H

#include "nn_conv.h"

AI_API_DECLARE_BEGIN

/* What is the same for the windows of all pixels of a group. */
typedef struct {
    const nn_conv_shape *shape;
    ai_i32 depth;   /* channels of a group */
    ai_i32 fours;   /* elements of a window / 4, rounded up */
    ai_i32 pieces;  /* of a window's row that lie apart in the image */
    ai_i32 bytes;   /* of a piece */
    ai_i32 below;   /* from a window's first row to its last */
    ai_i32 right;   /* and the same for columns */
    ai_u32 *window; /* `fours` words: a window that lies in no whole words */
} nn_conv_loader;

/* scratch: `fours` words. */
nn_conv_loader nn_conv_loading(const nn_conv_shape *shape, ai_u32 *scratch);

/* Widens the window of output pixel (y, x) to int16: of each four elements the even ones in
 * wide[0], the odd ones in wide[2], then four words on; what lies outside the image is the input's
 * zero point, what fills the last four is 0. `image` starts at the group's first channel. Returns
 * the sum of all elements. */
ai_i32 nn_conv_load(const nn_conv_loader *loader, const ai_i8 *image, ai_i32 y, ai_i32 x,
                    ai_u32 *wide);

/* The same for `fours` words of bytes wherever they lie. */
ai_i32 nn_conv_widen(const ai_i8 *bytes, ai_i32 fours, ai_u32 *wide);

AI_API_DECLARE_END

#endif /* NN_CONV_WINDOW_H */
