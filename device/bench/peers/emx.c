/* emx-onnx-cgen's C for the very ONNX file: it computes the QDQ model in floats. Turning the int8
 * input into floats is counted; the scores stay floats. */
#include "layers.h"

/* In the generated file the parameters are arrays of the model's shapes; pointers all the same. */
void model(const float *input, float *output);

static float values[BENCH_MAX_WIDTH];
static float scores[BENCH_MAX_WIDTH];
static uint32_t inputs;
static uint32_t outputs;
static int32_t zero_point;
static float scale;

void bench_init(const bench_layer *layers, uint32_t count) {
    inputs = layers[0].inputs;
    outputs = layers[count - 1u].outputs;
    zero_point = layers[0].input_zero_point;
    scale = layers[0].input_scale;
}

/* The class, as emlearn gives it. */
void bench_run(const int8_t *input, int8_t *output) {
    for (uint32_t i = 0; i < inputs; i++) {
        values[i] = (float)(input[i] - zero_point) * scale;
    }
    model(values, scores);
    uint32_t best = 0;
    for (uint32_t i = 1; i < outputs; i++) {
        best = scores[i] > scores[best] ? i : best;
    }
    output[0] = (int8_t)best;
}
