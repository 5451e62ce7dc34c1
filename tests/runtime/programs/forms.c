/* Every form in which the interface takes parameters and buffers, over the same three inputs. The
 * outputs are handed out in the order of the functions below; network "tiny", 7 inputs, 3 outputs.
 */
#include <string.h>

#include "board.h"
#include "console.h"

#include "tiny.h"
#include "tiny_data.h"

#define BATCHES 3
#define IN AI_TINY_IN_1_SIZE
#define OUT AI_TINY_OUT_1_SIZE

/* inputs.S; INPUT_SCALE and the like come from the test. */
extern const ai_i8 tiny_case_inputs[BATCHES][IN];

static ai_handle tiny = AI_HANDLE_NULL;
AI_ALIGNED(4) static ai_u8 activations[AI_TINY_DATA_ACTIVATIONS_SIZE];
AI_ALIGNED(4) static ai_i8 shifted[BATCHES * IN + 4];
static ai_i8 results[9][BATCHES][OUT];

static void check(ai_bool good, ai_u32 line) {
    if (!good) {
        console_text("line ");
        console_unsigned(line);
        console_text(" failed\n");
        board_finish(1, NULL, 0);
    }
}
#define CHECK(good) check((good), __LINE__)

/* One inference after the other, with the buffers that the network describes. */
static void run_each(ai_i8 (*out)[OUT]) {
    ai_u16 inputs = 9, outputs = 9;
    ai_buffer *in = ai_tiny_inputs_get(tiny, &inputs);
    ai_buffer *result = ai_tiny_outputs_get(tiny, &outputs);
    CHECK(inputs == AI_TINY_IN_NUM && outputs == AI_TINY_OUT_NUM);
    for (ai_u32 i = 0; i < BATCHES; i++) {
        in[0].data = AI_HANDLE_PTR(tiny_case_inputs[i]);
        result[0].data = AI_HANDLE_PTR(out[i]);
        CHECK(ai_tiny_run(tiny, in, result) == 1);
    }
}

static void positional_parameters(ai_i8 (*out)[OUT]) {
    CHECK(ai_tiny_create(&tiny, AI_TINY_DATA_CONFIG).type == AI_ERROR_NONE);
    const ai_network_params params = AI_NETWORK_PARAMS_INIT(
        AI_TINY_DATA_WEIGHTS(ai_tiny_data_weights_get()), AI_TINY_DATA_ACTIVATIONS(activations));
    CHECK(ai_tiny_init(tiny, &params));
    run_each(out);
}

static void address_of_the_constants(ai_i8 (*out)[OUT]) {
    ai_network_params params =
        AI_NETWORK_PARAMS_INIT(AI_TINY_DATA_WEIGHTS(AI_TINY_DATA_WEIGHTS_TABLE_GET()[0]),
                               AI_TINY_DATA_ACTIVATIONS(activations));
    CHECK(ai_tiny_create(&tiny, NULL).type == AI_ERROR_NONE);
    CHECK(ai_tiny_init(tiny, &params));
    run_each(out);
}

static void map_parameters(ai_i8 (*out)[OUT]) {
    ai_network_params params;
    CHECK(ai_tiny_create(&tiny, NULL).type == AI_ERROR_NONE);
    CHECK(ai_tiny_data_params_get(&params));
    CHECK(params.map_signature == AI_MAGIC_SIGNATURE);
    CHECK(AI_BUFFER_ARRAY_SANE(&params.map_weights));
    CHECK(ai_buffer_array_get_byte_size(&params.map_weights) == AI_TINY_DATA_WEIGHTS_SIZE);
    CHECK(AI_BUFFER_ARRAY_ITEM_SET_ADDRESS(&params.map_activations, 0, activations));
    CHECK(!AI_BUFFER_ARRAY_ITEM_SET_ADDRESS(&params.map_activations, 1, activations));
    CHECK(ai_tiny_init(tiny, &params));
    run_each(out);
}

static void own_map(ai_i8 (*out)[OUT]) {
    ai_buffer weights[] = {AI_TINY_DATA_WEIGHTS(ai_tiny_data_weights_get())};
    ai_buffer arena[] = {AI_TINY_DATA_ACTIVATIONS(activations)};
    const ai_network_params params =
        AI_NETWORK_BUFFERS_INIT(AI_BUFFER_ARRAY_OBJ_INIT(AI_FLAG_NONE, 1, weights),
                                AI_BUFFER_ARRAY_OBJ_INIT(AI_FLAG_NONE, 1, arena));
    CHECK(ai_tiny_create(&tiny, NULL).type == AI_ERROR_NONE);
    CHECK(ai_tiny_init(tiny, &params));
    run_each(out);
}

static void create_and_init(ai_i8 (*out)[OUT]) {
    const ai_handle arenas[] = {activations};
    CHECK(ai_tiny_create_and_init(&tiny, arenas, NULL).type == AI_ERROR_NONE);
    run_each(out);
    const ai_handle weights[] = {ai_tiny_data_weights_get()};
    CHECK(ai_tiny_create_and_init(&tiny, arenas, weights).type == AI_ERROR_NONE);
    run_each(out);
}

/* Input written to and output read from the activations, and forward(), which writes there. */
static void buffers_in_activations(ai_i8 (*out)[OUT]) {
    const ai_handle arenas[] = {activations};
    CHECK(ai_tiny_create_and_init(&tiny, arenas, NULL).type == AI_ERROR_NONE);
    for (ai_u32 i = 0; i < BATCHES; i++) {
        ai_buffer *in = ai_tiny_inputs_get(AI_HANDLE_NULL, NULL);
        ai_buffer *result = ai_tiny_outputs_get(tiny, NULL);
        CHECK(in[0].data != NULL && result[0].data != NULL);
        memcpy(in[0].data, tiny_case_inputs[i], IN);
        if (i == 0) {
            CHECK(ai_tiny_forward(tiny, in) == 1);
        } else {
            CHECK(ai_tiny_run(tiny, in, result) == 1);
        }
        memcpy(out[i], result[0].data, OUT);
    }
}

static void batches(const ai_i8 *input, ai_i8 (*out)[OUT]) {
    ai_shape_dimension in_shape[] = {BATCHES, IN, 1, 1};
    ai_shape_dimension out_shape[] = {BATCHES, OUT, 1, 1};
    ai_buffer in[] = {AI_BUFFER_INIT(AI_FLAG_NONE, AI_BUFFER_FORMAT_S8,
                                     AI_BUFFER_SHAPE_INIT_FROM_ARRAY(AI_SHAPE_BCWH, 4, in_shape),
                                     BATCHES * IN, NULL, input)};
    ai_buffer result[] = {AI_BUFFER_INIT(
        AI_FLAG_NONE, AI_BUFFER_FORMAT_S8,
        AI_BUFFER_SHAPE_INIT_FROM_ARRAY(AI_SHAPE_BCWH, 4, out_shape), BATCHES * OUT, NULL, out)};
    CHECK(AI_BUFFER_N_BATCHES(&in[0]) == BATCHES);
    CHECK(AI_BUFFER_SIZE(&in[0]) == BATCHES * IN);
    CHECK(ai_tiny_run(tiny, in, result) == BATCHES);
}

/* The interface promises nothing about the caller's addresses. */
static void unaligned(ai_u32 by, ai_i8 (*out)[OUT]) {
    memcpy(shifted + by, tiny_case_inputs, sizeof(tiny_case_inputs));
    batches(shifted + by, out);
}

static void deprecated_initializers(void) {
    ai_buffer old = AI_BUFFER_OBJ_INIT(AI_BUFFER_FORMAT_S8, 1, 1, IN, 1, NULL);
    CHECK(AI_BUFFER_HEIGHT(&old) == 1 && AI_BUFFER_WIDTH(&old) == 1);
    CHECK(AI_BUFFER_CHANNELS(&old) == IN && AI_BUFFER_SIZE_UNPAD(&old) == IN);
    AI_BUFFER_SET_SHAPE_ELEM(&old, AI_SHAPE_BATCH, 5);
    CHECK(AI_BUFFER_SHAPE_ELEM(&old, AI_SHAPE_BATCH) == 5);
    CHECK(AI_BUFFER_BYTE_SIZE(3, AI_BUFFER_FORMAT_FLOAT) == 12);
    CHECK(AI_BUFFER_BYTE_SIZE(9, AI_BUFFER_FORMAT_S1) == 2);
    ai_buffer_array none = AI_BUFFER_ARRAY_OBJ_INIT(AI_FLAG_NONE, 0, NULL);
    CHECK(ai_buffer_array_is_empty(&none) && ai_buffer_array_is_valid(&none));
    CHECK(ai_buffer_array_is_empty(NULL) && !ai_buffer_array_is_valid(NULL));
    CHECK(!ai_buffer_array_sane(&none) && AI_BUFFER_ARRAY_SIZE(&none) == 0);
}

static void report(void) {
    ai_network_report told;
    memset(&told, 0x5A, sizeof(told));
    CHECK(ai_tiny_get_report(tiny, &told));
    CHECK(strcmp(told.model_name, AI_TINY_MODEL_NAME) == 0);
    CHECK(strcmp(told.model_signature, AI_TINY_MODEL_SIGNATURE) == 0);
    CHECK(told.n_inputs == 1 && told.n_outputs == 1);
    CHECK(told.n_nodes == AI_TINY_N_NODES && told.n_macc == 7 * 5 + 5 * 3);
    CHECK(told.tool_api_version.major == AI_TOOLS_API_VERSION_MAJOR);
    CHECK(told.tool_api_version.minor == AI_TOOLS_API_VERSION_MINOR);
    CHECK(told.api_version.major == AI_PLATFORM_API_MAJOR);
    /* Reports have the map form: programs of 7.1 and newer read no other. */
    CHECK(told.map_signature == AI_MAGIC_SIGNATURE);
    CHECK(told.map_activations.size == 1 && told.map_weights.size == 1);
    CHECK(told.map_activations.buffer[0].data == activations);
    CHECK(told.map_activations.buffer[0].size == AI_TINY_DATA_ACTIVATIONS_SIZE);
    CHECK(told.map_weights.buffer[0].size == AI_TINY_DATA_WEIGHTS_SIZE);
    const ai_buffer *in = &told.inputs[0];
    const ai_buffer_meta_info *meta = AI_BUFFER_META_INFO(in);
    CHECK(AI_BUFFER_FMT_GET_TYPE(AI_BUFFER_FORMAT(in)) == AI_BUFFER_FMT_TYPE_Q);
    CHECK(AI_BUFFER_FMT_GET_SIGN(AI_BUFFER_FORMAT(in)) == 1);
    CHECK(AI_BUFFER_FMT_GET_BITS(AI_BUFFER_FORMAT(in)) == 8);
    CHECK(AI_BUFFER_FMT_GET_FBITS(AI_BUFFER_FORMAT(in)) == 0);
    CHECK(AI_BUFFER_FMT_GET_FLOAT(AI_BUFFER_FORMAT(in)) == 0);
    CHECK(AI_BUFFER_META_INFO_INTQ_GET_SIZE(meta) == 1);
    CHECK(AI_BUFFER_META_INFO_INTQ_GET_SCALE(meta, 0) == INPUT_SCALE);
    CHECK(AI_BUFFER_META_INFO_INTQ_GET_ZEROPOINT(meta, 0) == INPUT_ZERO_POINT);
    CHECK(AI_BUFFER_META_INFO_INTQ_GET_SCALE(meta, 1) == 0.0f);
    meta = AI_BUFFER_META_INFO(&told.outputs[0]);
    CHECK(AI_BUFFER_META_INFO_INTQ_GET_SCALE(meta, 0) == OUTPUT_SCALE);
    CHECK(AI_BUFFER_META_INFO_INTQ_GET_ZEROPOINT(meta, 0) == OUTPUT_ZERO_POINT);
    CHECK(AI_BUFFER_SHAPE_TYPE(in) == AI_SHAPE_BCWH && AI_BUFFER_SHAPE_SIZE(in) == 4);
}

int main(void) {
    board_init();
    /* The description is there before the network is. */
    CHECK(AI_TINY_IN[0].data == NULL && AI_BUFFER_CHANNELS(&AI_TINY_IN[0]) == IN);
    positional_parameters(results[0]);
    address_of_the_constants(results[1]);
    map_parameters(results[2]);
    own_map(results[3]);
    create_and_init(results[4]);
    buffers_in_activations(results[5]);
    batches(&tiny_case_inputs[0][0], results[6]);
    unaligned(1, results[7]);
    unaligned(3, results[8]);
    deprecated_initializers();
    report();
    CHECK(ai_tiny_destroy(tiny) == AI_HANDLE_NULL);
    board_finish(0, results, sizeof(results));
}
