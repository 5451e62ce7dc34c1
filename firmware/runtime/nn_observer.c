/* SPDX-License-Identifier: Apache-2.0 */
#include "ai_platform_interface.h"
#include "nn_runtime.h"

static const char *const type_names[] = {
    [NN_LAYER_OTHER] = "other",
    [NN_LAYER_FULLY_CONNECTED] = "fully connected",
    [NN_LAYER_LOOKUP] = "lookup",
    [NN_LAYER_SOFTMAX] = "softmax",
    [NN_LAYER_RESHAPE] = "reshape",
    [NN_LAYER_ELEMENTWISE] = "elementwise",
    [NN_LAYER_COPY] = "copy",
    [NN_LAYER_CONV] = "convolution",
    [NN_LAYER_CONV_TRANSPOSE] = "transposed convolution",
    [NN_LAYER_MAX_POOL] = "max pool",
    [NN_LAYER_AVERAGE_POOL] = "average pool",
    [NN_LAYER_TRANSPOSE] = "transpose",
    [NN_LAYER_SELECT] = "select",
    [NN_LAYER_CONCAT] = "concat",
    [NN_LAYER_LOG_SOFTMAX] = "log softmax",
    [NN_LAYER_ARG_MAX] = "argmax",
    [NN_LAYER_AFFINE] = "affine",
    [NN_LAYER_INTERPOLATE] = "interpolate",
    [NN_LAYER_MAT_MUL] = "matrix product",
    [NN_LAYER_THRESHOLDS] = "function",
    [NN_LAYER_FLOAT_WEIGHTS] = "fully connected",
    [NN_LAYER_FLOAT_SOFTMAX] = "softmax",
};

ai_platform_version ai_platform_runtime_get_version(void) {
    const ai_platform_version version = {AI_PLATFORM_RUNTIME_MAJOR, AI_PLATFORM_RUNTIME_MINOR,
                                         AI_PLATFORM_RUNTIME_MICRO, 0u};
    return version;
}

const char *ai_layer_type_name(const int type) {
    const ai_bool known = type >= 0 && (ai_size)type < sizeof(type_names) / sizeof(type_names[0]);
    return type_names[known ? type : NN_LAYER_OTHER];
}

static void describe(const nn_network *network, ai_u32 layer, ai_observer_node *node) {
    *node = (ai_observer_node){
        .c_idx = (ai_u16)layer,
        .type = network->layer_types[layer],
        .id = (ai_u16)layer,
    };
}

/* From the runtime's events to the interface's. */
static void tell(void *cookie, ai_u32 layer, ai_bool after) {
    nn_instance *instance = (nn_instance *)cookie;
    ai_observer_exec_ctx *context = instance->observation;
    const ai_u32 event = after ? AI_OBSERVER_POST_EVT : AI_OBSERVER_PRE_EVT;
    if ((context->flags & event) == 0u) {
        return;
    }
    ai_u32 flags = event;
    flags |= layer == 0u ? AI_OBSERVER_FIRST_EVT : 0u;
    flags |= layer + 1u == instance->network->nodes ? AI_OBSERVER_LAST_EVT : 0u;
    ai_observer_node node;
    describe(instance->network, layer, &node);
    context->c_idx = node.c_idx;
    (void)context->on_node(context->cookie, flags, &node);
}

/* The instance behind an initialized network's handle, or NULL with its error set. */
static nn_instance *instance_of(ai_handle network) {
    nn_instance *instance = (nn_instance *)network;
    if (instance == NULL) {
        return NULL;
    }
    if (instance->state != NN_STATE_READY) {
        nn_set_error(instance, AI_ERROR_INVALID_STATE, AI_ERROR_CODE_MISSED_INIT);
        return NULL;
    }
    return instance;
}

ai_bool ai_platform_observer_register_s(ai_handle network, ai_observer_exec_ctx *ctx) {
    nn_instance *instance = instance_of(network);
    if (instance == NULL) {
        return false;
    }
    if (ctx == NULL || ctx->on_node == NULL) {
        nn_set_error(instance, AI_ERROR_INVALID_PARAM, AI_ERROR_CODE_INVALID_PTR);
        return false;
    }
    if (instance->observation != NULL && instance->observation != ctx) {
        nn_set_error(instance, AI_ERROR_INVALID_STATE, AI_ERROR_CODE_IN_USE);
        return false;
    }
    ctx->flags |= AI_OBSERVER_REGISTERED;
    ctx->c_idx = 0u;
    ctx->n_nodes = (ai_u16)instance->network->nodes;
    ctx->cur = NULL;
    instance->observation = ctx;
    instance->observer = (nn_observer){tell, instance};
    return true;
}

ai_bool ai_platform_observer_register(ai_handle network, ai_observer_node_cb cb, ai_handle cookie,
                                      ai_u32 flags) {
    nn_instance *instance = instance_of(network);
    if (instance == NULL) {
        return false;
    }
    if (instance->observation != NULL) {
        nn_set_error(instance, AI_ERROR_INVALID_STATE, AI_ERROR_CODE_IN_USE);
        return false;
    }
    instance->own_observation = (ai_observer_exec_ctx){
        .on_node = cb, .cookie = cookie, .flags = flags & AI_OBSERVER_MASK_EVT};
    return ai_platform_observer_register_s(network, &instance->own_observation);
}

ai_bool ai_platform_observer_unregister_s(ai_handle network, ai_observer_exec_ctx *ctx) {
    nn_instance *instance = instance_of(network);
    if (instance == NULL) {
        return false;
    }
    if (ctx == NULL || instance->observation != ctx) {
        nn_set_error(instance, AI_ERROR_INVALID_PARAM, AI_ERROR_CODE_INVALID_PTR);
        return false;
    }
    ctx->flags &= ~(ai_u32)AI_OBSERVER_REGISTERED;
    instance->observation = NULL;
    instance->observer.event = NULL;
    return true;
}

ai_bool ai_platform_observer_unregister(ai_handle network, ai_observer_node_cb cb,
                                        ai_handle cookie) {
    nn_instance *instance = instance_of(network);
    if (instance == NULL) {
        return false;
    }
    ai_observer_exec_ctx *own = &instance->own_observation;
    if (own->on_node != cb || own->cookie != cookie) {
        own = NULL;
    }
    return ai_platform_observer_unregister_s(network, own);
}

ai_bool ai_platform_observer_node_info(ai_handle network, ai_observer_node *node_info) {
    nn_instance *instance = instance_of(network);
    if (instance == NULL) {
        return false;
    }
    if (node_info == NULL) {
        nn_set_error(instance, AI_ERROR_INVALID_PARAM, AI_ERROR_CODE_INVALID_PTR);
        return false;
    }
    if (node_info->c_idx >= instance->network->nodes) {
        nn_set_error(instance, AI_ERROR_INVALID_PARAM, AI_ERROR_CODE_OUT_OF_RANGE);
        return false;
    }
    describe(instance->network, node_info->c_idx, node_info);
    return true;
}
