/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_inference.h"

#include "nn_float.h"
#include "nn_placing.h"

nn_outcome nn_infer(const nn_inference *inference, ai_size batches) {
    const nn_plan *plan = inference->plan;
    if (plan->several != NULL) {
        return plan->several(inference, batches);
    }
    const ai_size written = plan->outputs[0].bytes * batches;
    const ai_size given = plan->inputs[0].bytes * batches;
    if (nn_over_weights(inference, inference->targets[0], written)) {
        return NN_OUTPUT_IN_USE;
    }
    if (batches > 1u) {
        if (nn_in_arena(inference, inference->targets[0], written) ||
            nn_overlap(inference->targets[0], written, inference->sources[0], given)) {
            return NN_OUTPUT_IN_USE;
        }
        if (nn_in_arena(inference, inference->sources[0], given)) {
            return NN_INPUT_IN_USE;
        }
    }
    const nn_float_mode mode = nn_float_enter();
    for (;;) {
        nn_infer_one(inference, 1u, 1u);
        if (--batches == 0u) {
            break;
        }
        inference->sources[0] += plan->inputs[0].bytes;
        inference->targets[0] += plan->outputs[0].bytes;
    }
    nn_float_leave(mode);
    return NN_DONE;
}
