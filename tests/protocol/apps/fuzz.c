/*
 * Throws frames at the firmware's receiver, in this process: whole ones, ones with odd bodies,
 * ones that were damaged on their way, and noise. Sanitizers watch the memory; this watches the
 * answers: whatever came before, a good request gets its answer, and nothing but frames is sent.
 *
 * usage: fuzz SEED FRAMES [-]
 * With "-" the frames go to standard output instead, for a receiver elsewhere.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "protocol.h"
#include "toy.h"

#define LONGEST_BODY 4096u
#define LONGEST_STREAM (2u * LONGEST_BODY)
#define CHECK_EVERY 16u

/* ---- A board whose console is a buffer ----------------------------------------------------- */

static uint8_t sent[1u << 20];
static size_t sent_size;

void board_init(void) {
}

void board_console_write(const char *data, size_t size) {
    if (size > sizeof sent - sent_size) {
        fprintf(stderr, "more than %zu bytes of answers to one frame\n", sizeof sent);
        abort();
    }
    memcpy(sent + sent_size, data, size);
    sent_size += size;
}

int board_console_read(void) {
    return -1;
}

/* Different each time, so that costs fill their fields. */
uint32_t board_cycles(void) {
    static uint32_t cycles;
    return cycles += 0x01020304u;
}

_Noreturn void board_finish(int32_t status, const void *results, uint32_t size) {
    (void)results;
    (void)size;
    exit(status);
}

/* ---- Chance -------------------------------------------------------------------------------- */

static uint64_t chance_state;

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators"). */
static uint32_t chance(uint32_t below) {
    chance_state ^= chance_state >> 12;
    chance_state ^= chance_state << 25;
    chance_state ^= chance_state >> 27;
    return (uint32_t)((chance_state * 0x2545F4914F6CDD1Du) >> 32) % below;
}

/* ---- Frames -------------------------------------------------------------------------------- */

static uint8_t body[LONGEST_BODY];
static uint8_t stream[LONGEST_STREAM];

static uint32_t bitwise_crc(const uint8_t *data, size_t size) {
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < size; ++i) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
        }
    }
    return ~crc;
}

static size_t stuff(const uint8_t *data, size_t size, uint8_t *out) {
    size_t code_at = 0;
    size_t at = 1;
    for (size_t i = 0; i < size; ++i) {
        if (data[i] != 0) {
            out[at++] = data[i];
        }
        if (data[i] == 0 || at - code_at == 255) {
            out[code_at] = (uint8_t)(at - code_at);
            code_at = at++;
        }
    }
    out[code_at] = (uint8_t)(at - code_at);
    return at;
}

static size_t unstuff(const uint8_t *data, size_t size, uint8_t *out) {
    size_t at = 0;
    size_t given = 0;
    while (at < size) {
        const uint8_t code = data[at];
        if (code == 0 || at + code > size) {
            return 0;
        }
        memcpy(out + given, data + at + 1, code - 1u);
        given += code - 1u;
        at += code;
        if (code < 255 && at < size) {
            out[given++] = 0;
        }
    }
    return given;
}

/* A frame with delimiters on both sides; its length. */
static size_t make_frame(uint8_t version, uint8_t verb, uint16_t sequence, size_t size,
                         uint8_t *out) {
    static uint8_t plain[LONGEST_BODY + 8];
    plain[0] = version;
    plain[1] = verb;
    plain[2] = (uint8_t)sequence;
    plain[3] = (uint8_t)(sequence >> 8);
    memcpy(plain + 4, body, size);
    const uint32_t crc = bitwise_crc(plain, size + 4);
    for (size_t i = 0; i < 4; ++i) {
        plain[size + 4 + i] = (uint8_t)(crc >> 8 * i);
    }
    out[0] = 0;
    const size_t length = stuff(plain, size + 8, out + 1);
    out[1 + length] = 0;
    return length + 2;
}

/* One packed input, mostly a good one; its length. */
static size_t make_packed(uint8_t *out, size_t room) {
    size_t at = 0;
    uint32_t given = 0;
    const uint32_t size = chance(20) != 0 ? TOY_INPUTS : chance(2 * TOY_INPUTS);
    while (given < size && at + 140 < room) {
        const uint32_t left = size - given;
        const bool run = left >= 3 && chance(2) != 0;
        uint32_t count = run ? 3 + chance(left - 2) : 1 + chance(left);
        if (chance(200) == 0) {
            count += chance(9); /* beyond the input's end */
        }
        count = run ? (count < 130 ? count : 130) : (count < 128 ? count : 128);
        out[at++] = (uint8_t)(run ? 125 + count : count - 1);
        for (uint32_t i = 0; i < (run ? 1 : count); ++i) {
            out[at++] = (uint8_t)chance(256);
        }
        given += count;
    }
    return at;
}

static size_t make_run(uint32_t count) {
    size_t size = 1;
    body[0] = (uint8_t)count;
    for (uint32_t i = 0; i < count; ++i) {
        size += make_packed(body + size, LONGEST_BODY - size);
    }
    if (chance(30) == 0) {
        body[0] = (uint8_t)chance(40); /* another number of inputs than follow */
    }
    return size;
}

static size_t make_noise(size_t below) {
    const size_t size = chance((uint32_t)below);
    for (size_t i = 0; i < size; ++i) {
        body[i] = (uint8_t)(chance(3) != 0 ? chance(256) : 0);
    }
    return size;
}

static size_t make_body(uint8_t verb) {
    if (chance(10) == 0) {
        return make_noise(chance(10) == 0 ? LONGEST_BODY : 64);
    }
    switch (verb) {
    case PROTOCOL_SYNC:
        return make_noise(chance(4) == 0 ? 40 : 17);
    case PROTOCOL_RUN:
        return make_run(chance(20) == 0 ? chance(40) : 1 + chance(VALIDATE_IMAGES));
    case PROTOCOL_RUN_LAYERS:
        return make_packed(body, LONGEST_BODY);
    default:
        return 0;
    }
}

/* Damage on the way: bytes changed, lost, doubled, cut off. */
static size_t damage(size_t size) {
    for (uint32_t times = 1 + chance(4); times > 0 && size > 0; --times) {
        const size_t at = chance((uint32_t)size);
        switch (chance(5)) {
        case 0:
            stream[at] ^= (uint8_t)(1u << chance(8));
            break;
        case 1:
            stream[at] = (uint8_t)(chance(2) != 0 ? 0 : chance(256));
            break;
        case 2:
            memmove(stream + at, stream + at + 1, size - at - 1);
            --size;
            break;
        case 3:
            if (size < LONGEST_STREAM) {
                memmove(stream + at + 1, stream + at, size - at);
                ++size;
            }
            break;
        default:
            size = at;
            break;
        }
    }
    return size;
}

/* ---- Watching ------------------------------------------------------------------------------ */

static void fail(const char *what, uint64_t number) {
    fprintf(stderr, "frame %" PRIu64 ": %s\n", number, what);
    abort();
}

static bool is_answer(uint8_t verb) {
    return verb == PROTOCOL_LAYER || verb == PROTOCOL_ERROR ||
           (verb > PROTOCOL_ANSWER && verb <= (PROTOCOL_ANSWER | PROTOCOL_REPORT));
}

/* All that was sent: frames with good checksums, and the text of a failed network. */
static uint32_t check_sent(uint64_t number) {
    static uint8_t plain[sizeof sent];
    uint32_t frames = 0;
    size_t start = 0;
    for (size_t at = 0; at < sent_size; ++at) {
        if (sent[at] != 0) {
            continue;
        }
        const size_t size = at - start;
        if (size > 0 && memcmp(sent + start, "toy: ", size < 5 ? size : 5) != 0) {
            const size_t length = unstuff(sent + start, size, plain);
            if (length < 8 || plain[0] != PROTOCOL_VERSION || !is_answer(plain[1])) {
                fail("sent something that is no answer", number);
            }
            if (bitwise_crc(plain, length) != 0x2144DF1Cu) { /* the residue of a good one */
                fail("sent a frame with a wrong checksum", number);
            }
            ++frames;
        }
        start = at + 1;
    }
    if (start != sent_size) {
        fail("stopped in the middle of a frame", number);
    }
    return frames;
}

static void feed(size_t size) {
    sent_size = 0;
    for (size_t i = 0; i < size; ++i) {
        validate_byte(stream[i]);
    }
}

/* A good request, right behind whatever came before, gets exactly its answer. */
static void check_alive(uint64_t number) {
    static uint8_t expected[LONGEST_STREAM];
    const uint16_t sequence = (uint16_t)chance(65536);
    for (size_t i = 0; i < 8; ++i) {
        body[i] = (uint8_t)chance(256);
    }
    feed(make_frame(PROTOCOL_VERSION, PROTOCOL_SYNC, sequence, 8, stream));
    const size_t size =
        make_frame(PROTOCOL_VERSION, PROTOCOL_SYNC | PROTOCOL_ANSWER, sequence, 8, expected);
    /* The first delimiter may have ended a frame that waited for it. */
    if (sent_size < size || memcmp(sent + sent_size - size, expected, size) != 0) {
        fail("a good request got no answer", number);
    }
}

/* ---- The run ------------------------------------------------------------------------------- */

int main(int argc, char **argv) {
    static const uint8_t verbs[] = {PROTOCOL_SYNC,       PROTOCOL_INFO,   PROTOCOL_RUN,
                                    PROTOCOL_RUN_LAYERS, PROTOCOL_REPORT, PROTOCOL_RUN,
                                    PROTOCOL_RUN_LAYERS, PROTOCOL_RUN};
    if (argc < 3) {
        fprintf(stderr, "usage: fuzz SEED FRAMES [-]\n");
        return 2;
    }
    const bool print = argc > 3;
    const uint64_t frames = strtoull(argv[2], NULL, 10);
    chance_state = strtoull(argv[1], NULL, 10) * 0x9E3779B97F4A7C15u + 1u;
    /* On the heap and of the exact size: the sanitizer sees the first byte beyond. */
    const size_t frame_size = VALIDATE_FRAME_SIZE(TOY_INPUTS);
    const struct validate_network network = {
        TOY_NETWORK,
        .frame = malloc(frame_size),
        .frame_size = frame_size,
        .input_buffer = malloc(TOY_INPUTS),
        .output_buffer = malloc(TOY_OUTPUTS),
        .results = malloc(VALIDATE_IMAGES * VALIDATE_RESULT_SIZE(TOY_OUTPUTS)),
    };
    validate_init(&network);
    uint64_t answers = 0;
    uint64_t damaged = 0;
    for (uint64_t number = 0; number < frames; ++number) {
        size_t size;
        if (chance(50) == 0) {
            size = make_noise(LONGEST_BODY);
            memcpy(stream, body, size);
        } else {
            const uint8_t verb = chance(40) != 0 ? verbs[chance(8)] : (uint8_t)chance(256);
            const uint8_t version = chance(60) != 0 ? PROTOCOL_VERSION : (uint8_t)chance(256);
            size = make_frame(version, verb, (uint16_t)chance(65536), make_body(verb), stream);
            if (chance(3) == 0) {
                size = damage(size);
                ++damaged;
            }
        }
        if (print) {
            (void)fwrite(stream, 1, size, stdout);
            continue;
        }
        feed(size);
        answers += check_sent(number);
        if (number % CHECK_EVERY == 0) {
            check_alive(number);
        }
    }
    free(network.frame);
    free(network.input_buffer);
    free(network.output_buffer);
    free(network.results);
    if (!print) {
        printf("%" PRIu64 " frames, %" PRIu64 " of them damaged, %" PRIu64 " answers, no finding\n",
               frames, damaged, answers);
    }
    return 0;
}
