/* Our own network behind the same two functions as every peer: the whole of ai_network_run counts.
 * With BENCH_OBSERVED each layer's begin and end is told, so that it can be told from the rest. */
#include "layers.h"
#include "network.h"
#include "network_data.h"

static ai_handle network = AI_HANDLE_NULL;
AI_ALIGNED(4) ai_u8 bench_activations[AI_NETWORK_DATA_ACTIVATIONS_SIZE];

#ifdef BENCH_OBSERVED
#include "ai_platform_interface.h"

static ai_u32 bench_layer_event(const ai_handle cookie, const ai_u32 flags,
                                const ai_observer_node *node) {
    (void)cookie;
    (void)flags;
    (void)node;
    return 0;
}
#endif

void bench_init(const bench_layer *layers, uint32_t count) {
    const ai_handle activations[] = {AI_HANDLE_PTR(bench_activations)};
    (void)layers;
    (void)count;
    (void)ai_network_create_and_init(&network, activations, NULL);
#ifdef BENCH_OBSERVED
    (void)ai_platform_observer_register(network, bench_layer_event, NULL,
                                        AI_OBSERVER_PRE_EVT | AI_OBSERVER_POST_EVT);
#endif
}

void bench_run(const int8_t *input, int8_t *output) {
    ai_buffer *in = ai_network_inputs_get(network, NULL);
    ai_buffer *out = ai_network_outputs_get(network, NULL);
    in[0].data = AI_HANDLE_PTR(input);
    out[0].data = AI_HANDLE_PTR(output);
    (void)ai_network_run(network, in, out);
}
