/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_transpose.h"

#include <string.h>

void nn_transpose(const nn_transpose_axis *axes, ai_u32 count, ai_u32 bytes, const ai_i8 *input,
                  ai_i8 *output) {
    ai_u32 elements = 1;
    for (ai_u32 axis = 0; axis < count; axis++) {
        elements *= axes[axis].size;
    }
    for (ai_u32 element = 0; element < elements; element++) {
        ai_u32 rest = element;
        ai_u32 from = 0;
        for (ai_u32 axis = count; axis-- > 0;) {
            from += rest % axes[axis].size * axes[axis].stride;
            rest /= axes[axis].size;
        }
        memcpy(output, input + from, bytes);
        output += bytes;
    }
}
