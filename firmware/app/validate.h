/*
 * Lets a host ask the running firmware: what are you, run these inputs, show me every layer. The
 * other side is `python -m device validate`; between them is docs/protocol.md.
 */
#ifndef NN_VALIDATE_H
#define NN_VALIDATE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Quantization of one end of the network: real = scale * (q - zero_point). */
struct validate_port {
    uint32_t bytes;
    uint8_t type; /* of its elements: enum validate_type */
    float scale;  /* 0 where nothing is quantized */
    int8_t zero_point;
};

/* Types of elements, as docs/protocol.md numbers them. */
enum validate_type {
    VALIDATE_INT8,
    VALIDATE_UINT8,
    VALIDATE_INT16,
    VALIDATE_INT32,
    VALIDATE_FLOAT32,
};

/* All inputs, or all outputs: in memory and in frames one after the other. */
struct validate_ends {
    const struct validate_port *ports;
    uint8_t count;
    uint32_t size; /* bytes of all */
};

/* The network that is asked, and the memory to work in. */
struct validate_network {
    const char *board;
    const char *name;
    const char *model; /* SHA-256 of its content, hex */
    const char *origin;
    const char *generator;
    const char *build; /* SHA-256 of what it is linked from, hex */
    uint32_t nodes;
    struct validate_ends input;
    struct validate_ends output;
    /* One inference; 0 when it worked. `input` and `output` are aligned to four bytes. It may write
     * over `input`, which is filled before every run. */
    int32_t (*infer)(int8_t *input, int8_t *output);

    uint8_t *frame; /* a received frame: VALIDATE_FRAME_SIZE(input size) bytes */
    size_t frame_size;
    int8_t *input_buffer; /* input.size bytes, aligned to four */
    int8_t *output_buffer;
    uint8_t *results; /* VALIDATE_IMAGES * VALIDATE_RESULT_SIZE(output size) bytes */
};

/* Inputs per request, at most: their results wait in memory until all are computed. */
#define VALIDATE_IMAGES 16u

/* Cycles, instructions, then the output bytes. */
#define VALIDATE_RESULT_SIZE(output_size) (8u + (output_size))

/* Room for one input that does not pack (one code each 128 bytes), and 2 KiB in any case. */
#define VALIDATE_WORST_BODY(input_size) (1u + (input_size) + ((input_size) + 127u) / 128u)
#define VALIDATE_FRAME_SIZE(input_size)                                                            \
    (8u + (VALIDATE_WORST_BODY(input_size) > 2048u ? VALIDATE_WORST_BODY(input_size) : 2048u))

/* Get ready to answer for `network`, which stays where it is. */
void validate_init(const struct validate_network *network);

/* Take one received byte, and answer when it completes a request. */
void validate_byte(uint8_t byte);

/* Answer for `network` on the board's console, for ever. */
_Noreturn void validate_serve(const struct validate_network *network);

#ifdef __cplusplus
}
#endif

#endif
