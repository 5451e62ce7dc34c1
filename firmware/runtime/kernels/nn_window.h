/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_WINDOW_H
#define NN_WINDOW_H

#include "ai_platform.h"

/* Steps of a window along one axis, from first to end. */
typedef struct {
    ai_i32 first;
    ai_i32 end;
} nn_span;

/* Those of `steps` steps whose place `origin + step * dilation` lies in [low, high). */
static inline nn_span nn_inside(ai_i32 origin, ai_i32 steps, ai_i32 dilation, ai_i32 low,
                                ai_i32 high) {
    nn_span found = {0, steps};
    while (found.first < found.end && origin + found.first * dilation < low) {
        found.first++;
    }
    while (found.end > found.first && origin + (found.end - 1) * dilation >= high) {
        found.end--;
    }
    return found;
}

#endif /* NN_WINDOW_H */
