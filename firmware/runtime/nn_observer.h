/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers as they are computed: whoever observes a run is told before and after each. A network that
 * nobody observes runs through a function of its own, in which none of this is left.
 */
#ifndef NN_OBSERVER_H
#define NN_OBSERVER_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

typedef struct {
    void (*event)(void *cookie, ai_u32 layer, ai_bool after);
    void *cookie;
} nn_observer;

/* One inference, observed; otherwise as nn_forward. */
typedef void (*nn_observed_forward)(const ai_i8 *const inputs[], ai_i8 *const outputs[],
                                    const ai_u8 *const weights[], ai_u8 *arena,
                                    const nn_observer *observer);

/* For the function that both ways of running a network are made of. */
#define NN_BOTH_WAYS __attribute__((always_inline)) static __inline__

NN_BOTH_WAYS void nn_layer(const nn_observer *observer, ai_u32 layer, ai_bool after) {
    if (observer != NULL) {
        observer->event(observer->cookie, layer, after);
    }
}

/* Numbers of the types of layers, by the operator's stem. An operator without one is "other". */
#define NN_LAYER_OTHER 0
#define NN_LAYER_FULLY_CONNECTED 1
#define NN_LAYER_LOOKUP 3
#define NN_LAYER_SOFTMAX 4
#define NN_LAYER_RESHAPE 5
#define NN_LAYER_ELEMENTWISE 6
#define NN_LAYER_COPY 7
#define NN_LAYER_CONV 8
#define NN_LAYER_CONV_TRANSPOSE 9
#define NN_LAYER_MAX_POOL 10
#define NN_LAYER_AVERAGE_POOL 11
#define NN_LAYER_TRANSPOSE 12
#define NN_LAYER_SELECT 13
#define NN_LAYER_CONCAT 14
#define NN_LAYER_LOG_SOFTMAX 20
#define NN_LAYER_ARG_MAX 21
#define NN_LAYER_AFFINE 22
#define NN_LAYER_INTERPOLATE 23
#define NN_LAYER_MAT_MUL 24
#define NN_LAYER_THRESHOLDS 30
#define NN_LAYER_FLOAT_WEIGHTS 31
#define NN_LAYER_FLOAT_SOFTMAX 32

AI_API_DECLARE_END

#endif /* NN_OBSERVER_H */
