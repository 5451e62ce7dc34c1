/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_thresholds.h"

void nn_thresholds(ai_u32 size, const ai_float *input, ai_i8 *output, const ai_float *thresholds) {
    for (ai_u32 i = 0; i < size; i++) {
        ai_i32 reached = 0;
        for (ai_i32 step = 128; step > 0; step >>= 1) {
            if (input[i] >= thresholds[reached + step - 1]) {
                reached += step;
            }
        }
        output[i] = (ai_i8)(reached - 128);
    }
}
