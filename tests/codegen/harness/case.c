/* Compiled once for each network:
 *   NN_NAME, NN_UPPER      its name, its name in capitals
 *   NN_HEADER, NN_DATA     "<name>.h", "<name>_data.h"
 *   NN_INPUTS              file with its inputs
 * and with a file ports.inc of its own: IN(1) … OUT(1) …, a line for each input and output.
 * Buffers are static and end exactly where the interface says, so that the address sanitizer sees
 * every byte behind them; they begin on no better an alignment than it promises. */
#include "case.h"

#include NN_HEADER
#include NN_DATA

#include <string.h>

#define JOIN_(a, b, c) a##b##c
#define JOIN(a, b, c) JOIN_(a, b, c)
#define MACRO(suffix) JOIN(AI_, NN_UPPER, suffix)
#define CALL(suffix) JOIN(ai_, NN_NAME, suffix)
#define TEXT_(text) #text
#define TEXT(text) TEXT_(text)

extern const ai_i8 JOIN(, NN_NAME, _case_inputs)[];
extern const ai_i8 JOIN(, NN_NAME, _case_inputs_end)[];

static ai_handle network = AI_HANDLE_NULL;
#define ALIGNMENT MACRO(_ACTIVATIONS_ALIGNMENT)
AI_ALIGNED(2 * ALIGNMENT) static ai_u8 arena_[ALIGNMENT + MACRO(_DATA_ACTIVATIONS_SIZE)];
static ai_u8 *const arena = arena_ + ALIGNMENT;
#define IN(n) AI_ALIGNED(8) static ai_i8 input_##n[4 + MACRO(_IN_##n##_SIZE_BYTES)];
#define OUT(n) AI_ALIGNED(4) static ai_i8 output_##n[1 + MACRO(_OUT_##n##_SIZE_BYTES)];
#include "ports.inc"
#undef IN
#undef OUT

typedef struct {
    ai_i8 *data;
    ai_u32 size;
} port;

#define OUT(n)
#define IN(n) {input_##n + 4, MACRO(_IN_##n##_SIZE_BYTES)},
static const port inputs[] = {
#include "ports.inc"
};
#undef IN
#undef OUT

#define IN(n)
#define OUT(n) {output_##n + 1, MACRO(_OUT_##n##_SIZE_BYTES)},
static const port outputs[] = {
#include "ports.inc"
};
#undef IN
#undef OUT

/* Where the network has its inputs and outputs in the arena; NULL: nowhere. */
static ai_i8 *inputs_in_arena[MACRO(_IN_NUM)];
static ai_i8 *outputs_in_arena[MACRO(_OUT_NUM)];
static ai_u32 runs;

static ai_error start(void) {
    const ai_handle activations[] = {arena};
    const ai_error error = CALL(_create_and_init)(&network, activations, NULL);
    for (ai_u32 i = 0; i < MACRO(_IN_NUM) && error.type == AI_ERROR_NONE; i++) {
        inputs_in_arena[i] = (ai_i8 *)CALL(_inputs_get)(network, NULL)[i].data;
    }
    for (ai_u32 i = 0; i < MACRO(_OUT_NUM) && error.type == AI_ERROR_NONE; i++) {
        outputs_in_arena[i] = (ai_i8 *)CALL(_outputs_get)(network, NULL)[i].data;
    }
    return error;
}

/* Buffers of their own and the arena's take turns: each second run has its inputs in the arena,
 * each fourth its outputs, too. */
static ai_i8 *place(const port *own, ai_i8 *in_arena, ai_u32 turns) {
    return runs % turns == turns - 1u && in_arena != NULL ? in_arena : own->data;
}

static ai_error infer(const ai_i8 *input, ai_i8 *output) {
    ai_buffer *in = CALL(_inputs_get)(network, NULL);
    ai_buffer *out = CALL(_outputs_get)(network, NULL);
    for (ai_u32 i = 0; i < MACRO(_IN_NUM); i++) {
        ai_i8 *data = place(&inputs[i], inputs_in_arena[i], 2);
        memcpy(data, input, inputs[i].size);
        input += inputs[i].size;
        in[i].data = AI_HANDLE_PTR(data);
    }
    for (ai_u32 i = 0; i < MACRO(_OUT_NUM); i++) {
        out[i].data = AI_HANDLE_PTR(place(&outputs[i], outputs_in_arena[i], 4));
    }
    if (CALL(_run)(network, in, out) != 1) {
        return CALL(_get_error)(network);
    }
    for (ai_u32 i = 0; i < MACRO(_OUT_NUM); i++) {
        memcpy(output, place(&outputs[i], outputs_in_arena[i], 4), outputs[i].size);
        output += outputs[i].size;
    }
    runs++;
    return (ai_error){AI_ERROR_NONE, AI_ERROR_CODE_NONE};
}

extern const test_case JOIN(, NN_NAME, _case);
const test_case JOIN(, NN_NAME, _case) = {
    .name = TEXT(NN_NAME),
    .input_size = NN_INPUT_BYTES,
    .output_size = NN_OUTPUT_BYTES,
    .arena_size = MACRO(_DATA_ACTIVATIONS_SIZE),
    .arena = arena_ + ALIGNMENT,
    .inputs = JOIN(, NN_NAME, _case_inputs),
    .inputs_end = JOIN(, NN_NAME, _case_inputs_end),
    .start = start,
    .infer = infer,
};
