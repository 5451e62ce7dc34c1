// A C++ application: it only includes the headers and calls what they declare.
#include "nn_runtime.h"

#include "tiny.h"
#include "tiny_data.h"

extern "C" {
#include "board.h"
}

namespace {
alignas(4) ai_u8 activations[AI_TINY_DATA_ACTIVATIONS_SIZE];
alignas(4) ai_i8 input[AI_TINY_IN_1_SIZE];
ai_i8 output[AI_TINY_OUT_1_SIZE];
ai_network_report report = AI_STRUCT_INIT;
} // namespace

int main() {
    board_init();
    ai_handle tiny = AI_HANDLE_NULL;
    const ai_handle arenas[] = {activations};
    const ai_error error = ai_tiny_create_and_init(&tiny, arenas, nullptr);
    ai_buffer *in = ai_tiny_inputs_get(tiny, nullptr);
    ai_buffer *out = ai_tiny_outputs_get(tiny, nullptr);
    in[0].data = AI_HANDLE_PTR(input);
    out[0].data = AI_HANDLE_PTR(output);
    const bool good = error.type == AI_ERROR_NONE && ai_tiny_run(tiny, in, out) == 1 &&
                      ai_tiny_get_report(tiny, &report);
    board_finish(good ? 0 : 1, output, sizeof(output));
}
