/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of X-CUBE-AI's platform interface that applications use: the runtime's version, and the
 * observer, which is told before and after each layer of an inference. Written anew from its
 * documented names, values and behaviour.
 */
#ifndef AI_PLATFORM_INTERFACE_H
#define AI_PLATFORM_INTERFACE_H

#include "ai_datatypes_defines.h"
#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* Of this runtime, where ST's headers state that of theirs. */
#define AI_PLATFORM_RUNTIME_MAJOR 0
#define AI_PLATFORM_RUNTIME_MINOR 1
#define AI_PLATFORM_RUNTIME_MICRO 0

/* The same as one value. */
ai_platform_version ai_platform_runtime_get_version(void);

/* Events. What a callback is told carries FIRST or LAST as well at the network's ends. */
#define AI_OBSERVER_NONE_EVT (0)
#define AI_OBSERVER_INIT_EVT (1 << 0) /* never told: who observes, registers after init */
#define AI_OBSERVER_PRE_EVT (1 << 1)  /* before a layer */
#define AI_OBSERVER_POST_EVT (1 << 2) /* after a layer */
#define AI_OBSERVER_FIRST_EVT (1 << 8)
#define AI_OBSERVER_LAST_EVT (1 << 9)
#define AI_OBSERVER_REGISTERED (1 << 24)
#define AI_OBSERVER_MASK_EVT (0xFF)

/* This runtime describes no inner tensors: pointers to these are NULL. */
typedef struct ai_tensor_chain_ ai_tensor_chain;

typedef struct ai_observer_node_s {
    ai_u16 c_idx; /* position in the order of execution */
    ai_u16 type;  /* for ai_layer_type_name */
    ai_u16 id;    /* the model's layer: here the same as c_idx */
    ai_u16 unused;
    const ai_tensor_chain *inner_tensors;
    const ai_tensor_chain *tensors;
} ai_observer_node;

/* The value that a callback returns is not looked at. */
typedef ai_u32 (*ai_observer_node_cb)(const ai_handle cookie, const ai_u32 flags,
                                      const ai_observer_node *node);

struct ai_node_s;

typedef struct ai_observer_exec_ctx_s {
    ai_observer_node_cb on_node;
    ai_handle cookie;
    ai_u32 flags; /* the events that are wanted */
    ai_u16 c_idx; /* of the layer that was told of last */
    ai_u16 n_nodes;
    struct ai_node_s *cur; /* NULL here */
} ai_observer_exec_ctx;

/* One observer at a time, by either form; the second form's context is the caller's memory and
 * stays in use until it is unregistered. They fail, with the network's error set, for a network
 * that is not initialized, without a callback, and where another observer is registered. */
ai_bool ai_platform_observer_register(ai_handle network, ai_observer_node_cb cb, ai_handle cookie,
                                      ai_u32 flags);
ai_bool ai_platform_observer_register_s(ai_handle network, ai_observer_exec_ctx *ctx);
ai_bool ai_platform_observer_unregister(ai_handle network, ai_observer_node_cb cb,
                                        ai_handle cookie);
ai_bool ai_platform_observer_unregister_s(ai_handle network, ai_observer_exec_ctx *ctx);

/* Describe layer `node_info->c_idx`; false when there is none. */
ai_bool ai_platform_observer_node_info(ai_handle network, ai_observer_node *node_info);

/* The name of a layer's type, "other" for one that has none here. */
const char *ai_layer_type_name(const int type);

AI_API_DECLARE_END

#endif /* AI_PLATFORM_INTERFACE_H */
