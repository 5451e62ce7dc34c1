// A C++ product: the headers are C++, the functions are C.
#include "digits.h"
#include "digits_data.h"
#include "digits_preprocess.h"
#include "gearbox.h"

// Where an interface takes no const.
extern const ai_u8 constant[4];
const ai_u8 constant[4] = {0, 1, 2, 3};

int main() {
    ai_handle digits = AI_HANDLE_NULL;
    STAI_ALIGNED(8) static stai_network gearbox[STAI_GEARBOX_CONTEXT_SIZE];
    alignas(4) static ai_u8 arena[AI_DIGITS_DATA_ACTIVATIONS_SIZE];
    const ai_handle activations[] = {arena};
    const ai_error error = ai_digits_create_and_init(&digits, activations, nullptr);
    ai_buffer *input = ai_digits_inputs_get(digits, nullptr);
    const bool good = error.type == AI_ERROR_NONE && AI_BUFFER_SIZE(input) == AI_DIGITS_IN_1_SIZE &&
                      stai_gearbox_init(gearbox) == STAI_SUCCESS &&
                      AI_HANDLE_PTR(constant) != AI_HANDLE_PTR(arena);
    return good ? 0 : 1;
}
