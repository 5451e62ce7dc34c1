/* As case.c, for a network with the st-ai interface. */
#include "case.h"

#include NN_HEADER
#include NN_DATA

#include <string.h>

#define JOIN_(a, b, c) a##b##c
#define JOIN(a, b, c) JOIN_(a, b, c)
#define MACRO(suffix) JOIN(STAI_, NN_UPPER, suffix)
#define CALL(suffix) JOIN(stai_, NN_NAME, suffix)
#define TEXT_(text) #text
#define TEXT(text) TEXT_(text)

extern const ai_i8 JOIN(, NN_NAME, _case_inputs)[];
extern const ai_i8 JOIN(, NN_NAME, _case_inputs_end)[];

static STAI_NETWORK_CONTEXT_DECLARE(network, MACRO(_CONTEXT_SIZE))
STAI_ALIGNED(4) static uint8_t arena[MACRO(_ACTIVATIONS_SIZE_BYTES)];

#define IN(n) STAI_ALIGNED(8) static ai_i8 input_##n[4 + MACRO(_IN_##n##_SIZE_BYTES)];
/* Bytes may be anywhere; wider elements want the alignment of theirs. */
#define OFFSET(n) (MACRO(_OUT_##n##_SIZE_BYTES) / MACRO(_OUT_##n##_SIZE))
#define OUT(n) STAI_ALIGNED(4) static ai_i8 output_##n[OFFSET(n) + MACRO(_OUT_##n##_SIZE_BYTES)];
#include "ports.inc"
#undef IN
#undef OUT

#define OUT(n)
#define IN(n) (stai_ptr)(input_##n + 4),
static const stai_ptr inputs[] = {
#include "ports.inc"
};
#undef IN
#undef OUT

#define IN(n)
#define OUT(n) (stai_ptr)(output_##n + OFFSET(n)),
static const stai_ptr outputs[] = {
#include "ports.inc"
};
#undef IN
#undef OUT

static ai_error result(stai_return_code code) {
    return (ai_error){code == STAI_SUCCESS ? AI_ERROR_NONE : AI_ERROR_INVALID_STATE,
                      (uint32_t)code & 0xFFFFFFu};
}

static ai_error start(void) {
    const stai_ptr activations[] = {arena};
    stai_return_code code = CALL(_init)(network);
    if (code == STAI_SUCCESS) {
        code = CALL(_set_activations)(network, activations, 1);
    }
    if (code == STAI_SUCCESS) {
        code = CALL(_set_inputs)(network, inputs, MACRO(_IN_NUM));
    }
    if (code == STAI_SUCCESS) {
        code = CALL(_set_outputs)(network, outputs, MACRO(_OUT_NUM));
    }
    return result(code);
}

static ai_error infer(const ai_i8 *input, ai_i8 *output) {
    static const uint32_t input_sizes[] = MACRO(_IN_SIZES_BYTES);
    static const uint32_t output_sizes[] = MACRO(_OUT_SIZES_BYTES);
    for (uint32_t i = 0; i < MACRO(_IN_NUM); i++) {
        memcpy(inputs[i], input, input_sizes[i]);
        input += input_sizes[i];
    }
    const ai_error error = result(CALL(_run)(network, STAI_MODE_SYNC));
    for (uint32_t i = 0; i < MACRO(_OUT_NUM); i++) {
        memcpy(output, outputs[i], output_sizes[i]);
        output += output_sizes[i];
    }
    return error;
}

extern const test_case JOIN(, NN_NAME, _case);
const test_case JOIN(, NN_NAME, _case) = {
    .name = TEXT(NN_NAME),
    .input_size = NN_INPUT_BYTES,
    .output_size = NN_OUTPUT_BYTES,
    .arena_size = MACRO(_ACTIVATIONS_SIZE_BYTES),
    .arena = arena,
    .inputs = JOIN(, NN_NAME, _case_inputs),
    .inputs_end = JOIN(, NN_NAME, _case_inputs_end),
    .start = start,
    .infer = infer,
};
