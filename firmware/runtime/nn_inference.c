/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_inference.h"

#include <string.h>

#include "nn_float.h"

#define INPUT_ALIGNMENT 4u
/* Compiled twice where counts are parameters: for one input and one output nothing of the loops is
 * left. */
#define INLINE __attribute__((always_inline)) static inline

INLINE ai_bool in_arena(const nn_inference *inference, const void *data, ai_size bytes) {
    return nn_overlap(data, bytes, inference->arena, inference->plan->arena_size);
}

/* Whether an input cannot be read where it lies: kernels read words, and the first step may write
 * anywhere else in the arena. */
INLINE ai_bool must_move(const nn_inference *inference, ai_u16 index) {
    const nn_end *end = &inference->plan->inputs[index];
    const ai_i8 *input = inference->sources[index];
    return (ai_uptr)input % INPUT_ALIGNMENT != 0u ||
           (input != (const ai_i8 *)inference->arena + end->arena_offset &&
            in_arena(inference, input, end->bytes));
}

/* Whether moving inputs in their order would write over one that is still to be moved. */
static ai_bool inputs_meet(const nn_inference *inference) {
    for (ai_u16 i = 0; i + 1u < inference->plan->n_inputs; i++) {
        const nn_end *moved = &inference->plan->inputs[i];
        for (ai_u16 k = (ai_u16)(i + 1u); k < inference->plan->n_inputs && must_move(inference, i);
             k++) {
            if (nn_overlap(inference->arena + moved->arena_offset, moved->bytes,
                           inference->sources[k], inference->plan->inputs[k].bytes)) {
                return true;
            }
        }
    }
    return false;
}

/* Whether an output shares bytes with another, or with the own place of another, from which that
 * one may still have to be copied. */
static ai_bool outputs_meet(const nn_inference *inference, ai_size batches) {
    for (ai_u16 i = 0; i < inference->plan->n_outputs; i++) {
        const ai_size bytes = inference->plan->outputs[i].bytes * batches;
        for (ai_u16 k = 0; k < inference->plan->n_outputs; k++) {
            const nn_end *other = &inference->plan->outputs[k];
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

INLINE ai_bool over_inputs(const nn_inference *inference, const ai_i8 *output, ai_size bytes,
                           const ai_i8 *const inputs[], ai_u16 n_inputs, ai_size batches) {
    for (ai_u16 i = 0; i < n_inputs; i++) {
        if (nn_overlap(output, bytes, inputs[i], inference->plan->inputs[i].bytes * batches)) {
            return true;
        }
    }
    return false;
}

INLINE ai_bool over_weights(const nn_inference *inference, const ai_i8 *output, ai_size bytes) {
    const nn_block *block = inference->plan->blocks;
    const ai_u8 *const *weights = inference->weights;
    ai_u16 left = inference->plan->n_weights;
    do {
        if (nn_overlap(output, bytes, *weights++, block++->bytes)) {
            return true;
        }
    } while (--left > 0u);
    return false;
}

/* What one batch of one input and one output cannot do wrong. */
static nn_outcome check_several(const nn_inference *inference, ai_size batches) {
    const nn_plan *plan = inference->plan;
    for (ai_u16 i = 0; i < plan->n_outputs && batches > 1u; i++) {
        const ai_size bytes = plan->outputs[i].bytes * batches;
        if (in_arena(inference, inference->targets[i], bytes) ||
            over_inputs(inference, inference->targets[i], bytes, inference->sources, plan->n_inputs,
                        batches)) {
            return NN_OUTPUT_IN_USE;
        }
    }
    for (ai_u16 i = 0; i < plan->n_inputs && batches > 1u; i++) {
        if (in_arena(inference, inference->sources[i], plan->inputs[i].bytes * batches)) {
            return NN_INPUT_IN_USE;
        }
    }
    if (inputs_meet(inference)) {
        return NN_INPUT_IN_USE;
    }
    return outputs_meet(inference, batches) ? NN_OUTPUT_IN_USE : NN_DONE;
}

/* Where a kernel finds an input: where the caller has it, or in the network's own place. */
INLINE const ai_i8 *placed_input(const nn_inference *inference, ai_u16 index) {
    if (!must_move(inference, index)) {
        return inference->sources[index];
    }
    const nn_end *end = &inference->plan->inputs[index];
    ai_i8 *own = (ai_i8 *)inference->arena + end->arena_offset;
    memmove(own, inference->sources[index], end->bytes);
    return own;
}

/* Where a kernel writes an output: the last step may still read from anywhere else in the arena,
 * and be the first one, too. */
INLINE ai_i8 *placed_output(const nn_inference *inference, ai_u16 index,
                            const ai_i8 *const sources[], ai_u16 n_inputs) {
    const nn_end *end = &inference->plan->outputs[index];
    ai_i8 *own = (ai_i8 *)inference->arena + end->arena_offset;
    ai_i8 *output = inference->targets[index];
    const ai_bool own_needed =
        output != own && (in_arena(inference, output, end->bytes) ||
                          over_inputs(inference, output, end->bytes, sources, n_inputs, 1u));
    return own_needed ? own : output;
}

INLINE void infer_one(const nn_inference *inference, ai_u16 n_inputs, ai_u16 n_outputs) {
    const nn_plan *plan = inference->plan;
    const ai_i8 **sources = inference->sources + n_inputs;
    ai_i8 **targets = inference->targets + n_outputs;
    for (ai_u16 i = 0; i < n_inputs; i++) {
        sources[i] = placed_input(inference, i);
    }
    for (ai_u16 i = 0; i < n_outputs; i++) {
        targets[i] = placed_output(inference, i, sources, n_inputs);
    }
    if (inference->observer == NULL) {
        plan->forward(sources, targets, inference->weights, inference->arena);
    } else {
        plan->observed(sources, targets, inference->weights, inference->arena, inference->observer);
    }
    for (ai_u16 i = 0; i < n_outputs; i++) {
        if (targets[i] != inference->targets[i]) {
            memmove(inference->targets[i], targets[i], plan->outputs[i].bytes);
        }
    }
}

static nn_outcome infer_several(const nn_inference *inference, ai_size batches) {
    const nn_plan *plan = inference->plan;
    for (ai_u16 i = 0; i < plan->n_outputs; i++) {
        if (over_weights(inference, inference->targets[i], plan->outputs[i].bytes * batches)) {
            return NN_OUTPUT_IN_USE;
        }
    }
    const nn_outcome outcome = check_several(inference, batches);
    if (outcome != NN_DONE) {
        return outcome;
    }
    const nn_float_mode mode = nn_float_enter();
    for (ai_size batch = 0; batch < batches; batch++) {
        infer_one(inference, plan->n_inputs, plan->n_outputs);
        for (ai_u16 i = 0; i < plan->n_inputs; i++) {
            inference->sources[i] += plan->inputs[i].bytes;
        }
        for (ai_u16 i = 0; i < plan->n_outputs; i++) {
            inference->targets[i] += plan->outputs[i].bytes;
        }
    }
    nn_float_leave(mode);
    return NN_DONE;
}

nn_outcome nn_infer(const nn_inference *inference, ai_size batches) {
    const nn_plan *plan = inference->plan;
    if (batches > 1u || plan->n_inputs > 1u || plan->n_outputs > 1u) {
        return infer_several(inference, batches);
    }
    if (over_weights(inference, inference->targets[0], plan->outputs[0].bytes)) {
        return NN_OUTPUT_IN_USE;
    }
    const nn_float_mode mode = nn_float_enter();
    infer_one(inference, 1u, 1u);
    nn_float_leave(mode);
    return NN_DONE;
}
