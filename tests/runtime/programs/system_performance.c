/* An application of the kind that STM32CubeMX makes, and a measuring program on top of it: networks
 * behind a table of functions, private handles, a report that is printed, an observer that keeps
 * what each layer does. On the console, one line each:
 *   report <nodes> <macc> <pools> <bytes of activations> <weights> <bytes of weights>
 *   node <c_idx> <id> <type's name>
 *   <pre|post> <c_idx> <flags> <sum of the activations> <output is written>
 *   checks passed */
#include <string.h>

#include "board.h"
#include "console.h"

#include "ai_datatypes_defines.h"
#include "ai_platform.h"
#include "ai_platform_interface.h"

#include "network.h"
#include "network_data.h"

#include "mnist_test_subset.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            console_text("line ");                                                                 \
            console_unsigned(__LINE__);                                                            \
            console_text(": " #condition "\n");                                                    \
            board_finish(1, NULL, 0);                                                              \
        }                                                                                          \
    } while (0)

#define FILLING 0x5A
#define RUNS 3

/* ---- The application ----------------------------------------------------------------------- */

#if !defined(AI_NETWORK_INPUTS_IN_ACTIVATIONS)
#error "inputs are in the activations"
#endif

AI_ALIGNED(32) static uint8_t pool0[AI_NETWORK_DATA_ACTIVATION_1_SIZE];
static ai_handle data_activations0[] = {pool0};

typedef struct {
    const char *name;
    ai_handle config;
    ai_bool (*data_params_get)(ai_network_params *params);
    ai_bool (*get_report)(ai_handle network, ai_network_report *report);
    ai_error (*create)(ai_handle *network, const ai_buffer *config);
    ai_error (*get_error)(ai_handle network);
    ai_handle (*destroy)(ai_handle network);
    ai_bool (*init)(ai_handle network, const ai_network_params *params);
    ai_i32 (*run)(ai_handle network, const ai_buffer *input, ai_buffer *output);
    ai_i32 (*forward)(ai_handle network, const ai_buffer *input);
    ai_handle *activations;
} entry;

AI_STATIC_CONST entry entries[] = {{
    .name = AI_NETWORK_MODEL_NAME,
    .config = AI_NETWORK_DATA_CONFIG,
    .data_params_get = ai_network_data_params_get,
    .get_report = ai_network_get_report,
    .create = ai_network_create,
    .get_error = ai_network_get_error,
    .destroy = ai_network_destroy,
    .init = ai_network_init,
    .run = ai_network_run,
    .forward = ai_network_forward,
    .activations = data_activations0,
}};

AI_STATIC ai_handle handle = AI_HANDLE_NULL;

AI_DECLARE_STATIC ai_bool start(const entry *network) {
    ai_network_params params;
    ai_error error = network->create(&handle, network->config);
    if (error.type != AI_ERROR_NONE || !network->data_params_get(&params)) {
        return false;
    }
    for (ai_u16 pool = 0; pool < params.map_activations.size; pool++) {
        AI_BUFFER_ARRAY_ITEM_SET_ADDRESS(&params.map_activations, pool, network->activations[pool]);
    }
    return network->init(handle, &params);
}

/* ---- The observer -------------------------------------------------------------------------- */

typedef struct {
    ai_u32 events;
    ai_u32 runs[AI_NETWORK_N_NODES];
    ai_bool telling;
    const ai_i8 *output;
} observed;

static observed seen;

AI_DECLARE_STATIC ai_u32 sum_of_activations(void) {
    ai_u32 sum = 2166136261u;
    for (ai_size i = 0; i < sizeof(pool0); i++) {
        sum = (sum ^ pool0[i]) * 16777619u;
    }
    return sum;
}

AI_DECLARE_STATIC ai_bool is_written(const ai_i8 *output) {
    for (ai_u32 i = 0; i < AI_NETWORK_OUT_1_SIZE; i++) {
        if (output[i] != FILLING) {
            return true;
        }
    }
    return false;
}

static ai_u32 on_node(const ai_handle cookie, const ai_u32 flags, const ai_observer_node *node) {
    observed *to = (observed *)cookie;
    to->events++;
    if ((flags & AI_OBSERVER_POST_EVT) != 0u) {
        to->runs[node->c_idx]++;
    }
    if (to->telling) {
        console_text((flags & AI_OBSERVER_POST_EVT) != 0u ? "post " : "pre ");
        console_unsigned(node->c_idx);
        console_text(" ");
        console_hex(flags);
        console_text(" ");
        console_hex(sum_of_activations());
        console_text(is_written(to->output) ? " 1\n" : " 0\n");
    }
    return 0;
}

static void tell_report(const ai_network_report *report) {
    console_text("report ");
    console_unsigned(report->n_nodes);
    console_text(" ");
    console_unsigned((uint32_t)report->n_macc);
    const ai_buffer_array *maps[] = {&report->map_activations, &report->map_weights};
    for (int i = 0; i < 2; i++) {
        console_text(" ");
        console_unsigned(maps[i]->size);
        console_text(" ");
        console_unsigned(ai_buffer_array_get_byte_size(maps[i]));
    }
    console_text("\n");
}

static void tell_nodes(void) {
    ai_observer_node node = {0};
    while (ai_platform_observer_node_info(handle, &node)) {
        console_text("node ");
        console_unsigned(node.c_idx);
        console_text(" ");
        console_unsigned(node.id);
        console_text(" ");
        console_text(ai_layer_type_name(node.type & 0x7FFF));
        console_text("\n");
        node.c_idx++;
    }
    const ai_error error = ai_network_get_error(handle);
    CHECK(error.type == AI_ERROR_INVALID_PARAM && error.code == AI_ERROR_CODE_OUT_OF_RANGE);
}

static void wrong_uses(void) {
    CHECK(!ai_platform_observer_register(AI_HANDLE_NULL, on_node, &seen, AI_OBSERVER_POST_EVT));
    CHECK(!ai_platform_observer_register(handle, NULL, &seen, AI_OBSERVER_POST_EVT));
    CHECK(ai_network_get_error(handle).code == AI_ERROR_CODE_INVALID_PTR);
    CHECK(!ai_platform_observer_unregister(handle, on_node, &seen));
    CHECK(ai_network_get_error(handle).type == AI_ERROR_INVALID_PARAM);
    CHECK(strcmp(ai_layer_type_name(-1), "other") == 0);
    CHECK(strcmp(ai_layer_type_name(0x7FFF), "other") == 0);
}

/* Another observer, in its own memory, wants the events before layers only. */
static void observe_with_context(ai_buffer *input, ai_buffer *output) {
    static observed before;
    ai_observer_exec_ctx context = {
        .on_node = on_node, .cookie = &before, .flags = AI_OBSERVER_PRE_EVT};
    CHECK(ai_platform_observer_register_s(handle, &context));
    CHECK(context.n_nodes == AI_NETWORK_N_NODES);
    CHECK(!ai_platform_observer_register(handle, on_node, &seen, AI_OBSERVER_POST_EVT));
    CHECK(ai_network_get_error(handle).code == AI_ERROR_CODE_IN_USE);
    CHECK(entries[0].run(handle, input, output) == 1);
    CHECK(before.events == AI_NETWORK_N_NODES && before.runs[0] == 0);
    CHECK(context.c_idx == AI_NETWORK_N_NODES - 1);
    CHECK(ai_platform_observer_unregister_s(handle, &context));
}

int main(void) {
    static ai_i8 quiet[AI_NETWORK_OUT_1_SIZE];
    AI_ALIGNED(4) static ai_i8 input_data[AI_NETWORK_IN_1_SIZE];
    static ai_i8 output_data[AI_NETWORK_OUT_1_SIZE];
    ai_network_report report;
    const ai_platform_version version = ai_platform_runtime_get_version();
    CHECK(start(&entries[0]));
    CHECK(entries[0].get_report(handle, &report));
    CHECK(version.major == report.runtime_version.major);
    CHECK(version.minor == report.runtime_version.minor);
    CHECK(version.micro == report.runtime_version.micro);
    CHECK(report.tool_revision[0] != 0);
    tell_report(&report);
    CHECK(report.map_activations.buffer[0].data == pool0);
    tell_nodes();
    wrong_uses();

    ai_buffer input = report.inputs[0];
    ai_buffer output = report.outputs[0];
    input.data = input_data;
    output.data = output_data;
    memcpy(input_data, mnist_test_subset_quantized[0], sizeof(input_data));
    CHECK(entries[0].run(handle, &input, &output) == 1);
    memcpy(quiet, output_data, sizeof(quiet));

    seen.output = output_data;
    seen.telling = true;
    CHECK(ai_platform_observer_register(handle, on_node, &seen,
                                        AI_OBSERVER_PRE_EVT | AI_OBSERVER_POST_EVT));
    for (int i = 0; i < RUNS; i++) {
        memset(output_data, FILLING, sizeof(output_data));
        memset(pool0, FILLING, sizeof(pool0));
        CHECK(entries[0].run(handle, &input, &output) == 1);
        /* Observed or not, the same bytes. */
        CHECK(memcmp(quiet, output_data, sizeof(quiet)) == 0);
        seen.telling = false;
    }
    CHECK(seen.events == 2u * RUNS * AI_NETWORK_N_NODES);
    for (ai_u32 i = 0; i < AI_NETWORK_N_NODES; i++) {
        CHECK(seen.runs[i] == RUNS);
    }
    CHECK(ai_platform_observer_unregister(handle, on_node, &seen));
    CHECK(entries[0].run(handle, &input, &output) == 1);
    CHECK(seen.events == 2u * RUNS * AI_NETWORK_N_NODES);
    observe_with_context(&input, &output);
    CHECK(ai_network_get_error(handle).type == AI_ERROR_NONE);
    CHECK(entries[0].destroy(handle) == AI_HANDLE_NULL);
    CHECK(!ai_platform_observer_register(handle, on_node, &seen, AI_OBSERVER_POST_EVT));
    console_text("checks passed\n");
    board_finish(0, quiet, sizeof(quiet));
}
