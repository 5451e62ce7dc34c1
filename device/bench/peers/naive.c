/* What one writes first: two loops, the zero point folded into the bias, float requantization. */
#include <math.h>

#include "layers.h"

static const bench_layer *network;
static uint32_t depth;
static int8_t buffers[2][BENCH_MAX_WIDTH];

void bench_init(const bench_layer *layers, uint32_t count) {
    network = layers;
    depth = count;
}

static void fully_connected(const bench_layer *layer, const int8_t *input, int8_t *output) {
    for (uint32_t o = 0; o < layer->outputs; o++) {
        int32_t accumulator = layer->folded_bias[o];
        for (uint32_t i = 0; i < layer->inputs; i++) {
            accumulator += layer->weights[o * layer->inputs + i] * input[i];
        }
        int32_t value = (int32_t)rintf((float)accumulator * layer->multipliers[o]);
        value += layer->output_zero_point;
        value = value < layer->low ? layer->low : value;
        output[o] = (int8_t)(value > layer->high ? layer->high : value);
    }
}

void bench_run(const int8_t *input, int8_t *output) {
    for (uint32_t i = 0; i < depth; i++) {
        int8_t *target = i + 1u == depth ? output : buffers[i & 1u];
        fully_connected(&network[i], input, target);
        input = target;
    }
}
