/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_inference.h"

#include <string.h>

#include "nn_float.h"

#define INPUT_ALIGNMENT 4u

static void infer_one(const nn_inference *inference, const ai_i8 *input, ai_i8 *output) {
    ai_i8 *own_input = (ai_i8 *)(inference->arena + inference->input_offset);
    ai_i8 *own_output = (ai_i8 *)(inference->arena + inference->output_offset);
    const ai_i8 *source = input;
    ai_i8 *target = output;
    /* Kernels read words, and the first step may write anywhere else in the arena. */
    if ((ai_uptr)input % INPUT_ALIGNMENT != 0u ||
        (input != own_input &&
         nn_overlap(input, inference->input_size, inference->arena, inference->arena_size))) {
        memmove(own_input, input, inference->input_size);
        source = own_input;
    }
    /* The last step may still read from anywhere else in the arena, and be the first one, too. */
    if (output != own_output &&
        (nn_overlap(output, inference->output_size, inference->arena, inference->arena_size) ||
         nn_overlap(output, inference->output_size, source, inference->input_size))) {
        target = own_output;
    }
    if (inference->observer == NULL) {
        inference->forward(source, target, inference->weights, inference->arena);
    } else {
        inference->observed(source, target, inference->weights, inference->arena,
                            inference->observer);
    }
    if (target != output) {
        memmove(output, target, inference->output_size);
    }
}

nn_outcome nn_infer(const nn_inference *inference, const ai_i8 *input, ai_i8 *output,
                    ai_size batches) {
    const ai_size input_size = inference->input_size * batches;
    const ai_size output_size = inference->output_size * batches;
    if (nn_overlap(output, output_size, inference->weights, inference->weights_size)) {
        return NN_OUTPUT_IN_USE;
    }
    if (batches > 1u) {
        if (nn_overlap(input, input_size, inference->arena, inference->arena_size)) {
            return NN_INPUT_IN_USE;
        }
        if (nn_overlap(output, output_size, inference->arena, inference->arena_size) ||
            nn_overlap(output, output_size, input, input_size)) {
            return NN_OUTPUT_IN_USE;
        }
    }
    const nn_float_mode mode = nn_float_enter();
    for (ai_size batch = 0; batch < batches; batch++) {
        infer_one(inference, input, output);
        input += inference->input_size;
        output += inference->output_size;
    }
    nn_float_leave(mode);
    return NN_DONE;
}
