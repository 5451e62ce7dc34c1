/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_runtime.h"

#include <string.h>

#include "nn_inference.h"

#define ARENA_ALIGNMENT 4u

static const ai_error no_error = {AI_ERROR_NONE, AI_ERROR_CODE_NONE};

/* The first error stays until it is read. */
void nn_set_error(nn_instance *instance, ai_error_type type, ai_error_code code) {
    if (instance->error.type == AI_ERROR_NONE) {
        instance->error.type = (ai_u32)type & 0xFFu;
        instance->error.code = (ai_u32)code & 0xFFFFFFu;
    }
}

static ai_bool is_handle_of(nn_instance *instance, ai_handle handle) {
    return handle == (ai_handle)instance && instance->state != NN_STATE_NONE;
}

static ai_bool is_aligned(const void *pointer) {
    return ((ai_uptr)pointer % ARENA_ALIGNMENT) == 0u;
}

static void fill_buffer(ai_buffer *buffer, const nn_port *port, ai_shape_dimension *shape,
                        ai_handle data) {
    memcpy(shape, port->shape, 4u * sizeof(*shape));
    *buffer = (ai_buffer){
        .format = AI_BUFFER_FORMAT_S8 | AI_BUFFER_FMT_FLAG_IS_IO,
        .data = data,
        /* The interface takes no const; nothing here or in a program changes what is constant. */
        .meta_info = (ai_buffer_meta_info *)(ai_uptr)port->meta_info,
        .flags = AI_FLAG_NONE,
        .size = port->size,
        .shape = {AI_SHAPE_BCWH, 4u, shape},
    };
}

static void fill_buffers(nn_instance *instance, const nn_network *network) {
    ai_u8 *arena = instance->arena;
    fill_buffer(&instance->input, &network->input, instance->input_shape,
                arena == NULL ? NULL : arena + network->input.arena_offset);
    fill_buffer(&instance->output, &network->output, instance->output_shape,
                arena == NULL ? NULL : arena + network->output.arena_offset);
}

ai_error nn_create(nn_instance *instance, const nn_network *network, ai_handle *handle) {
    if (handle == NULL) {
        return (ai_error){AI_ERROR_INVALID_HANDLE, AI_ERROR_CODE_NETWORK};
    }
    memset(instance, 0, sizeof(*instance));
    *handle = AI_HANDLE_NULL;
    if (!nn_is_in_memory(&network->magic, NN_MAGIC)) {
        return (ai_error){AI_ERROR_CREATE_FAILED, AI_ERROR_CODE_NETWORK};
    }
    instance->network = network;
    instance->state = NN_STATE_CREATED;
    fill_buffers(instance, network);
    *handle = (ai_handle)instance;
    return no_error;
}

ai_handle nn_destroy(nn_instance *instance, ai_handle handle) {
    if (!is_handle_of(instance, handle)) {
        return handle;
    }
    instance->state = NN_STATE_NONE;
    instance->observation = NULL;
    instance->observer.event = NULL;
    instance->arena = NULL;
    instance->weights = NULL;
    return AI_HANDLE_NULL;
}

ai_bool nn_is_in_memory(const void *word, ai_u32 value) {
    return *(const volatile ai_u32 *)word == value;
}

ai_bool nn_is_table(const ai_handle *address) {
    const ai_handle marker = AI_HANDLE_PTR((ai_uptr)AI_MAGIC_MARKER);
    const volatile ai_handle *table = address;
    /* Both markers: constants may happen to begin with the first one's bytes. */
    return table[0] == marker && table[2] == marker;
}

/* `weights` is either the constants array itself or the table that <name>_data_weights_get()
 * returns: marker, address, marker. */
static const ai_u8 *resolve(ai_handle address) {
    const ai_handle *table = (const ai_handle *)address;
    if (address == NULL || ((ai_uptr)address % sizeof(ai_handle)) != 0u || !nn_is_table(table)) {
        return (const ai_u8 *)address;
    }
    return (const ai_u8 *)table[1];
}

static ai_bool check_array(nn_instance *instance, const ai_buffer_array *array, ai_size size,
                           ai_error_code code) {
    if (!ai_buffer_array_sane(array) || array->size != 1u) {
        nn_set_error(instance, AI_ERROR_INVALID_PARAM, code);
        return false;
    }
    if (array->buffer[0].size != 0u && array->buffer[0].size < size) {
        nn_set_error(instance, AI_ERROR_INVALID_SIZE, code);
        return false;
    }
    return true;
}

ai_bool nn_init(nn_instance *instance, ai_handle handle, const ai_network_params *params) {
    if (!is_handle_of(instance, handle)) {
        nn_set_error(instance, AI_ERROR_INVALID_HANDLE, AI_ERROR_CODE_NETWORK);
        return false;
    }
    if (params == NULL) {
        nn_set_error(instance, AI_ERROR_INVALID_PARAM, AI_ERROR_CODE_NETWORK_PARAMS);
        return false;
    }
    ai_buffer plain[2];
    ai_buffer_array weights = params->map_weights;
    ai_buffer_array activations = params->map_activations;
    if (params->map_signature != AI_MAGIC_SIGNATURE) {
        plain[0] = params->params;
        plain[1] = params->activations;
        weights = (ai_buffer_array)AI_BUFFER_ARRAY_OBJ_INIT(AI_FLAG_NONE, 1, &plain[0]);
        activations = (ai_buffer_array)AI_BUFFER_ARRAY_OBJ_INIT(AI_FLAG_NONE, 1, &plain[1]);
    }
    const nn_network *network = instance->network;
    if (!check_array(instance, &weights, network->weights_size, AI_ERROR_CODE_NETWORK_WEIGHTS) ||
        !check_array(instance, &activations, network->activations_size,
                     AI_ERROR_CODE_NETWORK_ACTIVATIONS)) {
        return false;
    }
    const ai_u8 *constants = resolve(weights.buffer[0].data);
    ai_u8 *arena = (ai_u8 *)activations.buffer[0].data;
    if (constants == NULL || !is_aligned(constants) ||
        !nn_is_in_memory(constants + network->weights_size - sizeof(ai_u32),
                         network->weights_check)) {
        nn_set_error(instance, AI_ERROR_INIT_FAILED, AI_ERROR_CODE_NETWORK_WEIGHTS);
        return false;
    }
    if (arena == NULL || !is_aligned(arena) ||
        nn_overlap(arena, network->activations_size, constants, network->weights_size)) {
        nn_set_error(instance, AI_ERROR_INIT_FAILED, AI_ERROR_CODE_NETWORK_ACTIVATIONS);
        return false;
    }
    instance->weights = constants;
    instance->arena = arena;
    fill_buffers(instance, network);
    instance->state = NN_STATE_READY;
    return true;
}

ai_error nn_get_error(nn_instance *instance, ai_handle handle) {
    if (handle != (ai_handle)instance) {
        return (ai_error){AI_ERROR_INVALID_HANDLE, AI_ERROR_CODE_NETWORK};
    }
    ai_error error = instance->error;
    instance->error = no_error;
    return error;
}

static ai_buffer *port_get(nn_instance *instance, const nn_network *network, ai_handle handle,
                           ai_u16 *count, ai_buffer *buffer) {
    if (handle != AI_HANDLE_NULL && !is_handle_of(instance, handle)) {
        nn_set_error(instance, AI_ERROR_INVALID_HANDLE, AI_ERROR_CODE_NETWORK);
        if (count != NULL) {
            *count = 0u;
        }
        return NULL;
    }
    if (instance->state == NN_STATE_NONE) {
        fill_buffers(instance, network);
    }
    if (count != NULL) {
        *count = 1u;
    }
    return buffer;
}

ai_buffer *nn_inputs_get(nn_instance *instance, const nn_network *network, ai_handle handle,
                         ai_u16 *count) {
    return port_get(instance, network, handle, count, &instance->input);
}

ai_buffer *nn_outputs_get(nn_instance *instance, const nn_network *network, ai_handle handle,
                          ai_u16 *count) {
    return port_get(instance, network, handle, count, &instance->output);
}

/* Batches of `buffer`, or 0 after setting an error when it does not fit `port`. */
static ai_size check_buffer(nn_instance *instance, const ai_buffer *buffer, const nn_port *port,
                            ai_error_type type) {
    if (buffer == NULL || buffer->data == NULL) {
        nn_set_error(instance, type, AI_ERROR_CODE_INVALID_PTR);
        return 0u;
    }
    if (AI_BUFFER_FORMAT(buffer) != AI_BUFFER_FORMAT_S8) {
        nn_set_error(instance, type, AI_ERROR_CODE_INVALID_FORMAT);
        return 0u;
    }
    ai_size batches = AI_BUFFER_N_BATCHES(buffer);
    if (batches == 0u) {
        nn_set_error(instance, type, AI_ERROR_CODE_INVALID_BATCH);
        return 0u;
    }
    /* In 64 bits: shapes are the caller's, and a product that wraps must not fit. */
    if (ai_buffer_get_size(buffer, false) != (ai_u64)port->size * batches) {
        nn_set_error(instance, type, AI_ERROR_CODE_INVALID_SIZE);
        return 0u;
    }
    return batches;
}

ai_i32 nn_run(nn_instance *instance, ai_handle handle, const ai_buffer *input, ai_buffer *output) {
    if (!is_handle_of(instance, handle)) {
        nn_set_error(instance, AI_ERROR_INVALID_HANDLE, AI_ERROR_CODE_NETWORK);
        return 0;
    }
    if (instance->state != NN_STATE_READY) {
        nn_set_error(instance, AI_ERROR_INVALID_STATE, AI_ERROR_CODE_MISSED_INIT);
        return 0;
    }
    const nn_network *network = instance->network;
    ai_size batches = check_buffer(instance, input, &network->input, AI_ERROR_INVALID_INPUT);
    if (batches == 0u) {
        return 0;
    }
    ai_size room = check_buffer(instance, output, &network->output, AI_ERROR_INVALID_OUTPUT);
    if (room == 0u) {
        return 0;
    }
    if (room < batches) {
        nn_set_error(instance, AI_ERROR_INVALID_OUTPUT, AI_ERROR_CODE_INVALID_BATCH);
        return 0;
    }
    const nn_inference inference = {
        .forward = network->forward,
        .observed = network->observed,
        .observer = instance->observer.event == NULL ? NULL : &instance->observer,
        .weights = instance->weights,
        .arena = instance->arena,
        .weights_size = network->weights_size,
        .arena_size = network->activations_size,
        .input_size = network->input.size,
        .input_offset = network->input.arena_offset,
        .output_size = network->output.size,
        .output_offset = network->output.arena_offset,
    };
    const nn_outcome outcome =
        nn_infer(&inference, (const ai_i8 *)input->data, (ai_i8 *)output->data, batches);
    if (outcome != NN_DONE) {
        nn_set_error(instance,
                     outcome == NN_INPUT_IN_USE ? AI_ERROR_INVALID_INPUT : AI_ERROR_INVALID_OUTPUT,
                     AI_ERROR_CODE_IN_USE);
        return 0;
    }
    return (ai_i32)batches;
}

ai_i32 nn_forward_only(nn_instance *instance, ai_handle handle, const ai_buffer *input) {
    return nn_run(instance, handle, input, &instance->output);
}

ai_bool nn_get_report(nn_instance *instance, ai_handle handle, ai_network_report *report) {
    if (!is_handle_of(instance, handle)) {
        nn_set_error(instance, AI_ERROR_INVALID_HANDLE, AI_ERROR_CODE_NETWORK);
        return false;
    }
    if (report == NULL) {
        nn_set_error(instance, AI_ERROR_INVALID_PARAM, AI_ERROR_CODE_INVALID_PTR);
        return false;
    }
    static const char *const revision = "nn2flash";
    const ai_platform_version runtime = {NN_RUNTIME_VERSION_MAJOR, NN_RUNTIME_VERSION_MINOR,
                                         NN_RUNTIME_VERSION_MICRO, 0u};
    const ai_platform_version platform = {AI_PLATFORM_API_MAJOR, AI_PLATFORM_API_MINOR,
                                          AI_PLATFORM_API_MICRO, 0u};
    const ai_platform_version tools = {1u, 5u, 0u, 0u};
    const nn_network *network = instance->network;
    memset(report, 0, sizeof(*report));
    report->model_name = network->model_name;
    report->model_signature = network->model_signature;
    /* Dates would make two builds differ: the model's hash identifies it instead. */
    report->model_datetime = "";
    report->compile_datetime = "";
    report->runtime_revision = revision;
    report->runtime_version = runtime;
    report->tool_revision = revision;
    report->tool_version = runtime;
    report->tool_api_version = tools;
    report->api_version = platform;
    report->interface_api_version = platform;
    report->n_macc = network->macc;
    report->n_inputs = 1u;
    report->n_outputs = 1u;
    report->inputs = &instance->input;
    report->outputs = &instance->output;
    instance->weights_map = (ai_buffer){
        .format = AI_BUFFER_FORMAT_U8 | AI_BUFFER_FMT_FLAG_CONST,
        .data = (ai_handle)(ai_uptr)instance->weights,
        .size = network->weights_size,
    };
    instance->arena_map = (ai_buffer){
        .format = AI_BUFFER_FORMAT_U8,
        .data = instance->arena,
        .size = network->activations_size,
    };
    report->map_signature = AI_MAGIC_SIGNATURE;
    report->map_weights = (ai_buffer_array){AI_FLAG_NONE, 1u, &instance->weights_map};
    report->map_activations = (ai_buffer_array){AI_FLAG_NONE, 1u, &instance->arena_map};
    report->n_nodes = network->nodes;
    report->signature = network->signature;
    return true;
}
