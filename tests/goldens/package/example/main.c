/* Made by nn2flash 0.1.0. An example of the network "tiny": it tests itself, then makes one
 * inference. Copy it, or take from it what your program needs. */
#include <stdio.h>

#include "tiny.h"
#include "tiny_data.h"
#include "tiny_io.h"
#include "tiny_selftest.h"

AI_ALIGNED(4) static ai_u8 activations[AI_TINY_DATA_ACTIVATIONS_SIZE];

/* What the model computes with, in its own units: yours to fill. */
static float values[6];
static float results[3];

/* One inference; returns 0, or -1 after an error. */
static int infer(void) {
    const ai_handle arenas[] = {activations};
    ai_handle network;
    if (ai_tiny_create_and_init(&network, arenas, NULL).type != AI_ERROR_NONE) {
        return -1;
    }
    ai_buffer *input = ai_tiny_inputs_get(network, NULL);
    ai_buffer *output = ai_tiny_outputs_get(network, NULL);
    tiny_quantize(values, (int8_t *)input[0].data);
    if (ai_tiny_run(network, input, output) != 1) {
        return -1;
    }
    tiny_dequantize((const int8_t *)output[0].data, results);
    const unsigned largest = (unsigned)tiny_argmax((const int8_t *)output[0].data);
    printf("tiny: output %u is the largest, %d thousandths\n", largest,
           (int)(results[largest] * 1000.0f));
    return 0;
}

int main(void) {
    const int wrong = tiny_selftest(activations);
    if (wrong != 0) {
        printf("tiny: self-test failed, %d wrong bytes\n", wrong);
        return 1;
    }
    printf("tiny: self-test passed\n");
    return infer() == 0 ? 0 : 1;
}
