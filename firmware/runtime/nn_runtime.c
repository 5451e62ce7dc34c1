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

static void fill_ports(const nn_port *ports, const nn_end *ends, ai_u16 count, ai_u8 *arena,
                       ai_buffer *buffers, ai_shape_dimension (*shapes)[4]) {
    for (ai_u16 i = 0; i < count; i++) {
        const nn_port *port = &ports[i];
        memcpy(shapes[i], port->shape, sizeof(shapes[i]));
        buffers[i] = (ai_buffer){
            .format = port->format | AI_BUFFER_FMT_FLAG_IS_IO,
            .data = arena == NULL ? NULL : arena + ends[i].arena_offset,
            /* The interface takes no const; nothing here or in a program changes what is constant.
             */
            .meta_info = (ai_buffer_meta_info *)(ai_uptr)port->meta_info,
            .flags = AI_FLAG_NONE,
            .size = port->size,
            .shape = {AI_SHAPE_BCWH, 4u, shapes[i]},
        };
    }
}

static void fill_buffers(const nn_network *network, ai_u8 *arena) {
    const nn_storage *storage = &network->storage;
    fill_ports(network->inputs, network->plan->inputs, network->plan->n_inputs, arena,
               storage->inputs, storage->input_shapes);
    fill_ports(network->outputs, network->plan->outputs, network->plan->n_outputs, arena,
               storage->outputs, storage->output_shapes);
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
    fill_buffers(network, NULL);
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
    return AI_HANDLE_NULL;
}

ai_bool nn_is_in_memory(const void *word, ai_u32 value) {
    return *(const volatile ai_u32 *)word == value;
}

ai_bool nn_is_table(const ai_handle *address, ai_size entries) {
    const ai_handle marker = AI_HANDLE_PTR((ai_uptr)AI_MAGIC_MARKER);
    const volatile ai_handle *table = address;
    /* Both markers: constants may happen to begin with the first one's bytes. */
    return table[0] == marker && table[entries + 1u] == marker;
}

/* The addresses in the table that <name>_data_weights_get() returns; NULL when it is none. */
static const ai_handle *table_of(ai_handle address, ai_u16 blocks) {
    const ai_handle *table = (const ai_handle *)address;
    if (address == NULL || ((ai_uptr)address % sizeof(ai_handle)) != 0u ||
        !nn_is_table(table, blocks)) {
        return NULL;
    }
    return table + 1;
}

/* Take the blocks of weights: each by its own buffer, or all by the table in the first. */
static ai_bool take_weights(nn_instance *instance, const ai_buffer_array *array) {
    const nn_network *network = instance->network;
    if (!ai_buffer_array_sane(array)) {
        nn_set_error(instance, AI_ERROR_INVALID_PARAM, AI_ERROR_CODE_NETWORK_WEIGHTS);
        return false;
    }
    const ai_handle *table = table_of(array->buffer[0].data, network->plan->n_weights);
    if (array->size != (table == NULL ? network->plan->n_weights : 1u)) {
        nn_set_error(instance, AI_ERROR_INVALID_PARAM, AI_ERROR_CODE_NETWORK_WEIGHTS);
        return false;
    }
    ai_size total = 0u;
    for (ai_u16 i = 0; i < network->plan->n_weights; i++) {
        total += network->plan->blocks[i].bytes;
    }
    for (ai_u16 i = 0; i < array->size; i++) {
        const ai_size need = table == NULL ? network->plan->blocks[i].bytes : total;
        if (array->buffer[i].size != 0u && array->buffer[i].size < need) {
            nn_set_error(instance, AI_ERROR_INVALID_SIZE, AI_ERROR_CODE_NETWORK_WEIGHTS);
            return false;
        }
    }
    for (ai_u16 i = 0; i < network->plan->n_weights; i++) {
        const ai_u8 *block = (const ai_u8 *)(table == NULL ? array->buffer[i].data : table[i]);
        if (block == NULL || !is_aligned(block) ||
            !nn_is_in_memory(block + network->plan->blocks[i].bytes - sizeof(ai_u32),
                             network->plan->blocks[i].check)) {
            nn_set_error(instance, AI_ERROR_INIT_FAILED, AI_ERROR_CODE_NETWORK_WEIGHTS);
            return false;
        }
        network->storage.weights[i] = block;
    }
    return true;
}

static ai_bool take_arena(nn_instance *instance, const ai_buffer_array *array) {
    if (!ai_buffer_array_sane(array) || array->size != 1u) {
        nn_set_error(instance, AI_ERROR_INVALID_PARAM, AI_ERROR_CODE_NETWORK_ACTIVATIONS);
        return false;
    }
    const ai_buffer *buffer = &array->buffer[0];
    if (buffer->size != 0u && buffer->size < instance->network->plan->arena_size) {
        nn_set_error(instance, AI_ERROR_INVALID_SIZE, AI_ERROR_CODE_NETWORK_ACTIVATIONS);
        return false;
    }
    if (buffer->data == NULL || !is_aligned(buffer->data)) {
        nn_set_error(instance, AI_ERROR_INIT_FAILED, AI_ERROR_CODE_NETWORK_ACTIVATIONS);
        return false;
    }
    const nn_network *network = instance->network;
    for (ai_u16 i = 0; i < network->plan->n_weights; i++) {
        if (nn_overlap(buffer->data, network->plan->arena_size, network->storage.weights[i],
                       network->plan->blocks[i].bytes)) {
            nn_set_error(instance, AI_ERROR_INIT_FAILED, AI_ERROR_CODE_NETWORK_ACTIVATIONS);
            return false;
        }
    }
    instance->arena = (ai_u8 *)buffer->data;
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
    instance->state = NN_STATE_CREATED;
    if (!take_weights(instance, &weights) || !take_arena(instance, &activations)) {
        return false;
    }
    fill_buffers(instance->network, instance->arena);
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

static ai_buffer *ports_get(nn_instance *instance, const nn_network *network, ai_handle handle,
                            ai_u16 *count, ai_u16 have, ai_buffer *buffers) {
    if (handle != AI_HANDLE_NULL && !is_handle_of(instance, handle)) {
        nn_set_error(instance, AI_ERROR_INVALID_HANDLE, AI_ERROR_CODE_NETWORK);
        if (count != NULL) {
            *count = 0u;
        }
        return NULL;
    }
    if (instance->state == NN_STATE_NONE) {
        fill_buffers(network, NULL);
    }
    if (count != NULL) {
        *count = have;
    }
    return buffers;
}

ai_buffer *nn_inputs_get(nn_instance *instance, const nn_network *network, ai_handle handle,
                         ai_u16 *count) {
    return ports_get(instance, network, handle, count, network->plan->n_inputs,
                     network->storage.inputs);
}

ai_buffer *nn_outputs_get(nn_instance *instance, const nn_network *network, ai_handle handle,
                          ai_u16 *count) {
    return ports_get(instance, network, handle, count, network->plan->n_outputs,
                     network->storage.outputs);
}

/* Whether a buffer is one batch of the port's own shape and format: what programs normally give. */
static inline ai_bool is_one_batch(const ai_buffer *buffer, const nn_port *port) {
    if (buffer == NULL || buffer->data == NULL || AI_BUFFER_FORMAT(buffer) != port->format) {
        return false;
    }
    const ai_shape_dimension *shape = buffer->shape.data;
    return shape != NULL && buffer->shape.size == 4u && shape[0] == 1u &&
           shape[1] == port->shape[1] && shape[2] == port->shape[2] && shape[3] == port->shape[3];
}

/* Batches of `buffer`, or 0 after setting an error when it does not fit `port`. */
static ai_size check_buffer(nn_instance *instance, const ai_buffer *buffer, const nn_port *port,
                            ai_error_type type) {
    if (buffer->data == NULL) {
        nn_set_error(instance, type, AI_ERROR_CODE_INVALID_PTR);
        return 0u;
    }
    if (AI_BUFFER_FORMAT(buffer) != port->format) {
        nn_set_error(instance, type, AI_ERROR_CODE_INVALID_FORMAT);
        return 0u;
    }
    const ai_size batches = AI_BUFFER_N_BATCHES(buffer);
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

/* The least number of batches of all buffers, or 0 after setting an error. */
static ai_size check_buffers(nn_instance *instance, const ai_buffer *buffers, const nn_port *ports,
                             ai_u16 count, ai_error_type type) {
    if (buffers == NULL) {
        nn_set_error(instance, type, AI_ERROR_CODE_INVALID_PTR);
        return 0u;
    }
    ai_size least = check_buffer(instance, &buffers[0], &ports[0], type);
    for (ai_u16 i = 1; i < count && least != 0u; i++) {
        const ai_size batches = check_buffer(instance, &buffers[i], &ports[i], type);
        if (type == AI_ERROR_INVALID_INPUT && batches != least && batches != 0u) {
            nn_set_error(instance, type, AI_ERROR_CODE_INVALID_BATCH);
            return 0u;
        }
        least = batches < least ? batches : least;
    }
    return least;
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
    const nn_plan *plan = network->plan;
    const nn_storage *storage = &network->storage;
    ai_size batches = 1u;
    ai_size room = 1u;
    if (plan->n_inputs != 1u || !is_one_batch(input, network->inputs)) {
        batches =
            check_buffers(instance, input, network->inputs, plan->n_inputs, AI_ERROR_INVALID_INPUT);
        if (batches == 0u) {
            return 0;
        }
    }
    if (plan->n_outputs != 1u || !is_one_batch(output, network->outputs)) {
        room = check_buffers(instance, output, network->outputs, plan->n_outputs,
                             AI_ERROR_INVALID_OUTPUT);
        if (room == 0u) {
            return 0;
        }
    }
    if (room < batches) {
        nn_set_error(instance, AI_ERROR_INVALID_OUTPUT, AI_ERROR_CODE_INVALID_BATCH);
        return 0;
    }
    for (ai_u16 i = 0; i < plan->n_inputs; i++) {
        storage->sources[i] = (const ai_i8 *)input[i].data;
    }
    for (ai_u16 i = 0; i < plan->n_outputs; i++) {
        storage->targets[i] = (ai_i8 *)output[i].data;
    }
    const nn_inference inference = {
        .plan = plan,
        .observer = instance->observer.event == NULL ? NULL : &instance->observer,
        .weights = storage->weights,
        .arena = instance->arena,
        .sources = storage->sources,
        .targets = storage->targets,
    };
    const nn_outcome outcome = nn_infer(&inference, batches);
    if (outcome != NN_DONE) {
        nn_set_error(instance,
                     outcome == NN_INPUT_IN_USE ? AI_ERROR_INVALID_INPUT : AI_ERROR_INVALID_OUTPUT,
                     AI_ERROR_CODE_IN_USE);
        return 0;
    }
    return (ai_i32)batches;
}

ai_i32 nn_forward_only(nn_instance *instance, ai_handle handle, const ai_buffer *input) {
    return nn_run(instance, handle, input, instance->network->storage.outputs);
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
    report->n_inputs = network->plan->n_inputs;
    report->n_outputs = network->plan->n_outputs;
    report->inputs = network->storage.inputs;
    report->outputs = network->storage.outputs;
    for (ai_u16 i = 0; i < network->plan->n_weights; i++) {
        network->storage.weights_map[i] = (ai_buffer){
            .format = AI_BUFFER_FORMAT_U8 | AI_BUFFER_FMT_FLAG_CONST,
            .data = (ai_handle)(ai_uptr)network->storage.weights[i],
            .size = network->plan->blocks[i].bytes,
        };
    }
    instance->arena_map = (ai_buffer){
        .format = AI_BUFFER_FORMAT_U8,
        .data = instance->arena,
        .size = network->plan->arena_size,
    };
    report->map_signature = AI_MAGIC_SIGNATURE;
    report->map_weights =
        (ai_buffer_array){AI_FLAG_NONE, network->plan->n_weights, network->storage.weights_map};
    report->map_activations = (ai_buffer_array){AI_FLAG_NONE, 1u, &instance->arena_map};
    report->n_nodes = network->nodes;
    report->signature = network->signature;
    return true;
}
