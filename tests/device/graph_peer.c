/* A runtime as the benchmark's peers are: every kind of node in a few lines, for exported arrays. */
#include <math.h>

#include "graph.h"

static const bench_graph *network;

void bench_init(const bench_graph *given, uint32_t unused) {
    (void)unused;
    network = given;
}

static double multiplier(const bench_node *node, int32_t index) {
    return ldexp((double)node->multipliers[index], (int)node->shifts[index] - 31);
}

static int8_t stored(const bench_node *node, double value) {
    const double byte = rint(value) + node->output_zero_point;
    return (int8_t)fmin(fmax(byte, node->low), node->high);
}

/* Sum, or maximum, of what is under the window; `taps` counts the elements inside the image. */
static int32_t under(const bench_node *node, const int8_t *image, bench_shape at, int32_t *taps) {
    const int32_t depth = node->kind == BENCH_CONV || node->kind == BENCH_FULLY_CONNECTED
                              ? node->input.channels
                              : 1;
    int32_t sum = node->kind == BENCH_MAX_POOL ? -128 : node->bias ? node->bias[at.channels] : 0;
    *taps = 0;
    for (int32_t i = 0; i < node->kernel.y * node->kernel.x * depth; i++) {
        const int32_t ky = i / depth / node->kernel.x, kx = i / depth % node->kernel.x;
        const int32_t y = at.height * node->stride.y + ky * node->dilation.y - node->pad.y;
        const int32_t x = at.width * node->stride.x + kx * node->dilation.x - node->pad.x;
        if (y < 0 || y >= node->input.height || x < 0 || x >= node->input.width) {
            continue;
        }
        const int32_t c = depth > 1 ? i % depth : node->kind == BENCH_CONV ? 0 : at.channels;
        const int32_t q = image[(y * node->input.width + x) * node->input.channels + c];
        const int32_t taps_of_filter = node->kernel.y * node->kernel.x * depth;
        const int32_t w = node->kind == BENCH_DEPTHWISE
                              ? node->weights[i * node->output.channels + at.channels]
                          : node->weights ? node->weights[at.channels * taps_of_filter + i]
                                          : 1;
        sum = node->kind == BENCH_MAX_POOL ? (q > sum ? q : sum)
                                           : sum + w * (q - node->input_zero_point);
        ++*taps;
    }
    return sum;
}

void bench_step(uint32_t index, const int8_t *input, int8_t *output) {
    const bench_node *node = &network->nodes[index];
    const int8_t *first = node->first ? node->first : input;
    const int8_t *second = node->second ? node->second : input;
    int8_t *target = node->target ? node->target : output;
    const bench_shape out = node->output;
    for (int32_t i = 0; i < out.height * out.width * out.channels; i++) {
        const bench_shape at = {i / out.channels / out.width, i / out.channels % out.width,
                                i % out.channels};
        int32_t taps = 0;
        if (node->kind == BENCH_ADD) {
            const double a = multiplier(node, 0) * (first[i] - node->input_zero_point);
            target[i] = stored(node, a + multiplier(node, 1) *
                                             (second[i] - node->second_zero_point));
        } else if (node->kind == BENCH_MAX_POOL) {
            target[i] = (int8_t)under(node, first, at, &taps);
        } else {
            const int32_t sum = under(node, first, at, &taps);
            const double scale =
                node->kind == BENCH_AVERAGE_POOL ? 1.0 / taps : multiplier(node, at.channels);
            target[i] = stored(node, sum * scale);
        }
    }
}

void bench_run(const int8_t *input, int8_t *output) {
    for (uint32_t i = 0; i < network->count; i++) {
        bench_step(i, input, output);
    }
}
