/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_ELEMENTWISE_INTEGERS_H
#define NN_ELEMENTWISE_INTEGERS_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

typedef struct {
    ai_i32 size;
    ai_i32 first_factor;
    ai_i32 second_factor;
    ai_i32 addend;
    ai_i32 low; /* smallest output byte */
    ai_i32 high;
} nn_elementwise_integers_shape;

/* output[i] = clamp(((first factor * first[i] >> 8) + (second factor * second[i] >> 8) + addend) >>
 * 21): sums and differences for which the generator has found factors that are right for every pair
 * of bytes. The output may be the bytes of an operand. The assembly knows the order of the members.
 */
void nn_elementwise_integers(const nn_elementwise_integers_shape *shape, const ai_i8 *first,
                             const ai_i8 *second, ai_i8 *output);

AI_API_DECLARE_END

#endif /* NN_ELEMENTWISE_INTEGERS_H */
