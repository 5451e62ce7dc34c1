/* An application as its author would write it after the public guide for this network on an
 * STM32H750B-DK: same calls, same macros, same structures. It knows nothing of this project but
 * the board's last call, which hands the outputs to whoever compares them. */
#include <stdint.h>

#include "board.h"

#include "network.h"
#include "network_data.h"

#include "mnist_test_subset.h"

const signed char (*mnist_test)[784] = mnist_test_subset_quantized;
const unsigned char *mnist_test_labels = mnist_test_subset_labels;

ai_handle network = AI_HANDLE_NULL;
AI_ALIGNED(4) ai_u8 activations[AI_NETWORK_DATA_ACTIVATIONS_SIZE];
ai_network_report report;

AI_ALIGNED(4) ai_i8 network_output[AI_NETWORK_OUT_1_SIZE];
AI_ALIGNED(4) ai_i8 network_input[AI_NETWORK_IN_1_SIZE];
uint8_t recognized_digits[MNIST_TEST_SUBSET_SIZE] = {0};

static ai_i8 all_outputs[MNIST_TEST_SUBSET_SIZE][AI_NETWORK_OUT_1_SIZE];

static ai_bool network_init(void) {
    ai_error err = ai_network_create(&network, AI_NETWORK_DATA_CONFIG);
    if (err.type != AI_ERROR_NONE) {
        return false;
    }
    ai_network_params params = {AI_NETWORK_DATA_WEIGHTS(ai_network_data_weights_get()),
                                AI_NETWORK_DATA_ACTIVATIONS(activations)};
    if (!ai_network_init(network, &params)) {
        err = ai_network_get_error(network);
        return false;
    }
    return ai_network_get_info(network, &report);
}

static ai_i32 network_inference(ai_i8 *input_data, ai_i8 *output_data) {
    ai_shape_dimension input_shape_data[] = {1, 28, 28, 1};
    ai_buffer ai_input[AI_NETWORK_IN_NUM] = {{.format = AI_NETWORK_IN_1_FORMAT,
                                              .data = AI_HANDLE_PTR(input_data),
                                              .meta_info = NULL,
                                              .flags = 0,
                                              .size = AI_NETWORK_IN_1_SIZE,
                                              .shape = {.size = 4, .data = input_shape_data}}};
    ai_shape_dimension output_shape_data[] = {1, AI_NETWORK_OUT_1_SIZE, 1, 1};
    ai_buffer ai_output[AI_NETWORK_OUT_NUM] = {{.format = AI_NETWORK_OUT_1_FORMAT,
                                                .data = AI_HANDLE_PTR(output_data),
                                                .meta_info = NULL,
                                                .flags = 0,
                                                .size = AI_NETWORK_OUT_1_SIZE,
                                                .shape = {.size = 4, .data = output_shape_data}}};
    ai_i32 nbatch = ai_network_run(network, ai_input, ai_output);
    if (nbatch != 1) {
        ai_error err = ai_network_get_error(network);
        return -(ai_i32)err.type;
    }
    return 0;
}

int main(void) {
    board_init();
    if (!network_init()) {
        board_finish(1, NULL, 0);
    }
    for (int i = 0; i < MNIST_TEST_SUBSET_SIZE; i++) {
        for (int j = 0; j < AI_NETWORK_IN_1_SIZE; j++) {
            network_input[j] = (ai_i8)(mnist_test[i][j]);
        }
        if (network_inference(network_input, network_output) != 0) {
            board_finish(2, NULL, 0);
        }
        uint8_t digit = 0;
        for (uint8_t k = 0; k < AI_NETWORK_OUT_1_SIZE; k++) {
            all_outputs[i][k] = network_output[k];
            if (network_output[k] > network_output[digit]) {
                digit = k;
            }
        }
        recognized_digits[i] = digit;
    }
    if (report.n_inputs != 1 || recognized_digits[0] > 9 || mnist_test_labels[0] > 9) {
        board_finish(3, NULL, 0);
    }
    board_finish(0, all_outputs, sizeof(all_outputs));
}
