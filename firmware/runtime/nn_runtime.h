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
#include "nn_sections.h"
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

/* Compute one inference: `inputs`, `outputs` and `weights` are as many as the network has, in its
 * order. Inputs, weights and the arena are 4-byte aligned. Inputs and outputs are the network's own
 * buffers in the arena, or share no byte with the arena, nor with each other. */
typedef void (*nn_forward)(const ai_i8 *const inputs[], ai_i8 *const outputs[],
                           const ai_u8 *const weights[], ai_u8 *arena);

/* Bytes of an input or output, and where the network's own buffer for it lies in the arena. */
typedef struct {
    ai_size bytes; /* of one batch */
    ai_size arena_offset;
} nn_end;

/* An input or output as the interface describes it. */
typedef struct {
    ai_size size; /* elements of one batch */
    ai_buffer_format format;
    const ai_shape_dimension *shape; /* 4, batch first (BCWH) */
    const ai_buffer_meta_info *meta_info;
} nn_port;

/* A block of weights: its bytes, and the last word of them. */
typedef struct {
    ai_size bytes;
    ai_u32 check;
} nn_block;

typedef struct nn_inference nn_inference;

typedef enum {
    NN_DONE,
    NN_INPUT_IN_USE,
    NN_OUTPUT_IN_USE,
} nn_outcome;

/* What a run needs to know of a network. */
typedef struct {
    nn_forward forward;
    nn_observed_forward observed; /* the same, telling an observer */
    /* nn_infer_several, or NULL for one input and one output */
    nn_outcome (*several)(const nn_inference *inference, ai_size batches);
    const nn_end *inputs;
    const nn_end *outputs;
    const nn_block *blocks;
    ai_size arena_size;
    ai_u16 n_inputs;
    ai_u16 n_outputs;
    ai_u16 n_weights;
} nn_plan;

/* Room of one network for what its instance keeps: an element for each input, output or block of
 * weights; two in `sources` and `targets`, for the caller's addresses and for those that are used.
 */
typedef struct {
    ai_buffer *inputs;
    ai_buffer *outputs;
    ai_shape_dimension (*input_shapes)[4];
    ai_shape_dimension (*output_shapes)[4];
    const ai_i8 **sources;
    ai_i8 **targets;
    const ai_u8 **weights;
    ai_buffer *weights_map; /* for reports */
} nn_storage;

/* Says that a network's description is there; what start-up code did not fill has another value. */
#define NN_MAGIC 0x4E4E3246u /* "NN2F" */

typedef struct {
    ai_u32 magic;
    const char *model_name;
    const char *model_signature;
    const char *origin_model_name;
    const nn_plan *plan;
    const ai_u16 *layer_types; /* NN_LAYER_…, one for each node */
    const nn_port *inputs;
    const nn_port *outputs;
    nn_storage storage;
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
    ai_u8 *arena;
    ai_buffer arena_map;  /* for reports */
    nn_observer observer; /* without an event: nobody observes */
    ai_observer_exec_ctx *observation;
    ai_observer_exec_ctx own_observation;
} nn_instance;

/* What goes wrong, as type and code of nn_get_error, which gives the first error since it was last
 * asked. Nothing is written then.
 *   a description that is not in memory (see below)        CREATE_FAILED    NETWORK
 *   a handle that nn_create did not give, or destroyed     INVALID_HANDLE   NETWORK
 *   no parameters                                          INVALID_PARAM    NETWORK_PARAMS
 *   a map of another number of buffers                     INVALID_PARAM    NETWORK_WEIGHTS or
 *   a buffer that is too small                             INVALID_SIZE       NETWORK_ACTIVATIONS
 *   an address that is NULL or not on 4 bytes              INIT_FAILED        likewise
 *   weights that are not those of this network             INIT_FAILED      NETWORK_WEIGHTS
 *   tables that are not in memory                          INIT_FAILED      NETWORK_PARAMS
 *   an arena over the weights                              INIT_FAILED      NETWORK_ACTIVATIONS
 *   a run before nn_init                                   INVALID_STATE    MISSED_INIT
 *   no buffer, or one without data                         INVALID_INPUT or INVALID_PTR
 *   another format than the network's                        INVALID_OUTPUT INVALID_FORMAT
 *   no batch; inputs of unequal batches; fewer outputs       likewise       INVALID_BATCH
 *   another number of elements                               likewise       INVALID_SIZE
 *   several batches in or out of the arena                   likewise       IN_USE
 *   several inputs in the arena, in each other's places    INVALID_INPUT    IN_USE
 *   several batches with an output over an input           INVALID_OUTPUT   IN_USE
 *   an output over the weights or over another output      INVALID_OUTPUT   IN_USE
 *   no report to fill                                      INVALID_PARAM    INVALID_PTR
 * Not in memory: a linker script gave it an address that start-up code does not fill, or the
 * memory's contents were never written or are another version's. */
ai_error nn_create(nn_instance *instance, const nn_network *network, ai_handle *handle);

/* Whether `address` holds a table of a network's data: marker, addresses, marker. */
ai_bool nn_is_table(const ai_handle *address, ai_size entries);

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

/* `input` and `output` are arrays, a buffer for each of the network's. Batches computed; 0 or less
 * is an error, told by nn_get_error.
 *
 * The bytes do not depend on the floating-point mode that the application has set (nn_float.h),
 * nor, with one batch, on where inputs and outputs lie: in the arena, over each other, unaligned.
 */
ai_i32 nn_run(nn_instance *instance, ai_handle handle, const ai_buffer *input, ai_buffer *output);

/* The same, with the results in the network's own output buffers in the arena. */
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
