/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_inference.h"

#include <string.h>

#include "nn_float.h"

#define INPUT_ALIGNMENT 4u

static ai_bool in_arena(const nn_inference *inference, const void *data, ai_size bytes) {
    return nn_overlap(data, bytes, inference->arena, inference->arena_size);
}

/* Whether an input cannot be read where it lies: kernels read words, and the first step may write
 * anywhere else in the arena. */
static ai_bool must_move(const nn_inference *inference, ai_u16 index) {
    const nn_end *end = &inference->inputs[index];
    const ai_i8 *input = inference->sources[index];
    return (ai_uptr)input % INPUT_ALIGNMENT != 0u ||
           (input != (const ai_i8 *)inference->arena + end->arena_offset &&
            in_arena(inference, input, end->bytes));
}

/* Whether moving inputs in their order would write over one that is still to be moved. */
static ai_bool inputs_meet(const nn_inference *inference) {
    for (ai_u16 i = 0; i + 1u < inference->n_inputs; i++) {
        const nn_end *moved = &inference->inputs[i];
        for (ai_u16 k = (ai_u16)(i + 1u); k < inference->n_inputs && must_move(inference, i); k++) {
            if (nn_overlap(inference->arena + moved->arena_offset, moved->bytes,
                           inference->sources[k], inference->inputs[k].bytes)) {
                return true;
            }
        }
    }
    return false;
}

/* Whether an output shares bytes with another, or with the own place of another, from which that
 * one may still have to be copied. */
static ai_bool outputs_meet(const nn_inference *inference, ai_size batches) {
    for (ai_u16 i = 0; i < inference->n_outputs; i++) {
        const ai_size bytes = inference->outputs[i].bytes * batches;
        for (ai_u16 k = 0; k < inference->n_outputs; k++) {
            const nn_end *other = &inference->outputs[k];
            if (k != i && (nn_overlap(inference->targets[i], bytes, inference->targets[k],
                                      other->bytes * batches) ||
                           nn_overlap(inference->targets[i], bytes,
                                      inference->arena + other->arena_offset, other->bytes))) {
                return true;
            }
        }
    }
    return false;
}

static ai_bool over_inputs(const nn_inference *inference, const ai_i8 *output, ai_size bytes,
                           const ai_i8 *const inputs[], ai_size batches) {
    for (ai_u16 i = 0; i < inference->n_inputs; i++) {
        if (nn_overlap(output, bytes, inputs[i], inference->inputs[i].bytes * batches)) {
            return true;
        }
    }
    return false;
}

static nn_outcome check(const nn_inference *inference, ai_size batches) {
    for (ai_u16 i = 0; i < inference->n_outputs; i++) {
        const ai_i8 *output = inference->targets[i];
        const ai_size bytes = inference->outputs[i].bytes * batches;
        for (ai_u16 k = 0; k < inference->n_weights; k++) {
            if (nn_overlap(output, bytes, inference->weights[k], inference->blocks[k].bytes)) {
                return NN_OUTPUT_IN_USE;
            }
        }
        if (batches > 1u && (in_arena(inference, output, bytes) ||
                             over_inputs(inference, output, bytes, inference->sources, batches))) {
            return NN_OUTPUT_IN_USE;
        }
    }
    for (ai_u16 i = 0; i < inference->n_inputs && batches > 1u; i++) {
        if (in_arena(inference, inference->sources[i], inference->inputs[i].bytes * batches)) {
            return NN_INPUT_IN_USE;
        }
    }
    if (inference->n_inputs > 1u && inputs_meet(inference)) {
        return NN_INPUT_IN_USE;
    }
    return inference->n_outputs > 1u && outputs_meet(inference, batches) ? NN_OUTPUT_IN_USE
                                                                         : NN_DONE;
}

static void infer_one(const nn_inference *inference) {
    const ai_i8 **sources = inference->sources + inference->n_inputs;
    ai_i8 **targets = inference->targets + inference->n_outputs;
    for (ai_u16 i = 0; i < inference->n_inputs; i++) {
        sources[i] = inference->sources[i];
        if (must_move(inference, i)) {
            ai_i8 *own = (ai_i8 *)inference->arena + inference->inputs[i].arena_offset;
            memmove(own, sources[i], inference->inputs[i].bytes);
            sources[i] = own;
        }
    }
    /* The last step may still read from anywhere else in the arena, and be the first one, too. */
    for (ai_u16 i = 0; i < inference->n_outputs; i++) {
        const nn_end *end = &inference->outputs[i];
        ai_i8 *own = (ai_i8 *)inference->arena + end->arena_offset;
        ai_i8 *output = inference->targets[i];
        const ai_bool own_needed =
            output != own && (in_arena(inference, output, end->bytes) ||
                              over_inputs(inference, output, end->bytes, sources, 1u));
        targets[i] = own_needed ? own : output;
    }
    if (inference->observer == NULL) {
        inference->forward(sources, targets, inference->weights, inference->arena);
    } else {
        inference->observed(sources, targets, inference->weights, inference->arena,
                            inference->observer);
    }
    for (ai_u16 i = 0; i < inference->n_outputs; i++) {
        if (targets[i] != inference->targets[i]) {
            memmove(inference->targets[i], targets[i], inference->outputs[i].bytes);
        }
    }
}

nn_outcome nn_infer(const nn_inference *inference, ai_size batches) {
    const nn_outcome outcome = check(inference, batches);
    if (outcome != NN_DONE) {
        return outcome;
    }
    const nn_float_mode mode = nn_float_enter();
    for (ai_size batch = 0; batch < batches; batch++) {
        infer_one(inference);
        for (ai_u16 i = 0; i < inference->n_inputs; i++) {
            inference->sources[i] += inference->inputs[i].bytes;
        }
        for (ai_u16 i = 0; i < inference->n_outputs; i++) {
            inference->targets[i] += inference->outputs[i].bytes;
        }
    }
    nn_float_leave(mode);
    return NN_DONE;
}
