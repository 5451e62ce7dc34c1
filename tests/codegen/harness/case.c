/* Compiled once for each network:
 *   NN_NAME, NN_UPPER      its name, its name in capitals
 *   NN_HEADER, NN_DATA     "<name>.h", "<name>_data.h"
 *   NN_INPUTS              file with its inputs
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
AI_ALIGNED(8) static ai_i8 input_[4 + MACRO(_IN_1_SIZE)];
static ai_i8 *const input_data = input_ + 4;
AI_ALIGNED(4) static ai_i8 output_[1 + MACRO(_OUT_1_SIZE)];
static ai_i8 *const output_data = output_ + 1;

static ai_error start(void) {
    const ai_handle activations[] = {arena};
    return CALL(_create_and_init)(&network, activations, NULL);
}

static ai_error infer(const ai_i8 *input, ai_i8 *output) {
    ai_buffer *in = CALL(_inputs_get)(network, NULL);
    ai_buffer *out = CALL(_outputs_get)(network, NULL);
    memcpy(input_data, input, MACRO(_IN_1_SIZE));
    in[0].data = AI_HANDLE_PTR(input_data);
    out[0].data = AI_HANDLE_PTR(output_data);
    if (CALL(_run)(network, in, out) != 1) {
        return CALL(_get_error)(network);
    }
    memcpy(output, output_data, MACRO(_OUT_1_SIZE));
    return (ai_error){AI_ERROR_NONE, AI_ERROR_CODE_NONE};
}

extern const test_case JOIN(, NN_NAME, _case);
const test_case JOIN(, NN_NAME, _case) = {
    .name = TEXT(NN_NAME),
    .input_size = MACRO(_IN_1_SIZE),
    .output_size = MACRO(_OUT_1_SIZE),
    .arena_size = MACRO(_DATA_ACTIVATIONS_SIZE),
    .arena = arena_ + ALIGNMENT,
    .inputs = JOIN(, NN_NAME, _case_inputs),
    .inputs_end = JOIN(, NN_NAME, _case_inputs_end),
    .start = start,
    .infer = infer,
};
