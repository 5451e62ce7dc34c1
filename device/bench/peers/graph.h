/* A convolutional network as every peer gets it: nodes in order, channels last, which the benchmark
 * writes into memory. */
#ifndef BENCH_GRAPH_H
#define BENCH_GRAPH_H

#include <stdint.h>

typedef enum {
    BENCH_CONV,
    BENCH_DEPTHWISE,
    BENCH_FULLY_CONNECTED,
    BENCH_MAX_POOL,
    BENCH_AVERAGE_POOL,
    BENCH_ADD,
} bench_kind;

typedef struct {
    int32_t height;
    int32_t width;
    int32_t channels;
} bench_shape;

typedef struct {
    int32_t y;
    int32_t x;
} bench_pair;

typedef struct {
    int32_t kind;
    bench_shape input;
    bench_shape output;
    bench_pair kernel;
    bench_pair stride;
    bench_pair dilation;
    bench_pair pad; /* above, to the left */
    int32_t input_zero_point;
    int32_t second_zero_point;
    int32_t output_zero_point;
    int32_t low; /* smallest output byte */
    int32_t high;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multipliers; /* fixed point, 31 fraction bits: one for each output, or each input */
    const int32_t *shifts;      /* to the left */
    const int8_t *first;        /* NULL: the network's input */
    const int8_t *second;
    int8_t *target; /* NULL: the network's output */
} bench_node;

typedef struct {
    const bench_node *nodes;
    uint32_t count;
    int8_t *scratch;
    bench_shape input;
    int32_t outputs;
    float input_scale;
    float output_scale;
    int32_t input_zero_point;
    int32_t output_zero_point;
} bench_graph;

/* Set up; not counted. */
void bench_init(const bench_graph *network, uint32_t unused);

/* One inference. */
void bench_run(const int8_t *input, int8_t *output);

/* One node of it, where a peer has them apart. */
void bench_step(uint32_t index, const int8_t *input, int8_t *output);

/* Bytes of scratch that a node takes. */
int32_t bench_scratch(uint32_t index);

#endif
