/* SPDX-License-Identifier: Apache-2.0
 *
 * Where kernels find inputs and write outputs, for the two ways of running a network: one input and
 * one output, or several. Inlined in both: where counts are constant nothing of the loops is left.
 */
#ifndef NN_PLACING_H
#define NN_PLACING_H

#include <string.h>

#include "nn_inference.h"

#define NN_INPUT_ALIGNMENT 4u
#define NN_INLINE __attribute__((always_inline)) static __inline__

NN_INLINE ai_bool nn_in_arena(const nn_inference *inference, const void *data, ai_size bytes) {
    return nn_overlap(data, bytes, inference->arena, inference->plan->arena_size);
}

/* Whether an input cannot be read where it lies: kernels read words, and the first step may write
 * anywhere else in the arena. */
NN_INLINE ai_bool nn_must_move(const nn_inference *inference, ai_u16 index) {
    const nn_end *end = &inference->plan->inputs[index];
    const ai_i8 *input = inference->sources[index];
    return (ai_uptr)input % NN_INPUT_ALIGNMENT != 0u ||
           (input != (const ai_i8 *)inference->arena + end->arena_offset &&
            nn_in_arena(inference, input, end->bytes));
}

NN_INLINE ai_bool nn_over_inputs(const nn_inference *inference, const ai_i8 *output, ai_size bytes,
                                 const ai_i8 *const inputs[], ai_u16 n_inputs, ai_size batches) {
    for (ai_u16 i = 0; i < n_inputs; i++) {
        if (nn_overlap(output, bytes, inputs[i], inference->plan->inputs[i].bytes * batches)) {
            return true;
        }
    }
    return false;
}

NN_INLINE ai_bool nn_over_weights(const nn_inference *inference, const ai_i8 *output,
                                  ai_size bytes) {
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

/* Where a kernel finds an input: where the caller has it, or in the network's own place. */
NN_INLINE const ai_i8 *nn_placed_input(const nn_inference *inference, ai_u16 index) {
    if (!nn_must_move(inference, index)) {
        return inference->sources[index];
    }
    const nn_end *end = &inference->plan->inputs[index];
    ai_i8 *own = (ai_i8 *)inference->arena + end->arena_offset;
    memmove(own, inference->sources[index], end->bytes);
    return own;
}

/* Whether kernels may write words anywhere. Where the compiler keeps from it, as on Cortex-M0 and
 * with -mno-unaligned-access, a processor may fault (CCR.UNALIGN_TRP), and so would assembly. */
#if defined(__arm__) && !defined(__ARM_FEATURE_UNALIGNED)
#define NN_OUTPUT_ALIGNMENT 4u
#else
#define NN_OUTPUT_ALIGNMENT 1u
#endif

/* Where a kernel writes an output: the last step may still read from anywhere else in the arena,
 * and be the first one, too. */
NN_INLINE ai_i8 *nn_placed_output(const nn_inference *inference, ai_u16 index,
                                  const ai_i8 *const sources[], ai_u16 n_inputs) {
    const nn_end *end = &inference->plan->outputs[index];
    ai_i8 *own = (ai_i8 *)inference->arena + end->arena_offset;
    ai_i8 *output = inference->targets[index];
    const ai_bool own_needed =
        output != own && ((ai_uptr)output % NN_OUTPUT_ALIGNMENT != 0u ||
                          nn_in_arena(inference, output, end->bytes) ||
                          nn_over_inputs(inference, output, end->bytes, sources, n_inputs, 1u));
    return own_needed ? own : output;
}

NN_INLINE void nn_infer_one(const nn_inference *inference, ai_u16 n_inputs, ai_u16 n_outputs) {
    const nn_plan *plan = inference->plan;
    const ai_i8 **sources = inference->sources + n_inputs;
    ai_i8 **targets = inference->targets + n_outputs;
    for (ai_u16 i = 0; i < n_inputs; i++) {
        sources[i] = nn_placed_input(inference, i);
    }
    for (ai_u16 i = 0; i < n_outputs; i++) {
        targets[i] = nn_placed_output(inference, i, sources, n_inputs);
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

#endif /* NN_PLACING_H */
