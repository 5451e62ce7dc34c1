/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_softmax.h"

#include "nn_softmax_share.h"

static void one(ai_u32 size, ai_u32 stride, ai_u32 steps, ai_i32 zero_point, const ai_i8 *input,
                ai_i8 *output, const ai_u32 *table) {
    ai_i32 largest = -128;
    for (ai_u32 i = 0; i < size; i++) {
        largest = input[i * stride] > largest ? input[i * stride] : largest;
    }
    ai_u64 total = 0u;
    for (ai_u32 i = 0; i < size; i++) {
        total += table[largest - input[i * stride]];
    }
    for (ai_u32 i = 0; i < size; i++) {
        const ai_u64 mine = table[largest - input[i * stride]];
        output[i * stride] = nn_softmax_share(mine, total, steps, zero_point);
    }
}

void nn_softmax(ai_u32 outer, ai_u32 size, ai_u32 inner, ai_u32 steps, ai_i32 zero_point,
                const ai_i8 *input, ai_i8 *output, const ai_u32 *table) {
    for (ai_u32 i = 0; i < outer; i++) {
        for (ai_u32 j = 0; j < inner; j++) {
            const ai_u32 first = i * size * inner + j;
            one(size, inner, steps, zero_point, input + first, output + first, table);
        }
    }
}
