/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_MAT_MUL_H
#define NN_MAT_MUL_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* Matrices behind one another; strides are elements from one to the next, 0 where it is repeated.
 */
typedef struct {
    ai_u32 size;
    ai_u32 first_stride;
    ai_u32 second_stride;
} nn_mat_mul_batch;

typedef struct {
    nn_mat_mul_batch batches[2]; /* the slower first */
    ai_u32 rows;
    ai_u32 inner;
    ai_u32 columns;
    ai_i32 first_zero_point;
    ai_i32 second_zero_point;
    ai_i32 zero_point; /* of the output */
    ai_float multiplier;
    ai_i32 low; /* smallest output byte */
    ai_i32 high;
} nn_mat_mul_shape;

/* output[rows][columns] = requantize(first[rows][inner] * second[inner][columns]), both less their
 * zero points: docs/numerics.md, "Fully connected". */
void nn_mat_mul(const nn_mat_mul_shape *shape, const ai_i8 *first, const ai_i8 *second,
                ai_i8 *output);

AI_API_DECLARE_END

#endif /* NN_MAT_MUL_H */
