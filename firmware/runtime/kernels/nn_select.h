/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_SELECT_H
#define NN_SELECT_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

typedef struct {
    const ai_u32 *sizes; /* of the axes of the output, the slowest first */
    ai_u32 rank;
    ai_u32 run;  /* bytes that are copied together */
    ai_i32 fill; /* the byte that stands where nothing was chosen */
} nn_select_shape;

/* Copies runs of bytes. `offsets` has one for each position along each axis, the axes one after the
 * other; their sum is where a run lies in the input, and a negative one chooses nothing. */
void nn_select(const nn_select_shape *shape, const ai_i8 *input, ai_i8 *output,
               const ai_i32 *offsets);

AI_API_DECLARE_END

#endif /* NN_SELECT_H */
