/* emx-onnx-cgen's C for the very ONNX file: it computes the QDQ model in floats, channels first.
 * Turning the int8 input into floats, and the scores back into bytes, is counted. */
#include <math.h>

#include "graph.h"

/* In the generated file the parameters are arrays of the model's shapes; pointers all the same. */
void model(const float *input, float *output);

static float values[1 << 16];
static float scores[1 << 10];
static const bench_graph *network;

void bench_init(const bench_graph *given, uint32_t unused) {
    (void)unused;
    network = given;
}

void bench_run(const int8_t *input, int8_t *output) {
    const int32_t pixels = network->input.height * network->input.width;
    const int32_t channels = network->input.channels;
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < channels; c++) {
            const int32_t shifted = input[i * channels + c] - network->input_zero_point;
            values[c * pixels + i] = (float)shifted * network->input_scale;
        }
    }
    model(values, scores);
    for (int32_t i = 0; i < network->outputs; i++) {
        const float stored = rintf(scores[i] / network->output_scale);
        output[i] = (int8_t)((int32_t)stored + network->output_zero_point);
    }
}
