/* CMSIS-NN's kernels for a convolutional network: per channel, each node through the function that
 * chooses the kernel. Its package has no elementwise add: one in plain C stands for it, in the same
 * fixed point. */
#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"
#include "graph.h"

static const bench_graph *network;

void bench_init(const bench_graph *given, uint32_t unused) {
    (void)unused;
    network = given;
}

static cmsis_nn_tile pair(bench_pair given) {
    return (cmsis_nn_tile){given.x, given.y};
}

static cmsis_nn_dims dims(bench_shape shape) {
    return (cmsis_nn_dims){1, shape.height, shape.width, shape.channels};
}

static cmsis_nn_dims filter_dims(const bench_node *node) {
    if (node->kind == BENCH_DEPTHWISE) {
        return (cmsis_nn_dims){1, node->kernel.y, node->kernel.x, node->output.channels};
    }
    return (cmsis_nn_dims){node->output.channels, node->kernel.y, node->kernel.x,
                           node->input.channels};
}

static cmsis_nn_conv_params conv_params(const bench_node *node) {
    return (cmsis_nn_conv_params){-node->input_zero_point,    node->output_zero_point,
                                  pair(node->stride),         pair(node->pad),
                                  pair(node->dilation),       {node->low, node->high}};
}

static cmsis_nn_dw_conv_params depthwise_params(const bench_node *node) {
    return (cmsis_nn_dw_conv_params){
        -node->input_zero_point, node->output_zero_point, 1, pair(node->stride),
        pair(node->pad),         pair(node->dilation),    {node->low, node->high}};
}

int32_t bench_scratch(uint32_t index) {
    const bench_node *node = &network->nodes[index];
    const cmsis_nn_dims input = dims(node->input);
    const cmsis_nn_dims output = dims(node->output);
    const cmsis_nn_dims filter = filter_dims(node);
    if (node->kind == BENCH_CONV) {
        const cmsis_nn_conv_params params = conv_params(node);
        return arm_convolve_wrapper_s8_get_buffer_size(&params, &input, &filter, &output);
    }
    if (node->kind == BENCH_DEPTHWISE) {
        const cmsis_nn_dw_conv_params params = depthwise_params(node);
        return arm_depthwise_conv_wrapper_s8_get_buffer_size(&params, &input, &filter, &output);
    }
    if (node->kind == BENCH_AVERAGE_POOL) {
        return arm_avgpool_s8_get_buffer_size(node->output.width, node->input.channels);
    }
    return 0;
}

static void add(const bench_node *node, const int8_t *first, const int8_t *second, int8_t *target) {
    const int32_t size = node->input.height * node->input.width * node->input.channels;
    for (int32_t i = 0; i < size; i++) {
        /* Both to the output's scale with 14 fraction bits, which the sum loses again. */
        const int32_t a = (first[i] - node->input_zero_point) * (1 << 14);
        const int32_t b = (second[i] - node->second_zero_point) * (1 << 14);
        int32_t sum = arm_nn_requantize(a, node->multipliers[0], node->shifts[0]) +
                      arm_nn_requantize(b, node->multipliers[1], node->shifts[1]);
        sum = arm_nn_divide_by_power_of_two(sum, 14) + node->output_zero_point;
        target[i] = (int8_t)MIN(MAX(sum, node->low), node->high);
    }
}

/* By itself also, so that a node can be told from the rest. */
__attribute__((noinline)) void bench_step(uint32_t index, const int8_t *input, int8_t *output) {
    const bench_node *node = &network->nodes[index];
    const int8_t *source = node->first == NULL ? input : node->first;
    int8_t *target = node->target == NULL ? output : node->target;
    const cmsis_nn_context context = {network->scratch, 0};
    const cmsis_nn_dims in = dims(node->input);
    const cmsis_nn_dims out = dims(node->output);
    const cmsis_nn_dims filter = filter_dims(node);
    const cmsis_nn_dims bias = {1, 1, 1, node->output.channels};
    const cmsis_nn_per_channel_quant_params quantization = {(int32_t *)node->multipliers,
                                                            (int32_t *)node->shifts};
    if (node->kind == BENCH_CONV) {
        const cmsis_nn_conv_params params = conv_params(node);
        (void)arm_convolve_wrapper_s8(&context, &params, &quantization, &in, source, &filter,
                                      node->weights, &bias, node->bias, &out, target);
    } else if (node->kind == BENCH_DEPTHWISE) {
        const cmsis_nn_dw_conv_params params = depthwise_params(node);
        (void)arm_depthwise_conv_wrapper_s8(&context, &params, &quantization, &in, source, &filter,
                                            node->weights, &bias, node->bias, &out, target);
    } else if (node->kind == BENCH_FULLY_CONNECTED) {
        const cmsis_nn_fc_params params = {
            -node->input_zero_point, 0, node->output_zero_point, {node->low, node->high}};
        const cmsis_nn_per_tensor_quant_params one = {node->multipliers[0], node->shifts[0]};
        const cmsis_nn_dims matrix = {node->input.channels, 1, 1, node->output.channels};
        (void)arm_fully_connected_s8(&context, &params, &one, &in, source, &matrix, node->weights,
                                     &bias, node->bias, &out, target);
    } else if (node->kind == BENCH_ADD) {
        add(node, source, node->second == NULL ? input : node->second, target);
    } else {
        const cmsis_nn_pool_params params = {
            pair(node->stride), pair(node->pad), {node->low, node->high}};
        const cmsis_nn_dims window = {1, node->kernel.y, node->kernel.x, 1};
        if (node->kind == BENCH_MAX_POOL) {
            (void)arm_max_pool_s8(&context, &params, &in, source, &window, &out, target);
        } else {
            (void)arm_avgpool_s8(&context, &params, &in, source, &window, &out, target);
        }
    }
}

void bench_run(const int8_t *input, int8_t *output) {
    for (uint32_t i = 0; i < network->count; i++) {
        bench_step(i, input, output);
    }
}
