/* CMSIS-NN's fully connected kernel, per tensor: the same shapes and inputs, so its count can be
 * compared; its bytes cannot, because one multiplier stands for all outputs. */
#include "arm_nnfunctions.h"
#include "layers.h"

static const bench_layer *network;
static uint32_t depth;
static int8_t buffers[2][BENCH_MAX_WIDTH];

void bench_init(const bench_layer *layers, uint32_t count) {
    network = layers;
    depth = count;
}

static void fully_connected(const bench_layer *layer, const int8_t *input, int8_t *output) {
    const cmsis_nn_context context = {NULL, 0};
    const cmsis_nn_fc_params parameters = {
        -layer->input_zero_point, 0, layer->output_zero_point, {layer->low, layer->high}};
    const cmsis_nn_per_tensor_quant_params quantization = {layer->multiplier, layer->shift};
    const cmsis_nn_dims input_dims = {1, 1, 1, (int32_t)layer->inputs};
    const cmsis_nn_dims filter_dims = {(int32_t)layer->inputs, 1, 1, (int32_t)layer->outputs};
    const cmsis_nn_dims bias_dims = {1, 1, 1, (int32_t)layer->outputs};
    const cmsis_nn_dims output_dims = {1, 1, 1, (int32_t)layer->outputs};
    (void)arm_fully_connected_s8(&context, &parameters, &quantization, &input_dims, input,
                                 &filter_dims, layer->weights, &bias_dims, layer->bias,
                                 &output_dims, output);
}

void bench_run(const int8_t *input, int8_t *output) {
    for (uint32_t i = 0; i < depth; i++) {
        int8_t *target = i + 1u == depth ? output : buffers[i & 1u];
        fully_connected(&network[i], input, target);
        input = target;
    }
}
