/* Toy firmware that answers the protocol. */
#include "board.h"
#include "toy.h"

static _Alignas(4) int8_t input[TOY_INPUTS];
static _Alignas(4) int8_t output[TOY_OUTPUTS];
static uint8_t frame[VALIDATE_FRAME_SIZE(TOY_INPUTS)];
static uint8_t results[VALIDATE_IMAGES * VALIDATE_RESULT_SIZE(TOY_OUTPUTS)];

static const struct validate_network network = {
    TOY_NETWORK,           .frame = frame,          .frame_size = sizeof frame,
    .input_buffer = input, .output_buffer = output, .results = results,
};

int main(void) {
    board_init();
    validate_serve(&network);
}
