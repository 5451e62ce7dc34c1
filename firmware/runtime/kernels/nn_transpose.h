/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_TRANSPOSE_H
#define NN_TRANSPOSE_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* One axis of the output, the slowest first. */
typedef struct {
    ai_u32 size;
    ai_u32 stride; /* bytes from one element to the next in the input */
} nn_transpose_axis;

/* Writes the elements of `input`, of `bytes` bytes each, in the order of `axes`. */
void nn_transpose(const nn_transpose_axis *axes, ai_u32 count, ai_u32 bytes, const ai_i8 *input,
                  ai_i8 *output);

AI_API_DECLARE_END

#endif /* NN_TRANSPOSE_H */
