/* A network of two inputs and two outputs, called `pair`, with its buffers in random places in and
 * around the arena: a run gives the outputs that it gives with buffers apart, or is refused with
 * IN_USE. Hands out how many were taken, how many refused.
 *   TRIALS   how many places are tried */
#include <string.h>

#include "board.h"
#include "console.h"
#include "pair.h"
#include "pair_data.h"

#define ARENA AI_PAIR_DATA_ACTIVATIONS_SIZE
#define ROOM 32u
#define IN_1 AI_PAIR_IN_1_SIZE
#define IN_2 AI_PAIR_IN_2_SIZE
#define OUT_1 AI_PAIR_OUT_1_SIZE
#define OUT_2 AI_PAIR_OUT_2_SIZE

extern const ai_i8 pair_case_inputs[];

static ai_handle network = AI_HANDLE_NULL;
static AI_ALIGNED(8) ai_i8 memory[ROOM + ARENA + ROOM];
static AI_ALIGNED(8) ai_i8 apart[IN_1 + 2 + IN_2 + OUT_1 + OUT_2 + 8];
static ai_i8 expected[OUT_1 + OUT_2];
static ai_u32 counts[2];
static ai_u32 state = 1u;

static void fail(const char *what, ai_u32 number) {
    console_text(what);
    console_text(" ");
    console_unsigned(number);
    console_text("\n");
    board_finish(1, NULL, 0);
}

/* Numerical Recipes' linear congruential generator; its upper bits. */
static ai_u32 random_below(ai_u32 bound) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % bound;
}

static ai_i8 *somewhere(ai_u32 bytes) {
    return memory + random_below((ai_u32)sizeof(memory) - bytes + 1u);
}

static ai_i32 infer(ai_i8 *in_1, ai_i8 *in_2, ai_i8 *out_1, ai_i8 *out_2) {
    ai_buffer *inputs = ai_pair_inputs_get(network, NULL);
    ai_buffer *outputs = ai_pair_outputs_get(network, NULL);
    memcpy(in_1, pair_case_inputs, IN_1);
    memcpy(in_2, pair_case_inputs + IN_1, IN_2);
    inputs[0].data = AI_HANDLE_PTR(in_1);
    inputs[1].data = AI_HANDLE_PTR(in_2);
    outputs[0].data = AI_HANDLE_PTR(out_1);
    outputs[1].data = AI_HANDLE_PTR(out_2);
    return ai_pair_run(network, inputs, outputs);
}

int main(void) {
    board_init();
    const ai_handle activations[] = {memory + ROOM};
    if (ai_pair_create_and_init(&network, activations, NULL).type != AI_ERROR_NONE) {
        fail("does not start", 0u);
    }
    ai_i8 *outputs = apart + (IN_1 + 2 + IN_2 + 7) / 4 * 4;
    if (infer(apart, apart + (IN_1 + 3) / 4 * 4, outputs, outputs + OUT_1) != 1) {
        fail("does not run apart", 0u);
    }
    memcpy(expected, outputs, sizeof(expected));
    for (ai_u32 trial = 0; trial < TRIALS; trial++) {
        ai_i8 *in_1 = somewhere(IN_1);
        ai_i8 *in_2 = somewhere(IN_2);
        if (in_1 < in_2 + IN_2 && in_2 < in_1 + IN_1) {
            continue;
        }
        ai_i8 *out_1 = somewhere(OUT_1);
        ai_i8 *out_2 = somewhere(OUT_2);
        memset(memory, (int)random_below(256u), sizeof(memory));
        if (infer(in_1, in_2, out_1, out_2) == 1) {
            counts[0]++;
            if (memcmp(out_1, expected, OUT_1) != 0 ||
                memcmp(out_2, expected + OUT_1, OUT_2) != 0) {
                fail("other bytes in trial", trial);
            }
        } else {
            counts[1]++;
            if (ai_pair_get_error(network).code != AI_ERROR_CODE_IN_USE) {
                fail("another error in trial", trial);
            }
        }
    }
    board_finish(0, counts, sizeof(counts));
}
