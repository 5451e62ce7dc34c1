/* The network as every peer gets it: plain arrays that the benchmark writes into memory. */
#ifndef BENCH_LAYERS_H
#define BENCH_LAYERS_H

#include <stdint.h>

#define BENCH_MAX_LAYERS 32
#define BENCH_MAX_WIDTH 2048

typedef struct {
    uint32_t inputs;
    uint32_t outputs;
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t low; /* smallest output byte */
    int32_t high;
    const int8_t *weights; /* [outputs][inputs] */
    const int32_t *bias;
    const int32_t *folded_bias; /* with the input's zero point folded in */
    const float *multipliers;   /* one for each output */
    int32_t multiplier;         /* of all outputs: fixed point, 31 fraction bits */
    int32_t shift;
    const float *float_weights; /* [inputs][outputs] */
    const float *float_bias;
    float input_scale;
} bench_layer;

/* Set up for `count` layers; not counted. */
void bench_init(const bench_layer *layers, uint32_t count);

/* One inference. */
void bench_run(const int8_t *input, int8_t *output);

#endif
