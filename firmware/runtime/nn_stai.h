/* SPDX-License-Identifier: Apache-2.0
 *
 * What every generated network with the st-ai interface shares. The context is the application's
 * memory, so there may be as many of one network as wanted; one context may be used by one thread
 * at a time.
 *
 * A function returns its own error; the first error since nn_stai_init is kept for get_error.
 */
#ifndef NN_STAI_H
#define NN_STAI_H

#include "nn_runtime.h"
#include "stai.h"

STAI_API_DECLARE_BEGIN

typedef struct {
    uint32_t magic; /* NN_MAGIC */
    stai_network_info info;
    nn_plan plan;
    const stai_ptr *weights; /* each block's address */
} nn_stai_network;

/* Behind it the buffers' addresses, in the order of nn_stai_kind, as many as the network has of
 * each; then twice as many for inputs and for outputs as nn_inference wants. */
typedef struct {
    uint32_t magic;
    stai_return_code error;
    const nn_stai_network *network;
    stai_event_cb callback; /* NULL: nobody is told */
    void *cookie;
} nn_stai_context;

/* Buffers that the application may ask for and set. */
typedef enum {
    NN_STAI_ACTIVATIONS,
    NN_STAI_WEIGHTS,
    NN_STAI_INPUTS,
    NN_STAI_OUTPUTS,
} nn_stai_kind;

stai_return_code nn_stai_init(stai_network *context, const nn_stai_network *network);
stai_return_code nn_stai_deinit(stai_network *context);

/* One inference. The bytes do not depend on the floating-point mode that the application has set
 * (nn_float.h), nor on where inputs and outputs lie: in the activations, over each other. An output
 * over the weights is INVALID_OUT_PTR, activations over them INVALID_ACTIVATIONS_PTR, inputs in the
 * activations in each other's places INVALID_IN_PTR, and nothing is written. */
stai_return_code nn_stai_run(stai_network *context, stai_run_mode mode)
    NN_OF_THIS_VERSION("nn_stai_run");
stai_return_code nn_stai_get_info(stai_network *context, stai_network_info *info);
stai_return_code nn_stai_get_error(stai_network *context);
stai_return_code nn_stai_get(stai_network *context, nn_stai_kind kind, stai_ptr *buffers,
                             stai_size *count);
stai_return_code nn_stai_set(stai_network *context, nn_stai_kind kind, const stai_ptr *buffers,
                             stai_size count);

/* No network here keeps states between inferences: there are none to get, and none can be set. */
stai_return_code nn_stai_get_states(stai_network *context, stai_ptr *states, stai_size *count);
stai_return_code nn_stai_set_states(stai_network *context, const stai_ptr *states, stai_size count);

/* Told of STAI_EVENT_NODE_START and _STOP of each layer, see stai_events.h; NULL: no longer. */
stai_return_code nn_stai_set_callback(stai_network *context, stai_event_cb callback, void *cookie);

STAI_API_DECLARE_END

#endif /* NN_STAI_H */
