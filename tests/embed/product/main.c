/*
 * A product with two networks: reads inferences from digits.in and gearbox.in, writes digits.out
 * and gearbox.out. One network has the legacy X-CUBE-AI interface, the other the st-ai interface.
 */
#include <stdio.h>

/* docs: legacy */
#include "digits.h"
#include "digits_data.h"

AI_ALIGNED(4) static ai_u8 digits_activations[AI_DIGITS_DATA_ACTIVATIONS_SIZE];
static ai_handle digits;

static bool digits_start(void) {
    const ai_handle activations[] = {digits_activations};
    return ai_digits_create_and_init(&digits, activations, NULL).type == AI_ERROR_NONE;
}

static bool digits_classify(ai_i8 *input, ai_i8 *output) {
    ai_buffer *from = ai_digits_inputs_get(digits, NULL);
    ai_buffer *to = ai_digits_outputs_get(digits, NULL);
    from->data = AI_HANDLE_PTR(input);
    to->data = AI_HANDLE_PTR(output);
    return ai_digits_run(digits, from, to) == 1;
}
/* docs: end */

/* docs: st-ai */
#include "gearbox.h"

STAI_NETWORK_CONTEXT_DECLARE(gearbox, STAI_GEARBOX_CONTEXT_SIZE)
STAI_ALIGNED(4) static uint8_t gearbox_activations[STAI_GEARBOX_ACTIVATIONS_SIZE_BYTES];

static bool gearbox_start(void) {
    const stai_ptr activations[] = {gearbox_activations};
    return stai_gearbox_init(gearbox) == STAI_SUCCESS &&
           stai_gearbox_set_activations(gearbox, activations, 1) == STAI_SUCCESS;
}

static bool gearbox_classify(int8_t *input, int8_t *output) {
    const stai_ptr from[] = {(stai_ptr)input};
    const stai_ptr to[] = {(stai_ptr)output};
    return stai_gearbox_set_inputs(gearbox, from, 1) == STAI_SUCCESS &&
           stai_gearbox_set_outputs(gearbox, to, 1) == STAI_SUCCESS &&
           stai_gearbox_run(gearbox, STAI_MODE_SYNC) == STAI_SUCCESS;
}
/* docs: end */

/* Names that a product may well have. */
int network = 1;
int activations;
void network_run(void);
void network_run(void) {
}

static bool run_all(const char *inputs, const char *outputs, bool (*classify)(int8_t *, int8_t *),
                    size_t input_size, size_t output_size) {
    static int8_t input[1024] AI_ALIGNED(4);
    static int8_t output[2048] AI_ALIGNED(4);
    FILE *in = fopen(inputs, "rb");
    FILE *out = fopen(outputs, "wb");
    bool good = in != NULL && out != NULL;
    while (good && fread(input, 1, input_size, in) == input_size) {
        good = classify(input, output) && fwrite(output, 1, output_size, out) == output_size;
    }
    return out != NULL && fclose(out) == 0 && good;
}

int main(void) {
    network_run();
    const bool good =
        digits_start() && gearbox_start() &&
        run_all("digits.in", "digits.out", digits_classify, AI_DIGITS_IN_1_SIZE,
                AI_DIGITS_OUT_1_SIZE) &&
        run_all("gearbox.in", "gearbox.out", gearbox_classify, STAI_GEARBOX_IN_1_SIZE,
                STAI_GEARBOX_OUT_1_SIZE);
    return good ? 0 : network;
}
