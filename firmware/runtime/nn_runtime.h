/* SPDX-License-Identifier: Apache-2.0
 *
 * What every generated network shares: the life cycle behind ai_<name>_create, _init, _run …
 * A network is one constant description and one instance; nothing is allocated. One instance may
 * be used by one thread at a time; different networks are independent.
 */
#ifndef NN_RUNTIME_H
#define NN_RUNTIME_H

#include "ai_platform.h"
#include "ai_platform_interface.h"
#include "nn_observer.h"
#include "nn_target.h"

AI_API_DECLARE_BEGIN

#define NN_RUNTIME_VERSION_MAJOR 0
#define NN_RUNTIME_VERSION_MINOR 1
#define NN_RUNTIME_VERSION_MICRO 0

/* For the linker, a function that every network calls has the version in its name: a network and a
 * runtime that were not made for each other do not link. */
#define NN_TEXT_(text) #text
#define NN_TEXT(text) NN_TEXT_(text)
#define NN_OF_THIS_VERSION(name)                                                                   \
    __asm__(NN_TEXT(__USER_LABEL_PREFIX__) name "_" NN_TEXT(NN_RUNTIME_VERSION_MAJOR) "_" NN_TEXT( \
        NN_RUNTIME_VERSION_MINOR) "_" NN_TEXT(NN_RUNTIME_VERSION_MICRO))

/* Compute one inference: `input` and `arena` are 4-byte aligned; `weights` is the network's
 * constants array. `input` and `output` are the network's own buffers in the arena, or share no
 * byte with the arena, nor with each other. */
typedef void (*nn_forward)(const ai_i8 *input, ai_i8 *output, const ai_u8 *weights, ai_u8 *arena);

/* One end of the network: the format, the shape and where it lies in the arena. */
typedef struct {
    ai_size size; /* elements of one batch */
    ai_size arena_offset;
    const ai_shape_dimension *shape; /* 4, batch first (BCWH) */
    const ai_buffer_meta_info *meta_info;
} nn_port;

/* Says that a network's description is there; what start-up code did not fill has another value. */
#define NN_MAGIC 0x4E4E3246u /* "NN2F" */

typedef struct {
    ai_u32 magic;
    ai_u32 weights_check; /* the last word of its constants array */
    const char *model_name;
    const char *model_signature;
    const char *origin_model_name;
    nn_forward forward;
    nn_observed_forward observed; /* the same, telling an observer */
    const ai_u16 *layer_types;    /* NN_LAYER_…, one for each node */
    nn_port input;
    nn_port output;
    ai_size weights_size;
    ai_size activations_size;
    ai_macc macc;
    ai_u32 nodes;
    ai_signature signature;
} nn_network;

typedef enum {
    NN_STATE_NONE = 0,
    NN_STATE_CREATED,
    NN_STATE_READY,
} nn_state;

typedef struct {
    const nn_network *network;
    nn_state state;
    ai_error error;
    const ai_u8 *weights;
    ai_u8 *arena;
    ai_shape_dimension input_shape[4];
    ai_shape_dimension output_shape[4];
    ai_buffer input;
    ai_buffer output;
    ai_buffer weights_map; /* for reports */
    ai_buffer arena_map;
    nn_observer observer; /* without an event: nobody observes */
    ai_observer_exec_ctx *observation;
    ai_observer_exec_ctx own_observation;
} nn_instance;

/* What goes wrong, as type and code of nn_get_error, which gives the first error since it was last
 * asked. Nothing is written then.
 *   a description that is not in memory (see below)        CREATE_FAILED    NETWORK
 *   a handle that nn_create did not give, or destroyed     INVALID_HANDLE   NETWORK
 *   no parameters                                          INVALID_PARAM    NETWORK_PARAMS
 *   a map without exactly one buffer                       INVALID_PARAM    NETWORK_WEIGHTS or
 *   a buffer that is too small                             INVALID_SIZE       NETWORK_ACTIVATIONS
 *   an address that is NULL or not on 4 bytes              INIT_FAILED        likewise
 *   weights that are not those of this network             INIT_FAILED      NETWORK_WEIGHTS
 *   tables that are not in memory                          INIT_FAILED      NETWORK_PARAMS
 *   an arena over the weights                              INIT_FAILED      NETWORK_ACTIVATIONS
 *   a run before nn_init                                   INVALID_STATE    MISSED_INIT
 *   no buffer, or one without data                         INVALID_INPUT or INVALID_PTR
 *   another format than int8                                 INVALID_OUTPUT INVALID_FORMAT
 *   no batch; fewer outputs than inputs                      likewise       INVALID_BATCH
 *   another number of elements                               likewise       INVALID_SIZE
 *   several batches in or out of the arena                   likewise       IN_USE
 *   several batches with an output over the input          INVALID_OUTPUT   IN_USE
 *   an output over the weights                             INVALID_OUTPUT   IN_USE
 *   no report to fill                                      INVALID_PARAM    INVALID_PTR
 * Not in memory: a linker script gave it an address that start-up code does not fill, or the
 * memory's contents were never written or are another version's. */
ai_error nn_create(nn_instance *instance, const nn_network *network, ai_handle *handle);

/* Whether `address` holds a table of a network's data: marker, address, marker. */
ai_bool nn_is_table(const ai_handle *address);

/* Whether a word has its value in memory. Compilers know what constants are: they must look. */
ai_bool nn_is_in_memory(const void *word, ai_u32 value);

ai_handle nn_destroy(nn_instance *instance, ai_handle handle);
ai_bool nn_init(nn_instance *instance, ai_handle handle, const ai_network_params *params)
    NN_OF_THIS_VERSION("nn_init");
ai_error nn_get_error(nn_instance *instance, ai_handle handle);
/* Keep an error for nn_get_error, unless there is one that was not asked for yet. */
void nn_set_error(nn_instance *instance, ai_error_type type, ai_error_code code);
ai_bool nn_get_report(nn_instance *instance, ai_handle handle, ai_network_report *report);
ai_buffer *nn_inputs_get(nn_instance *instance, const nn_network *network, ai_handle handle,
                         ai_u16 *count);
ai_buffer *nn_outputs_get(nn_instance *instance, const nn_network *network, ai_handle handle,
                          ai_u16 *count);

/* Batches computed; 0 or less is an error, told by nn_get_error.
 *
 * The bytes do not depend on the floating-point mode that the application has set (nn_float.h),
 * nor, with one batch, on where input and output lie: in the arena, over each other, unaligned. */
ai_i32 nn_run(nn_instance *instance, ai_handle handle, const ai_buffer *input, ai_buffer *output);

/* The same, with the result in the network's own output buffer in the arena. */
ai_i32 nn_forward_only(nn_instance *instance, ai_handle handle, const ai_buffer *input);

/* A network compiled with NN_OBSERVE tells the application what each layer computed: its index in
 * the order of execution and its `size` output bytes, which are valid during the call only. A
 * kernel that keeps an intermediate tensor to itself does not tell about it. */
#ifdef NN_OBSERVE
void nn_observe(ai_u32 layer, const ai_i8 *output, ai_size size);
#else
#define nn_observe(layer, output, size) ((void)0)
#endif

AI_API_DECLARE_END

#endif /* NN_RUNTIME_H */
