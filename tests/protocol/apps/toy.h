/*
 * A network of a few lines that stands in for a real one: output i is the sum of every input whose
 * number has remainder i. An input that begins with TOY_POISON fails.
 */
#ifndef TOY_H
#define TOY_H

#include "validate.h"

#ifndef TOY_INPUTS
#define TOY_INPUTS 260
#endif
#define TOY_OUTPUTS 7
#define TOY_POISON 99

extern int8_t toy_input[TOY_INPUTS], toy_output[TOY_OUTPUTS];

/* Two layers are shown: the inputs doubled, and the outputs. */
int32_t toy_infer(int8_t *input, int8_t *output);

/* What INFO tells of the inputs; the computation takes all bytes alike. */
#ifdef TOY_ONE_INPUT
static const struct validate_port toy_inputs[] = {{TOY_INPUTS, VALIDATE_INT8, 0.5f, -3}};
#else
static const struct validate_port toy_inputs[] = {
    {TOY_INPUTS - 8, VALIDATE_INT8, 0.5f, -3},
    {8, VALIDATE_FLOAT32, 0.0f, 0},
};
#endif
#define TOY_INPUT_COUNT (sizeof toy_inputs / sizeof toy_inputs[0])
static const struct validate_port toy_outputs[] = {{TOY_OUTPUTS, VALIDATE_INT8, 0.25f, 4}};

/* All of it but the memory. */
#define TOY_NETWORK                                                                                \
    .board = TOY_BOARD, .name = "toy", .model = "70ffee", .origin = "toy.c", .generator = "hand",  \
    .build = "b111d", .nodes = 2, .input = {toy_inputs, TOY_INPUT_COUNT, TOY_INPUTS},              \
    .output = {toy_outputs, 1, TOY_OUTPUTS}, .infer = toy_infer

#endif
