/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_stai.h"

#include <string.h>

#include "nn_inference.h"
#include "stai_events.h"

#define MAGIC 0x4E4E5354u /* "NNST" */
#define BUFFER_ALIGNMENT 4u
#define CONTEXT_ALIGNMENT 8u

static bool is_aligned(const void *pointer, uintptr_t alignment) {
    return ((uintptr_t)pointer % alignment) == 0u;
}

/* The context behind the application's bytes; NULL when they are not an initialized one. */
static nn_stai_context *context_of(stai_network *bytes) {
    if (bytes == NULL || !is_aligned(bytes, CONTEXT_ALIGNMENT)) {
        return NULL;
    }
    nn_stai_context *context = (nn_stai_context *)(void *)bytes;
    return context->magic == MAGIC ? context : NULL;
}

static stai_return_code fail(nn_stai_context *context, stai_return_code code) {
    if (context->error == STAI_SUCCESS) {
        context->error = code;
    }
    return code;
}

/* How many buffers of a kind there are, and where they begin among the context's. */
static uint16_t count_of(const nn_stai_context *context, nn_stai_kind kind) {
    const stai_network_info *info = &context->network->info;
    const uint16_t counts[] = {info->n_activations, info->n_weights, info->n_inputs,
                               info->n_outputs};
    return counts[kind];
}

static stai_ptr *buffers_of(nn_stai_context *context, nn_stai_kind kind) {
    stai_ptr *buffers = (stai_ptr *)(context + 1);
    for (uint32_t before = 0; before < (uint32_t)kind; before++) {
        buffers += count_of(context, (nn_stai_kind)before);
    }
    return buffers;
}

/* Whether these are the network's constants: not garbage, not another version's. */
static bool are_weights_of(const nn_stai_network *network, const stai_ptr *weights) {
    for (uint16_t i = 0; i < network->info.n_weights; i++) {
        const nn_block *block = &network->plan.blocks[i];
        if (!nn_is_in_memory(weights[i] + block->bytes - sizeof(uint32_t), block->check)) {
            return false;
        }
    }
    return true;
}

stai_return_code nn_stai_init(stai_network *bytes, const nn_stai_network *network) {
    if (bytes == NULL) {
        return STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE;
    }
    if (!is_aligned(bytes, CONTEXT_ALIGNMENT)) {
        return STAI_ERROR_NETWORK_INVALID_CONTEXT_ALIGNMENT;
    }
    if (!nn_is_in_memory(&network->magic, NN_MAGIC)) {
        return STAI_ERROR_STAI_INIT_FAILED;
    }
    if (!are_weights_of(network, network->weights)) {
        return STAI_ERROR_NETWORK_INVALID_WEIGHTS_PTR;
    }
    nn_stai_context *context = (nn_stai_context *)(void *)bytes;
    context->magic = MAGIC;
    context->error = STAI_SUCCESS;
    context->network = network;
    context->callback = NULL;
    context->cookie = NULL;
    for (uint32_t kind = NN_STAI_ACTIVATIONS; kind <= NN_STAI_OUTPUTS; kind++) {
        stai_ptr *buffers = buffers_of(context, (nn_stai_kind)kind);
        for (uint16_t i = 0; i < count_of(context, (nn_stai_kind)kind); i++) {
            buffers[i] = kind == NN_STAI_WEIGHTS ? network->weights[i] : NULL;
        }
    }
    return STAI_SUCCESS;
}

stai_return_code nn_stai_deinit(stai_network *bytes) {
    nn_stai_context *context = context_of(bytes);
    if (context == NULL) {
        return STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE;
    }
    context->magic = 0;
    return STAI_SUCCESS;
}

/* From the runtime's events to the interface's. */
static void tell(void *cookie, ai_u32 layer, ai_bool after) {
    const nn_stai_context *context = (const nn_stai_context *)cookie;
    const stai_event_node_start_stop event = {.node_id = (int32_t)layer, .buffers = {0u, NULL}};
    context->callback(context->cookie, after ? STAI_EVENT_NODE_STOP : STAI_EVENT_NODE_START,
                      &event);
}

stai_return_code nn_stai_run(stai_network *bytes, stai_run_mode mode) {
    nn_stai_context *context = context_of(bytes);
    if (context == NULL) {
        return STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE;
    }
    if (mode != STAI_MODE_SYNC) {
        return fail(context, STAI_ERROR_NOT_IMPLEMENTED);
    }
    const nn_stai_network *network = context->network;
    const stai_network_info *info = &network->info;
    stai_ptr *activations = buffers_of(context, NN_STAI_ACTIVATIONS);
    if (activations[0] == NULL) {
        return fail(context, STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_PTR);
    }
    stai_ptr *weights = activations + info->n_activations;
    stai_ptr *inputs = weights + info->n_weights;
    stai_ptr *outputs = inputs + info->n_inputs;
    stai_ptr *sources = outputs + info->n_outputs;
    stai_ptr *targets = sources + 2u * info->n_inputs;
    memcpy(sources, inputs, info->n_inputs * sizeof(*sources));
    memcpy(targets, outputs, info->n_outputs * sizeof(*targets));
    const nn_observer observer = {tell, context};
    const nn_inference inference = {
        .plan = &network->plan,
        .observer = context->callback == NULL ? NULL : &observer,
        .weights = (const ai_u8 *const *)weights,
        .arena = activations[0],
        .sources = (const ai_i8 **)(void *)sources,
        .targets = (ai_i8 **)(void *)targets,
    };
    for (uint16_t i = 0; i < info->n_weights; i++) {
        if (nn_overlap(inference.arena, network->plan.arena_size, weights[i],
                       network->plan.blocks[i].bytes)) {
            return fail(context, STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_PTR);
        }
    }
    switch (nn_infer(&inference, 1u)) {
    case NN_DONE:
        return STAI_SUCCESS;
    case NN_INPUT_IN_USE:
        return fail(context, STAI_ERROR_NETWORK_INVALID_IN_PTR);
    case NN_OUTPUT_IN_USE:
    default:
        return fail(context, STAI_ERROR_NETWORK_INVALID_OUT_PTR);
    }
}

stai_return_code nn_stai_get_info(stai_network *bytes, stai_network_info *info) {
    nn_stai_context *context = context_of(bytes);
    if (context == NULL) {
        return STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE;
    }
    if (info == NULL) {
        return fail(context, STAI_ERROR_NETWORK_INVALID_INFO);
    }
    *info = context->network->info;
    return STAI_SUCCESS;
}

stai_return_code nn_stai_get_error(stai_network *bytes) {
    const nn_stai_context *context = context_of(bytes);
    return context == NULL ? STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE : context->error;
}

/* Errors about a kind's number of buffers; the one about its pointers is one less. */
static stai_return_code number_error(nn_stai_kind kind) {
    static const stai_return_code codes[] = {
        STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_NUM,
        STAI_ERROR_NETWORK_INVALID_WEIGHTS_NUM,
        STAI_ERROR_NETWORK_INVALID_IN_NUM,
        STAI_ERROR_NETWORK_INVALID_OUT_NUM,
    };
    return codes[kind];
}

stai_return_code nn_stai_get(stai_network *bytes, nn_stai_kind kind, stai_ptr *buffers,
                             stai_size *count) {
    nn_stai_context *context = context_of(bytes);
    if (context == NULL) {
        return STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE;
    }
    if (count == NULL) {
        return fail(context, STAI_ERROR_NETWORK_INVALID_API_ARGUMENTS);
    }
    *count = count_of(context, kind);
    for (uint16_t i = 0; buffers != NULL && i < count_of(context, kind); i++) {
        buffers[i] = buffers_of(context, kind)[i];
    }
    return STAI_SUCCESS;
}

/* Inputs and outputs lie in the activations until others are set. */
static void place_ends(nn_stai_context *context, stai_ptr activations) {
    const nn_stai_network *network = context->network;
    for (uint16_t i = 0; i < network->info.n_inputs; i++) {
        buffers_of(context, NN_STAI_INPUTS)[i] = activations + network->plan.inputs[i].arena_offset;
    }
    for (uint16_t i = 0; i < network->info.n_outputs; i++) {
        buffers_of(context, NN_STAI_OUTPUTS)[i] =
            activations + network->plan.outputs[i].arena_offset;
    }
}

stai_return_code nn_stai_set(stai_network *bytes, nn_stai_kind kind, const stai_ptr *buffers,
                             stai_size count) {
    nn_stai_context *context = context_of(bytes);
    if (context == NULL) {
        return STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE;
    }
    if (buffers == NULL) {
        return fail(context, STAI_ERROR_NETWORK_INVALID_API_ARGUMENTS);
    }
    if (count != count_of(context, kind)) {
        return fail(context, number_error(kind));
    }
    for (stai_size i = 0; i < count; i++) {
        if (buffers[i] == NULL) {
            return fail(context, (stai_return_code)(number_error(kind) - 1));
        }
        /* Kernels read words, and write int8 outputs by bytes. */
        const bool bytes_only =
            kind == NN_STAI_OUTPUTS && context->network->info.outputs[i].format == STAI_FORMAT_S8;
        if (!bytes_only && !is_aligned(buffers[i], BUFFER_ALIGNMENT)) {
            return fail(context, STAI_ERROR_INVALID_BUFFER_ALIGNMENT);
        }
    }
    if (kind == NN_STAI_WEIGHTS && !are_weights_of(context->network, buffers)) {
        return fail(context, STAI_ERROR_NETWORK_INVALID_WEIGHTS_PTR);
    }
    memcpy(buffers_of(context, kind), buffers, count * sizeof(*buffers));
    if (kind == NN_STAI_ACTIVATIONS) {
        place_ends(context, buffers[0]);
    }
    return STAI_SUCCESS;
}

stai_return_code nn_stai_get_states(stai_network *bytes, stai_ptr *states, stai_size *count) {
    nn_stai_context *context = context_of(bytes);
    STAI_UNUSED(states);
    if (context == NULL) {
        return STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE;
    }
    if (count == NULL) {
        return fail(context, STAI_ERROR_NETWORK_INVALID_API_ARGUMENTS);
    }
    *count = 0u;
    return STAI_SUCCESS;
}

stai_return_code nn_stai_set_states(stai_network *bytes, const stai_ptr *states, stai_size count) {
    nn_stai_context *context = context_of(bytes);
    STAI_UNUSED(states);
    if (context == NULL) {
        return STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE;
    }
    return count == 0u ? STAI_SUCCESS : fail(context, STAI_ERROR_NETWORK_INVALID_STATES_NUM);
}

stai_return_code nn_stai_set_callback(stai_network *bytes, stai_event_cb callback, void *cookie) {
    nn_stai_context *context = context_of(bytes);
    if (context == NULL) {
        return STAI_ERROR_NETWORK_INVALID_CONTEXT_HANDLE;
    }
    context->callback = callback;
    context->cookie = cookie;
    return STAI_SUCCESS;
}

/* ---- Runtime ------------------------------------------------------------------------------- */

stai_return_code stai_runtime_init(void) {
    return STAI_SUCCESS;
}

stai_return_code stai_runtime_deinit(void) {
    return STAI_SUCCESS;
}

stai_return_code stai_runtime_get_info(stai_runtime_info *info) {
    if (info == NULL) {
        return STAI_ERROR_NETWORK_INVALID_API_ARGUMENTS;
    }
    const stai_version version = {NN_RUNTIME_VERSION_MAJOR, NN_RUNTIME_VERSION_MINOR,
                                  NN_RUNTIME_VERSION_MICRO, 0u};
    const stai_version api = {STAI_API_VERSION_MAJOR, STAI_API_VERSION_MINOR,
                              STAI_API_VERSION_MICRO, 0u};
    *info = (stai_runtime_info){
        .api_version = api,
        .runtime_version = version,
        .tools_version = version,
        .runtime_build = 0u,
        .compiler_id = STAI_COMPILER_ID_GCC,
        .compiler_desc = "nn2flash",
    };
    return STAI_SUCCESS;
}

stai_return_code stai_runtime_set_callback(const stai_event_cb callback, void *cookie) {
    STAI_UNUSED(cookie);
    return callback == NULL ? STAI_SUCCESS : STAI_ERROR_NOT_IMPLEMENTED;
}

stai_format stai_init_format(const stai_format_type type, const int8_t sign, const int32_t bits,
                             const int32_t fraction_bits) {
    return (stai_format)(((uint32_t)(sign != 0) << 23) | (((uint32_t)type & 0xFu) << 17) |
                         (((uint32_t)bits & 0x7Fu) << 7) |
                         ((uint32_t)(fraction_bits + 64) & 0x7Fu));
}
