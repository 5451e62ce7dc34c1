/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_float.h"
#include "nn_placing.h"

/* Whether moving inputs in their order would write over one that is still to be moved. */
static ai_bool inputs_meet(const nn_inference *inference) {
    for (ai_u16 i = 0; i + 1u < inference->plan->n_inputs; i++) {
        const nn_end *moved = &inference->plan->inputs[i];
        for (ai_u16 k = (ai_u16)(i + 1u);
             k < inference->plan->n_inputs && nn_must_move(inference, i); k++) {
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

/* What one batch of one input and one output cannot do wrong. */
static nn_outcome check_several(const nn_inference *inference, ai_size batches) {
    const nn_plan *plan = inference->plan;
    for (ai_u16 i = 0; i < plan->n_outputs && batches > 1u; i++) {
        const ai_size bytes = plan->outputs[i].bytes * batches;
        if (nn_in_arena(inference, inference->targets[i], bytes) ||
            nn_over_inputs(inference, inference->targets[i], bytes, inference->sources,
                           plan->n_inputs, batches)) {
            return NN_OUTPUT_IN_USE;
        }
    }
    for (ai_u16 i = 0; i < plan->n_inputs && batches > 1u; i++) {
        if (nn_in_arena(inference, inference->sources[i], plan->inputs[i].bytes * batches)) {
            return NN_INPUT_IN_USE;
        }
    }
    if (inputs_meet(inference)) {
        return NN_INPUT_IN_USE;
    }
    return outputs_meet(inference, batches) ? NN_OUTPUT_IN_USE : NN_DONE;
}

nn_outcome nn_infer_several(const nn_inference *inference, ai_size batches) {
    const nn_plan *plan = inference->plan;
    for (ai_u16 i = 0; i < plan->n_outputs; i++) {
        if (nn_over_weights(inference, inference->targets[i], plan->outputs[i].bytes * batches)) {
            return NN_OUTPUT_IN_USE;
        }
    }
    const nn_outcome outcome = check_several(inference, batches);
    if (outcome != NN_DONE) {
        return outcome;
    }
    const nn_float_mode mode = nn_float_enter();
    for (ai_size batch = 0; batch < batches; batch++) {
        nn_infer_one(inference, plan->n_inputs, plan->n_outputs);
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
