/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_arg_max.h"

#include <string.h>

/* `sign` is 1 for the largest, -1 for the smallest. */
static void all(ai_u32 outer, ai_u32 size, ai_u32 inner, ai_i32 last, ai_i32 sign,
                const ai_i8 *input, ai_i8 *output) {
    for (ai_u32 row = 0; row < outer * inner; row++) {
        const ai_i8 *first = input + row / inner * size * inner + row % inner;
        ai_i32 best = sign * first[0];
        ai_i32 position = 0;
        for (ai_u32 i = 1; i < size; i++) {
            const ai_i32 value = sign * first[i * inner];
            if (value > best || (last != 0 && value == best)) {
                best = value;
                position = (ai_i32)i;
            }
        }
        memcpy(output + row * sizeof(position), &position, sizeof(position));
    }
}

void nn_arg_max(ai_u32 outer, ai_u32 size, ai_u32 inner, ai_i32 last, const ai_i8 *input,
                ai_i8 *output) {
    all(outer, size, inner, last, 1, input, output);
}

void nn_arg_min(ai_u32 outer, ai_u32 size, ai_u32 inner, ai_i32 last, const ai_i8 *input,
                ai_i8 *output) {
    all(outer, size, inner, last, -1, input, output);
}
