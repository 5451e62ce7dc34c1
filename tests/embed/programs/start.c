/* Which of two networks start: returns 16, and 1 more for digits and 2 for gearbox. */
#include "digits.h"
#include "digits_data.h"
#include "gearbox.h"

STAI_NETWORK_CONTEXT_DECLARE(gearbox, STAI_GEARBOX_CONTEXT_SIZE)
AI_ALIGNED(4) static ai_u8 arena[AI_DIGITS_DATA_ACTIVATIONS_SIZE];

int main(void) {
    ai_handle digits = AI_HANDLE_NULL;
    const ai_handle activations[] = {arena};
    const ai_error error = ai_digits_create_and_init(&digits, activations, NULL);
    return 16 | (error.type == AI_ERROR_NONE ? 1 : 0) |
           (stai_gearbox_init(gearbox) == STAI_SUCCESS ? 2 : 0);
}
