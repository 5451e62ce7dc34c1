/* SPDX-License-Identifier: Apache-2.0
 *
 * Events of a network with the st-ai interface: what the callback given to stai_<name>_set_callback
 * is told before and after each layer. Written anew from their documented names and values.
 */
#ifndef STAI_EVENTS_H
#define STAI_EVENTS_H

#include "stai.h"

#define STAI_EVENT_NODE_START 0x01
#define STAI_EVENT_NODE_STOP 0x02

/* The payload of both. */
typedef struct {
    int32_t node_id;              /* position in the order of execution */
    stai_array_const_ptr buffers; /* none here: no inner tensors are shown */
} stai_event_node_start_stop;

#endif /* STAI_EVENTS_H */
