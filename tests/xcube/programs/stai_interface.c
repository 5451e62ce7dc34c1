/* The st-ai interface of a generated network, used rightly and wrongly. Arguments: a file of int8
 * inputs, a file to write the outputs to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

#include "stai_debug.h"
#include "stai_events.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

STAI_NETWORK_CONTEXT_DECLARE(network, STAI_NETWORK_CONTEXT_SIZE)
STAI_NETWORK_CONTEXT_DECLARE(second, STAI_NETWORK_CONTEXT_SIZE)
STAI_ALIGNED(8) static uint8_t activations[STAI_NETWORK_ACTIVATIONS_SIZE_BYTES];
STAI_ALIGNED(8) static uint8_t more_activations[STAI_NETWORK_ACTIVATIONS_SIZE_BYTES];

static void ignore(void *cookie, const stai_event_type type, const void *payload) {
    (void)cookie;
    (void)type;
    (void)payload;
}

/* What a callback was told, and what it must be told next: start 0, stop 0, start 1 … */
typedef struct {
    int events;
    bool in_order;
} told;

static void follow(void *cookie, const stai_event_type type, const void *payload) {
    told *to = cookie;
    const stai_event_node_start_stop *event = payload;
    const stai_event_type next = to->events % 2 == 0 ? STAI_EVENT_NODE_START : STAI_EVENT_NODE_STOP;
    to->in_order = to->in_order && type == next && event->node_id == to->events / 2;
    to->events++;
}

static void events(void) {
    told to = {0, true};
    stai_ptr buffer = activations;
    CHECK(stai_network_init(network) == STAI_SUCCESS);
    CHECK(stai_network_set_activations(network, &buffer, 1) == STAI_SUCCESS);
    CHECK(stai_network_set_callback(network, follow, &to) == STAI_SUCCESS);
    CHECK(stai_network_run(network, STAI_MODE_SYNC) == STAI_SUCCESS);
    CHECK(to.in_order && to.events == 2 * STAI_NETWORK_NODES_NUM);
    CHECK(stai_network_set_callback(network, NULL, NULL) == STAI_SUCCESS);
    CHECK(stai_network_run(network, STAI_MODE_SYNC) == STAI_SUCCESS);
    CHECK(to.events == 2 * STAI_NETWORK_NODES_NUM);
    CHECK(STAI_EVENT_NONE != STAI_EVENT_NODE_START && STAI_TOOLS_VERSION_MAJOR >= 0 &&
          STAI_TOOLS_VERSION_MINOR + STAI_TOOLS_VERSION_MICRO > 0);
}

/* Names are the constants' own, whatever the value. */
static void names(void) {
    CHECK(strcmp(stai_get_return_code_name(STAI_SUCCESS), "STAI_SUCCESS") == 0);
    CHECK(strcmp(stai_get_return_code_name(STAI_ERROR_INVALID_BUFFER_ALIGNMENT),
                 "STAI_ERROR_INVALID_BUFFER_ALIGNMENT") == 0);
    CHECK(strcmp(stai_get_return_code_name((stai_return_code)0x7654), "STAI_ERROR_UNKNOWN") == 0);
    CHECK(strcmp(stai_get_format_name(STAI_FORMAT_S8), "STAI_FORMAT_S8") == 0);
    CHECK(strcmp(stai_get_format_name((stai_format)1), "STAI_FORMAT_UNKNOWN") == 0);
    CHECK(strcmp(stai_get_format_type_name(STAI_FORMAT_GET_TYPE(STAI_FORMAT_S8)),
                 "STAI_FORMAT_TYPE_Q") == 0);
    CHECK(strcmp(stai_get_format_type_name((stai_format_type)9), "STAI_FORMAT_TYPE_UNKNOWN") == 0);
}

static void wrong_uses(void) {
    STAI_ALIGNED(8) uint8_t no_context[STAI_NETWORK_CONTEXT_SIZE];
    memset(no_context, 0x5A, sizeof no_context);
    stai_ptr buffer = activations;
    stai_size count = 0;
    stai_network_info info;
    CHECK(stai_network_init(NULL) == STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE);
    CHECK(stai_network_init(network + 1) == STAI_ERROR_NETWORK_INVALID_CONTEXT_ALIGNMENT);
    CHECK(stai_network_run(no_context, STAI_MODE_SYNC) ==
          STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE);
    CHECK(stai_network_get_error(no_context) == STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE);
    CHECK(stai_network_get_info(no_context, &info) == STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE);
    CHECK(stai_network_set_weights(no_context, &buffer, 1) ==
          STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE);

    CHECK(stai_network_init(network) == STAI_SUCCESS);
    CHECK(stai_network_get_error(network) == STAI_SUCCESS);
    CHECK(stai_network_run(network, STAI_MODE_SYNC) == STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_PTR);
    CHECK(stai_network_run(network, STAI_MODE_ASYNC) == STAI_ERROR_NOT_IMPLEMENTED);
    CHECK(stai_network_set_activations(network, NULL, 1) ==
          STAI_ERROR_NETWORK_INVALID_API_ARGUMENTS);
    CHECK(stai_network_set_activations(network, &buffer, 2) ==
          STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_NUM);
    CHECK(stai_network_set_inputs(network, &buffer, 0) == STAI_ERROR_NETWORK_INVALID_IN_NUM);
    CHECK(stai_network_set_outputs(network, &buffer, 3) == STAI_ERROR_NETWORK_INVALID_OUT_NUM);
    CHECK(stai_network_set_weights(network, &buffer, 3) == STAI_ERROR_NETWORK_INVALID_WEIGHTS_NUM);
    buffer = NULL;
    CHECK(stai_network_set_activations(network, &buffer, 1) ==
          STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_PTR);
    CHECK(stai_network_set_inputs(network, &buffer, 1) == STAI_ERROR_NETWORK_INVALID_IN_PTR);
    CHECK(stai_network_set_outputs(network, &buffer, 1) == STAI_ERROR_NETWORK_INVALID_OUT_PTR);
    CHECK(stai_network_set_weights(network, &buffer, 1) == STAI_ERROR_NETWORK_INVALID_WEIGHTS_PTR);
    buffer = activations + 1;
    CHECK(stai_network_set_activations(network, &buffer, 1) == STAI_ERROR_INVALID_BUFFER_ALIGNMENT);
    CHECK(stai_network_set_inputs(network, &buffer, 1) == STAI_ERROR_INVALID_BUFFER_ALIGNMENT);
    CHECK(stai_network_get_inputs(network, &buffer, NULL) ==
          STAI_ERROR_NETWORK_INVALID_API_ARGUMENTS);
    CHECK(stai_network_get_info(network, NULL) == STAI_ERROR_NETWORK_INVALID_INFO);
    CHECK(stai_network_set_callback(no_context, ignore, NULL) ==
          STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE);
    CHECK(stai_network_set_callback(network, NULL, NULL) == STAI_SUCCESS);
    CHECK(stai_network_get_states(network, NULL, &count) == STAI_SUCCESS && count == 0);
    CHECK(stai_network_set_states(network, NULL, 0) == STAI_SUCCESS);
    CHECK(stai_network_set_states(network, &buffer, 1) == STAI_ERROR_NETWORK_INVALID_STATES_NUM);
    /* The first error is the one that is kept. */
    CHECK(stai_network_get_error(network) == STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_PTR);
    CHECK(stai_network_deinit(network) == STAI_SUCCESS);
    CHECK(stai_network_deinit(network) == STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE);
}

static void descriptions(void) {
    stai_network_info info;
    stai_runtime_info runtime;
    CHECK(stai_runtime_init() == STAI_SUCCESS);
    CHECK(stai_runtime_get_info(&runtime) == STAI_SUCCESS);
    CHECK(stai_runtime_get_info(NULL) == STAI_ERROR_NETWORK_INVALID_API_ARGUMENTS);
    CHECK(runtime.api_version.major == STAI_API_VERSION_MAJOR);
    CHECK(stai_runtime_set_callback(ignore, NULL) == STAI_ERROR_NOT_IMPLEMENTED);
    CHECK(stai_init_format(STAI_FORMAT_TYPE_Q, 1, 8, 0) == STAI_FORMAT_S8);
    CHECK(stai_init_format(STAI_FORMAT_TYPE_Q, 0, 16, 15) == STAI_FORMAT_UQ15);
    CHECK(stai_init_format(STAI_FORMAT_TYPE_FLOAT, 1, 32, 0) == STAI_FORMAT_FLOAT32);
    CHECK(STAI_FORMAT_GET_BITS(STAI_FORMAT_S8) == 8 && STAI_FORMAT_GET_SIGN(STAI_FORMAT_S8) == 1);
    CHECK(STAI_FORMAT_GET_FBITS(STAI_FORMAT_Q15) == 15);

    CHECK(stai_network_get_context_size() == STAI_NETWORK_CONTEXT_SIZE);
    CHECK(stai_network_init(network) == STAI_SUCCESS);
    CHECK(stai_network_get_info(network, &info) == STAI_SUCCESS);
    CHECK(strcmp(info.c_model_name, "network") == 0);
    CHECK(strcmp(info.model_signature, STAI_NETWORK_ORIGIN_MODEL_SIGNATURE) == 0);
    CHECK(info.n_inputs == 1 && info.n_outputs == 1 && info.n_states == 0);
    CHECK(info.n_macc == STAI_NETWORK_MACC_NUM && info.n_nodes == STAI_NETWORK_NODES_NUM);
    CHECK(info.inputs[0].size_bytes == STAI_NETWORK_IN_1_SIZE_BYTES);
    CHECK(info.inputs[0].format == STAI_FORMAT_S8);
    CHECK(info.inputs[0].scale.data[0] == STAI_NETWORK_IN_1_SCALE);
    CHECK(info.inputs[0].zeropoint.data[0] == STAI_NETWORK_IN_1_ZERO_POINT);
    stai_size elements = 1;
    for (stai_size axis = 0; axis < info.inputs[0].shape.size; axis++) {
        elements *= (stai_size)info.inputs[0].shape.data[axis];
    }
    CHECK(elements == STAI_NETWORK_IN_1_SIZE);
    CHECK(info.activations[0].size_bytes == STAI_NETWORK_ACTIVATIONS_SIZE_BYTES);
    CHECK(info.weights[0].size_bytes == STAI_NETWORK_WEIGHTS_SIZE_BYTES);
}

/* Two contexts of one network, turn by turn: one with buffers in the activations, one with its own.
 */
static void run_all(const char *from, const char *to) {
    STAI_ALIGNED(4) static uint8_t own_input[STAI_NETWORK_IN_1_SIZE_BYTES];
    static uint8_t own_output[STAI_NETWORK_OUT_1_SIZE_BYTES];
    uint8_t line[STAI_NETWORK_IN_1_SIZE_BYTES];
    stai_ptr input = NULL;
    stai_ptr output = NULL;
    stai_ptr weights = NULL;
    stai_size count = 0;
    stai_ptr buffer = activations;
    CHECK(stai_network_init(network) == STAI_SUCCESS);
    CHECK(stai_network_set_activations(network, &buffer, 1) == STAI_SUCCESS);
    CHECK(stai_network_get_inputs(network, &input, &count) == STAI_SUCCESS && count == 1);
    CHECK(stai_network_get_outputs(network, &output, &count) == STAI_SUCCESS);
    CHECK(stai_network_get_weights(network, &weights, &count) == STAI_SUCCESS && weights != NULL);
    CHECK(input >= activations && input < activations + sizeof activations);
    buffer = more_activations;
    CHECK(stai_network_init(second) == STAI_SUCCESS);
    CHECK(stai_network_set_activations(second, &buffer, 1) == STAI_SUCCESS);
    CHECK(stai_network_get_activations(second, &buffer, &count) == STAI_SUCCESS);
    CHECK(buffer == more_activations);
    buffer = own_input;
    CHECK(stai_network_set_inputs(second, &buffer, 1) == STAI_SUCCESS);
    buffer = own_output;
    CHECK(stai_network_set_outputs(second, &buffer, 1) == STAI_SUCCESS);
    FILE *inputs = fopen(from, "rb");
    FILE *outputs = fopen(to, "wb");
    CHECK(inputs != NULL && outputs != NULL);
    while (fread(line, sizeof line, 1, inputs) == 1) {
        memcpy(input, line, sizeof line);
        memcpy(own_input, line, sizeof line);
        CHECK(stai_network_run(network, STAI_MODE_SYNC) == STAI_SUCCESS);
        CHECK(stai_network_run(second, STAI_MODE_SYNC) == STAI_SUCCESS);
        CHECK(memcmp(output, own_output, sizeof own_output) == 0);
        CHECK(fwrite(output, STAI_NETWORK_OUT_1_SIZE_BYTES, 1, outputs) == 1);
    }
    CHECK(stai_network_get_error(network) == STAI_SUCCESS);
    CHECK(fclose(inputs) == 0 && fclose(outputs) == 0);
}

int main(int count, char **arguments) {
    CHECK(count == 3);
    wrong_uses();
    descriptions();
    names();
    events();
    run_all(arguments[1], arguments[2]);
    return 0;
}
