/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_concat.h"

#include <string.h>

void nn_concat(ai_u32 count, ai_u32 run, ai_u32 stride, const ai_i8 *input, ai_i8 *output,
               const ai_i8 *table) {
    for (ai_u32 i = 0; i < count; i++) {
        if (table == NULL) {
            memmove(output, input, run);
        } else {
            for (ai_u32 j = 0; j < run; j++) {
                output[j] = table[(ai_i32)input[j] + 128];
            }
        }
        input += run;
        output += stride;
    }
}
