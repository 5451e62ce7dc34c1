#include "validate.h"

#include <stdbool.h>
#include <string.h>

#include "board.h"
#include "console.h"
#include "protocol.h"

struct cost {
    uint32_t cycles;
    uint32_t instructions;
};

static struct {
    const struct validate_network *network;
    struct protocol_reader reader;
    /* What PROTOCOL_REPORT tells. */
    uint32_t frames;
    uint32_t broken;
    uint32_t refused;
    uint32_t inferences;
    /* While PROTOCOL_RUN_LAYERS is at work. */
    bool observing;
    uint16_t sequence;
    uint16_t layers;
    struct cost since;
} state;

static struct cost cost_now(void) {
    return (struct cost){board_cycles(), board_instructions != NULL ? board_instructions() : 0u};
}

static struct cost cost_since(struct cost start) {
    const struct cost now = cost_now();
    return (struct cost){now.cycles - start.cycles, now.instructions - start.instructions};
}

static void put_cost(struct protocol_writer *writer, struct cost cost) {
    protocol_put_u32(writer, cost.cycles);
    protocol_put_u32(writer, cost.instructions);
}

static void refuse(const struct protocol_frame *frame, enum protocol_error error) {
    struct protocol_writer writer;
    ++state.refused;
    protocol_begin(&writer, PROTOCOL_ERROR, frame->sequence);
    protocol_put_u8(&writer, (uint8_t)error);
    protocol_put_u8(&writer, frame->verb);
    protocol_end(&writer);
}

static void begin_answer(struct protocol_writer *writer, const struct protocol_frame *frame) {
    protocol_begin(writer, (uint8_t)(frame->verb | PROTOCOL_ANSWER), frame->sequence);
}

/* ---- Verbs --------------------------------------------------------------------------------- */

static void sync(const struct protocol_frame *frame) {
    struct protocol_writer writer;
    if (frame->size > 16u) {
        refuse(frame, PROTOCOL_ERROR_BODY);
        return;
    }
    begin_answer(&writer, frame);
    protocol_put(&writer, frame->body, frame->size);
    protocol_end(&writer);
}

static void put_port(struct protocol_writer *writer, const struct validate_port *port) {
    uint32_t scale;
    memcpy(&scale, &port->scale, sizeof scale); /* IEEE 754, as both sides have it */
    protocol_put_u32(writer, port->bytes);
    protocol_put_u8(writer, port->type);
    protocol_put_u32(writer, scale);
    protocol_put_u8(writer, (uint8_t)port->zero_point);
}

static void put_ends(struct protocol_writer *writer, const struct validate_ends *ends) {
    protocol_put_u8(writer, ends->count);
    for (uint32_t i = 0; i < ends->count; ++i) {
        put_port(writer, &ends->ports[i]);
    }
}

static void info(const struct protocol_frame *frame) {
    const struct validate_network *network = state.network;
    struct protocol_writer writer;
    if (frame->size != 0) {
        refuse(frame, PROTOCOL_ERROR_BODY);
        return;
    }
    begin_answer(&writer, frame);
    protocol_put_u32(&writer, (uint32_t)(network->frame_size - PROTOCOL_HEADER - PROTOCOL_TRAILER));
    protocol_put_u16(&writer, VALIDATE_IMAGES);
    protocol_put_u32(&writer, board_clock_hz != NULL ? board_clock_hz() : 0u);
    protocol_put_u32(&writer, network->nodes);
    put_ends(&writer, &network->input);
    put_ends(&writer, &network->output);
    protocol_put_text(&writer, network->board);
    protocol_put_text(&writer, network->name);
    protocol_put_text(&writer, network->model);
    protocol_put_text(&writer, network->origin);
    protocol_put_text(&writer, network->generator);
    protocol_put_text(&writer, network->build);
    protocol_end(&writer);
}

/* Whether `frame` holds `count` packed inputs behind its first `skip` bytes, and nothing else. */
static bool holds_inputs(const struct protocol_frame *frame, size_t skip, uint32_t count) {
    size_t at = skip;
    for (uint32_t i = 0; i < count; ++i) {
        const size_t taken =
            protocol_unpack(frame->body + at, frame->size - at, NULL, state.network->input.size);
        if (taken == 0) {
            return false;
        }
        at += taken;
    }
    return at == frame->size;
}

/* Unpack the input at `packed` and run it; its cost, and the packed bytes it took. */
static bool infer(const uint8_t *packed, size_t available, size_t *taken, struct cost *cost) {
    const struct validate_network *network = state.network;
    *taken =
        protocol_unpack(packed, available, (uint8_t *)network->input_buffer, network->input.size);
    const struct cost start = cost_now();
    state.since = start;
    const bool worked = network->infer(network->input_buffer, network->output_buffer) == 0;
    *cost = cost_since(start);
    ++state.inferences;
    return worked;
}

static void store_u32(uint8_t *to, uint32_t value) {
    for (uint32_t i = 0; i < 4; ++i) {
        to[i] = (uint8_t)(value >> 8 * i);
    }
}

/* All inferences come before the first byte of the answer: one that fails prints text. */
static void run(const struct protocol_frame *frame) {
    const struct validate_network *network = state.network;
    const size_t result_size = VALIDATE_RESULT_SIZE(network->output.size);
    const uint32_t count = frame->size > 0 ? frame->body[0] : 0u;
    if (count == 0 || count > VALIDATE_IMAGES || !holds_inputs(frame, 1, count)) {
        refuse(frame, PROTOCOL_ERROR_BODY);
        return;
    }
    size_t at = 1;
    for (uint32_t i = 0; i < count; ++i) {
        size_t taken;
        struct cost cost;
        if (!infer(frame->body + at, frame->size - at, &taken, &cost)) {
            refuse(frame, PROTOCOL_ERROR_NETWORK);
            return;
        }
        at += taken;
        uint8_t *result = network->results + i * result_size;
        store_u32(result, cost.cycles);
        store_u32(result + 4, cost.instructions);
        memcpy(result + 8, network->output_buffer, network->output.size);
    }
    struct protocol_writer writer;
    begin_answer(&writer, frame);
    protocol_put_u8(&writer, (uint8_t)count);
    protocol_put(&writer, network->results, count * result_size);
    protocol_end(&writer);
}

/* The cost of a layer does not count what telling about the layers before it took. */
void nn_observe(uint32_t layer, const int8_t *output, uint32_t size);
void nn_observe(uint32_t layer, const int8_t *output, uint32_t size) {
    if (!state.observing) {
        return;
    }
    const struct cost cost = cost_since(state.since);
    struct protocol_writer writer;
    protocol_begin(&writer, PROTOCOL_LAYER, state.sequence);
    protocol_put_u16(&writer, (uint16_t)layer);
    put_cost(&writer, cost);
    protocol_put(&writer, output, size);
    protocol_end(&writer);
    ++state.layers;
    state.since = cost_now();
}

static void run_layers(const struct protocol_frame *frame) {
    const struct validate_network *network = state.network;
    if (!holds_inputs(frame, 0, 1)) {
        refuse(frame, PROTOCOL_ERROR_BODY);
        return;
    }
    size_t taken;
    struct cost cost;
    state.observing = true;
    state.sequence = frame->sequence;
    state.layers = 0;
    const bool worked = infer(frame->body, frame->size, &taken, &cost);
    state.observing = false;
    if (!worked) {
        refuse(frame, PROTOCOL_ERROR_NETWORK);
        return;
    }
    struct protocol_writer writer;
    begin_answer(&writer, frame);
    protocol_put_u16(&writer, state.layers);
    protocol_put(&writer, network->output_buffer, network->output.size);
    protocol_end(&writer);
}

static void report(const struct protocol_frame *frame) {
    struct protocol_writer writer;
    if (frame->size != 0) {
        refuse(frame, PROTOCOL_ERROR_BODY);
        return;
    }
    begin_answer(&writer, frame);
    protocol_put_u32(&writer, state.frames);
    protocol_put_u32(&writer, state.broken);
    protocol_put_u32(&writer, state.refused);
    protocol_put_u32(&writer, state.inferences);
    protocol_end(&writer);
}

/* ---- Serving ------------------------------------------------------------------------------- */

static void answer(const struct protocol_frame *frame) {
    if (frame->version != PROTOCOL_VERSION) {
        refuse(frame, PROTOCOL_ERROR_VERSION);
        return;
    }
    switch (frame->verb) {
    case PROTOCOL_SYNC:
        sync(frame);
        break;
    case PROTOCOL_INFO:
        info(frame);
        break;
    case PROTOCOL_RUN:
        run(frame);
        break;
    case PROTOCOL_RUN_LAYERS:
        run_layers(frame);
        break;
    case PROTOCOL_REPORT:
        report(frame);
        break;
    default:
        refuse(frame, PROTOCOL_ERROR_VERB);
        break;
    }
}

void validate_init(const struct validate_network *network) {
    memset(&state, 0, sizeof state);
    state.network = network;
    protocol_reader_init(&state.reader, network->frame, network->frame_size);
}

void validate_byte(uint8_t byte) {
    struct protocol_frame frame;
    switch (protocol_read(&state.reader, byte, &frame)) {
    case PROTOCOL_FRAME:
        ++state.frames;
        answer(&frame);
        break;
    case PROTOCOL_BROKEN:
        ++state.broken;
        break;
    case PROTOCOL_MORE:
        break;
    }
}

_Noreturn void validate_serve(const struct validate_network *network) {
    validate_init(network);
    console_text("validate: waiting for a host\n");
    for (;;) {
        const int byte = board_console_read();
        if (byte >= 0) {
            validate_byte((uint8_t)byte);
        } else if (board_console_wait != NULL) {
            board_console_wait();
        }
    }
}
