/* SPDX-License-Identifier: Apache-2.0
 *
 * Inferences, the same behind either interface: the floating-point mode, and buffers that share
 * bytes.
 */
#ifndef NN_INFERENCE_H
#define NN_INFERENCE_H

#include "nn_runtime.h"

AI_API_DECLARE_BEGIN

/* A network and its memory. */
struct nn_inference {
    const nn_plan *plan;
    const nn_observer *observer; /* NULL: nobody observes */
    const ai_u8 *const *weights;
    ai_u8 *arena;
    const ai_i8 **sources; /* the caller's inputs, then room for as many */
    ai_i8 **targets;       /* the caller's outputs, likewise */
};

/* Whether two places in memory share a byte: one begins within the other. */
static inline ai_bool nn_overlap(const void *one, ai_size one_size, const void *other,
                                 ai_size other_size) {
    const ai_uptr a = (ai_uptr)one;
    const ai_uptr b = (ai_uptr)other;
    return a - b < other_size || b - a < one_size;
}

/* Compute `batches` inferences, in the floating-point mode of docs/numerics.md.
 *
 * One batch: inputs and outputs may lie anywhere but over the weights, in the arena and over each
 * other too; what would be overwritten too early goes through the network's own buffers. Of several
 * inputs, none in the arena may lie in the place of another; outputs may not share bytes.
 * Several batches: none may share bytes with the arena, nor outputs with anything.
 * Where one does, nothing is written. */
nn_outcome nn_infer(const nn_inference *inference, ai_size batches);

/* The same for several inputs or outputs: a plan that has them names it, so that programs without
 * such a network do not link it. */
nn_outcome nn_infer_several(const nn_inference *inference, ai_size batches);

AI_API_DECLARE_END

#endif /* NN_INFERENCE_H */
