/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_select.h"

#include <string.h>

void nn_select(const nn_select_shape *shape, const ai_i8 *input, ai_i8 *output,
               const ai_i32 *offsets) {
    ai_u32 runs = 1;
    ai_u32 entries = 0;
    for (ai_u32 axis = 0; axis < shape->rank; axis++) {
        runs *= shape->sizes[axis];
        entries += shape->sizes[axis];
    }
    for (ai_u32 run = 0; run < runs; run++) {
        const ai_i32 *table = offsets + entries;
        ai_u32 rest = run;
        ai_i32 from = 0;
        for (ai_u32 axis = shape->rank; axis-- > 0;) {
            table -= shape->sizes[axis];
            const ai_i32 offset = table[rest % shape->sizes[axis]];
            rest /= shape->sizes[axis];
            from = from < 0 || offset < 0 ? -1 : from + offset;
        }
        if (from < 0) {
            memset(output, shape->fill, shape->run);
        } else {
            memcpy(output, input + from, shape->run);
        }
        output += shape->run;
    }
}
