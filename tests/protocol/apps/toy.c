#include "toy.h"

#include "console.h"

void nn_observe(uint32_t layer, const int8_t *output, uint32_t size);

int32_t toy_infer(int8_t *input, int8_t *output) {
    static int8_t doubled[TOY_INPUTS];
    if (input[0] == TOY_POISON) {
        console_text("toy: poisoned\n");
        return -1;
    }
    for (uint32_t i = 0; i < TOY_INPUTS; ++i) {
        doubled[i] = (int8_t)(uint8_t)(2 * input[i]);
    }
    nn_observe(0, doubled, TOY_INPUTS);
    for (uint32_t i = 0; i < TOY_OUTPUTS; ++i) {
        uint8_t sum = 0;
        for (uint32_t k = i; k < TOY_INPUTS; k += TOY_OUTPUTS) {
            sum = (uint8_t)(sum + (uint8_t)input[k]);
        }
        output[i] = (int8_t)sum;
    }
    nn_observe(1, output, TOY_OUTPUTS);
    return 0;
}
