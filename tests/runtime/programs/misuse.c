/* What an application can do wrong, one line each on the console:
 *   <what> <returned> <error type> <error code>
 * Network "tiny", 7 inputs, 3 outputs. */
#include <string.h>

#include "board.h"
#include "console.h"

#include "tiny.h"
#include "tiny_data.h"

#define IN AI_TINY_IN_1_SIZE
#define OUT AI_TINY_OUT_1_SIZE

static ai_handle tiny = AI_HANDLE_NULL;
static ai_handle foreign;
AI_ALIGNED(4) static ai_u8 activations[AI_TINY_DATA_ACTIVATIONS_SIZE + 3 * IN];
AI_ALIGNED(4) static ai_u8 weights[AI_TINY_DATA_WEIGHTS_SIZE];
AI_ALIGNED(4) static ai_i8 input_data[3 * IN];
static ai_i8 output_data[3 * OUT];
static ai_shape_dimension input_shape[4];
static ai_shape_dimension output_shape[4];
static ai_buffer input;
static ai_buffer output;
static ai_network_params params;

static void say(const char *what, ai_i32 returned, ai_error error) {
    console_text(what);
    console_text(" ");
    console_signed(returned);
    console_text(" ");
    console_hex(error.type);
    console_text(" ");
    console_hex(error.code);
    console_text("\n");
}

/* The call first, then what it left in the network. */
#define SAY(what, call)                                                                            \
    do {                                                                                           \
        const ai_i32 returned_ = (ai_i32)(call);                                                   \
        say(what, returned_, ai_tiny_get_error(tiny));                                             \
    } while (0)

/* A network that is created, with parameters that would do. */
static void created(void) {
    (void)ai_tiny_destroy(tiny);
    (void)ai_tiny_create(&tiny, AI_TINY_DATA_CONFIG);
    params = (ai_network_params)AI_NETWORK_PARAMS_INIT(
        AI_TINY_DATA_WEIGHTS(ai_tiny_data_weights_get()), AI_TINY_DATA_ACTIVATIONS(activations));
}

static void init(const char *what) {
    SAY(what, ai_tiny_init(tiny, &params));
}

/* The same with buffers that would do, one batch each. */
static void initialized(void) {
    created();
    (void)ai_tiny_init(tiny, &params);
    const ai_shape_dimension shapes[2][4] = {{1, IN, 1, 1}, {1, OUT, 1, 1}};
    memcpy(input_shape, shapes[0], sizeof(input_shape));
    memcpy(output_shape, shapes[1], sizeof(output_shape));
    input = (ai_buffer){.format = AI_BUFFER_FORMAT_S8,
                        .data = input_data,
                        .size = IN,
                        .shape = {AI_SHAPE_BCWH, 4, input_shape}};
    output = (ai_buffer){.format = AI_BUFFER_FORMAT_S8,
                         .data = output_data,
                         .size = OUT,
                         .shape = {AI_SHAPE_BCWH, 4, output_shape}};
    memset(output_data, 0x77, sizeof(output_data));
}

static void run(const char *what) {
    const ai_i32 returned = ai_tiny_run(tiny, &input, &output);
    say(what, returned, ai_tiny_get_error(tiny));
    for (ai_u32 i = 0; i < sizeof(output_data) && returned <= 0; i++) {
        if (output_data[i] != 0x77) {
            console_text("output was written\n");
            return;
        }
    }
}

static void handles(void) {
    say("create_without_place", 0, ai_tiny_create(NULL, NULL));
    SAY("init_before_create", ai_tiny_init(tiny, &params));
    created();
    SAY("init_of_foreign", ai_tiny_init(&foreign, &params));
    SAY("run_of_foreign", ai_tiny_run(&foreign, &input, &output));
    say("error_of_foreign", 0, ai_tiny_get_error(&foreign));
    ai_u16 count = 7;
    const ai_bool none = ai_tiny_inputs_get(&foreign, &count) == NULL;
    SAY("inputs_of_foreign", none ? (ai_i32)count : -1);
    SAY("destroy_of_foreign", ai_tiny_destroy(&foreign) == (ai_handle)&foreign);
    ai_network_report report;
    SAY("report_of_foreign", ai_tiny_get_report(&foreign, &report));
    SAY("report_to_nowhere", ai_tiny_get_report(tiny, NULL));
    SAY("params_to_nowhere", ai_tiny_data_params_get(NULL));
    initialized();
    (void)ai_tiny_destroy(tiny);
    run("run_after_destroy");
    SAY("destroy_twice", ai_tiny_destroy(tiny) == tiny);
}

/* Constants whose first bytes happen to be the marker of a table, and then no table's address. */
static void constants_like_a_table(void) {
    created();
    memcpy(weights, AI_TINY_DATA_WEIGHTS_TABLE_GET()[0], sizeof(weights));
    const ai_handle table[] = {AI_HANDLE_PTR((ai_uptr)AI_MAGIC_MARKER), weights + 1};
    memcpy(weights, table, sizeof(table));
    params.params.data = weights;
    init("weights_begin_like_a_table");
}

/* Weights in RAM, and what may not lie over them. */
static void memory_over_memory(void) {
    created();
    memcpy(weights, AI_TINY_DATA_WEIGHTS_TABLE_GET()[0], sizeof(weights));
    params.params.data = weights;
    params.activations.data = weights + sizeof(weights) - 4;
    init("activations_over_weights");
    initialized();
    params.params.data = weights;
    (void)ai_tiny_init(tiny, &params);
    output.data = weights + sizeof(weights) - 1;
    run("output_over_weights");
}

static void parameters(void) {
    created();
    SAY("init_without_params", ai_tiny_init(tiny, NULL));
    created();
    params.params.data = NULL;
    init("weights_null");
    created();
    params.params.data = (ai_u8 *)params.params.data + 2;
    init("weights_unaligned");
    created();
    params.params.size -= 1;
    init("weights_too_small");
    created();
    params.activations.data = NULL;
    init("activations_null");
    created();
    params.activations.data = activations + 2;
    init("activations_unaligned");
    created();
    params.activations.size -= 1;
    init("activations_too_small");
    created();
    (void)ai_tiny_data_params_get(&params);
    init("map_without_activations");
    (void)ai_tiny_data_params_get(&params);
    params.map_activations.buffer = NULL;
    init("map_activations_no_array");
    (void)ai_tiny_data_params_get(&params);
    params.map_weights.size = 2;
    init("map_weights_two");
    (void)ai_tiny_data_params_get(&params);
    params.map_weights.size = 0;
    init("map_weights_none");
    run("run_after_failed_init");
    constants_like_a_table();
    memory_over_memory();
    tiny = AI_HANDLE_NULL;
    say("create_and_init_no_memory", 0, ai_tiny_create_and_init(&tiny, NULL, NULL));
}

static void buffers(void) {
    created();
    run("run_before_init");
    initialized();
    SAY("input_null", ai_tiny_run(tiny, NULL, &output));
    SAY("output_null", ai_tiny_run(tiny, &input, NULL));
    input.data = NULL;
    run("input_data_null");
    initialized();
    output.data = NULL;
    run("output_data_null");
    initialized();
    input.format = AI_BUFFER_FORMAT_FLOAT;
    run("input_float");
    initialized();
    input.format = AI_BUFFER_FORMAT_U8;
    run("input_u8");
    initialized();
    output.format = AI_BUFFER_FORMAT_FLOAT;
    run("output_float");
    initialized();
    input_shape[AI_SHAPE_BATCH] = 0;
    run("input_no_batch");
    initialized();
    input_shape[AI_SHAPE_CHANNEL] = IN + 1;
    run("input_too_long");
    initialized();
    output_shape[AI_SHAPE_CHANNEL] = OUT - 1;
    run("output_too_short");
    initialized();
    input.shape.data = NULL;
    input.size = IN - 1;
    run("input_too_short_without_shape");
    initialized();
    input_shape[AI_SHAPE_BATCH] = 3;
    input.size = 3 * IN;
    run("fewer_outputs_than_inputs");
    initialized();
    /* 2^30 batches of 4 * 7 elements: 0 modulo 2^32, and so is the size they would need. */
    input_shape[AI_SHAPE_BATCH] = 1u << 30;
    input_shape[AI_SHAPE_WIDTH] = 4;
    run("input_size_wraps");
    initialized();
    /* 2^30 batches of 3 elements: as many as 2^30 batches of 7, modulo 2^32. */
    input_shape[AI_SHAPE_BATCH] = 1u << 30;
    input_shape[AI_SHAPE_CHANNEL] = 3;
    run("input_batches_wrap");
    initialized();
    input.format |= AI_BUFFER_FMT_FLAG_IS_IO;
    run("flags_are_fine");
}

/* Each batch but the first would find its bytes overwritten. */
static void batches(void) {
    initialized();
    input_shape[AI_SHAPE_BATCH] = output_shape[AI_SHAPE_BATCH] = 2;
    input.size = 2 * IN;
    output.size = 2 * OUT;
    const ai_buffer good_input = input, good_output = output;
    input.data = activations;
    run("batches_in_arena");
    input = good_input;
    output.data = activations + AI_TINY_DATA_ACTIVATIONS_SIZE - 1;
    run("batches_out_of_arena");
    output.data = input_data + 2 * IN - 1;
    run("batches_over_each_other");
    output.data = input_data + 2 * IN;
    run("batches_beside_each_other");
    output = good_output;
    run("batches");
}

static void first_error_counts(void) {
    initialized();
    input.data = NULL;
    (void)ai_tiny_run(tiny, &input, &output);
    (void)ai_tiny_init(tiny, NULL);
    say("first_of_two", 0, ai_tiny_get_error(tiny));
    say("then_none", 0, ai_tiny_get_error(tiny));
}

int main(void) {
    board_init();
    handles();
    parameters();
    buffers();
    batches();
    first_error_counts();
    board_finish(0, NULL, 0);
}
