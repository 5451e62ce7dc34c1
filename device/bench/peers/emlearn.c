/* emlearn's float network: the int8 input is turned into floats first, which is counted. */
#include <eml_net.h>

#include "layers.h"

static EmlNetLayer layers_of_peer[BENCH_MAX_LAYERS];
static float activations[2][BENCH_MAX_WIDTH];
static float values[BENCH_MAX_WIDTH];
static EmlNet network;
static uint32_t inputs;
static int32_t zero_point;
static float scale;

void bench_init(const bench_layer *layers, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        layers_of_peer[i] = (EmlNetLayer){
            (int32_t)layers[i].outputs,
            (int32_t)layers[i].inputs,
            layers[i].float_weights,
            layers[i].float_bias,
            i + 1u == count ? EmlNetActivationIdentity : EmlNetActivationRelu,
        };
    }
    network =
        (EmlNet){(int32_t)count, layers_of_peer, activations[0], activations[1], BENCH_MAX_WIDTH};
    inputs = layers[0].inputs;
    scale = layers[0].input_scale;
    zero_point = layers[0].input_zero_point;
}

/* emlearn answers with the class alone. */
void bench_run(const int8_t *input, int8_t *output) {
    for (uint32_t i = 0; i < inputs; i++) {
        values[i] = (float)(input[i] - zero_point) * scale;
    }
    output[0] = (int8_t)eml_net_predict(&network, values, (int32_t)inputs);
}
