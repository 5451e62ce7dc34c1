/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_stai.h"

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

/* Whether these are the network's constants: not garbage, not another version's. */
static bool are_weights_of(const nn_stai_network *network, const uint8_t *weights) {
    return nn_is_in_memory(weights + network->weights_size - sizeof(uint32_t),
                           network->weights_check);
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
    if (!are_weights_of(network, (const uint8_t *)network->weights)) {
        return STAI_ERROR_NETWORK_INVALID_WEIGHTS_PTR;
    }
    *(nn_stai_context *)(void *)bytes = (nn_stai_context){
        .magic = MAGIC,
        .error = STAI_SUCCESS,
        .network = network,
        .weights = (stai_ptr)(uintptr_t)network->weights,
    };
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
    if (context->activations == NULL) {
        return fail(context, STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_PTR);
    }
    const nn_stai_network *network = context->network;
    const nn_observer observer = {tell, context};
    const nn_inference inference = {
        .forward = network->forward,
        .observed = network->observed,
        .observer = context->callback == NULL ? NULL : &observer,
        .weights = context->weights,
        .arena = context->activations,
        .weights_size = network->info.weights[0].size_bytes,
        .arena_size = network->info.activations[0].size_bytes,
        .input_size = network->info.inputs[0].size_bytes,
        .input_offset = network->input_offset,
        .output_size = network->info.outputs[0].size_bytes,
        .output_offset = network->output_offset,
    };
    if (nn_overlap(inference.arena, inference.arena_size, inference.weights,
                   inference.weights_size)) {
        return fail(context, STAI_ERROR_NETWORK_INVALID_ACTIVATIONS_PTR);
    }
    /* With one batch only the output can be in the way. */
    if (nn_infer(&inference, (const ai_i8 *)context->input, (ai_i8 *)context->output, 1u) !=
        NN_DONE) {
        return fail(context, STAI_ERROR_NETWORK_INVALID_OUT_PTR);
    }
    return STAI_SUCCESS;
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

static stai_ptr *buffer_of(nn_stai_context *context, nn_stai_kind kind) {
    switch (kind) {
    case NN_STAI_ACTIVATIONS:
        return &context->activations;
    case NN_STAI_WEIGHTS:
        return &context->weights;
    case NN_STAI_INPUTS:
        return &context->input;
    case NN_STAI_OUTPUTS:
    default:
        return &context->output;
    }
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
    *count = 1u;
    if (buffers != NULL) {
        buffers[0] = *buffer_of(context, kind);
    }
    return STAI_SUCCESS;
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
    if (count != 1u) {
        return fail(context, number_error(kind));
    }
    if (buffers[0] == NULL) {
        return fail(context, (stai_return_code)(number_error(kind) - 1));
    }
    /* Kernels read words, and write bytes. */
    if (kind != NN_STAI_OUTPUTS && !is_aligned(buffers[0], BUFFER_ALIGNMENT)) {
        return fail(context, STAI_ERROR_INVALID_BUFFER_ALIGNMENT);
    }
    if (kind == NN_STAI_WEIGHTS && !are_weights_of(context->network, buffers[0])) {
        return fail(context, STAI_ERROR_NETWORK_INVALID_WEIGHTS_PTR);
    }
    *buffer_of(context, kind) = buffers[0];
    if (kind == NN_STAI_ACTIVATIONS) {
        context->input = buffers[0] + context->network->input_offset;
        context->output = buffers[0] + context->network->output_offset;
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
