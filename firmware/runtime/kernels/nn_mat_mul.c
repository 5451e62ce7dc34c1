/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_mat_mul.h"

#include "nn_requantize.h"

static void one(const nn_mat_mul_shape *shape, const ai_i8 *first, const ai_i8 *second,
                ai_i8 *output) {
    for (ai_u32 row = 0; row < shape->rows; row++) {
        for (ai_u32 column = 0; column < shape->columns; column++) {
            ai_i32 sum = 0;
            for (ai_u32 i = 0; i < shape->inner; i++) {
                const ai_i32 left = (ai_i32)first[row * shape->inner + i];
                const ai_i32 right = (ai_i32)second[i * shape->columns + column];
                sum += (left - shape->first_zero_point) * (right - shape->second_zero_point);
            }
            *output++ =
                nn_requantize(sum, shape->multiplier, shape->zero_point, shape->low, shape->high);
        }
    }
}

void nn_mat_mul(const nn_mat_mul_shape *shape, const ai_i8 *first, const ai_i8 *second,
                ai_i8 *output) {
    const nn_mat_mul_batch *slow = &shape->batches[0];
    const nn_mat_mul_batch *fast = &shape->batches[1];
    for (ai_u32 i = 0; i < slow->size; i++) {
        for (ai_u32 j = 0; j < fast->size; j++) {
            one(shape, first + i * slow->first_stride + j * fast->first_stride,
                second + i * slow->second_stride + j * fast->second_stride, output);
            output += shape->rows * shape->columns;
        }
    }
}
