/*
 * The frames of docs/protocol.md: COBS between zero bytes, CRC-32 inside. No heap, and no buffer
 * but the caller's: a frame is received into it, and sent straight from where its bytes lie.
 */
#ifndef NN_PROTOCOL_H
#define NN_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PROTOCOL_VERSION 2u

/* Bytes of a decoded frame around its body: version, verb, sequence; CRC-32. */
#define PROTOCOL_HEADER 4u
#define PROTOCOL_TRAILER 4u

enum protocol_verb {
    PROTOCOL_SYNC = 0x01,
    PROTOCOL_INFO = 0x02,
    PROTOCOL_RUN = 0x03,
    PROTOCOL_RUN_LAYERS = 0x04,
    PROTOCOL_REPORT = 0x05,
    PROTOCOL_ANSWER = 0x80, /* set in the answer to each of the above */
    PROTOCOL_LAYER = 0xC4,  /* comes before the answer to PROTOCOL_RUN_LAYERS */
    PROTOCOL_ERROR = 0xFF,
};

enum protocol_error {
    PROTOCOL_ERROR_VERSION = 1, /* another protocol version */
    PROTOCOL_ERROR_VERB = 2,    /* unknown verb */
    PROTOCOL_ERROR_BODY = 3,    /* a body that is not as the verb wants it */
    PROTOCOL_ERROR_NETWORK = 4, /* the network failed; why is on the console as text */
};

/* A whole frame with a good checksum. `body` points into the reader's buffer until the next byte.
 */
struct protocol_frame {
    uint8_t version;
    uint8_t verb;
    uint16_t sequence;
    const uint8_t *body;
    size_t size;
};

/* Takes a stream apart, byte by byte. */
struct protocol_reader {
    uint8_t *buffer; /* takes a decoded frame: header, body, trailer */
    size_t capacity;
    size_t size;       /* decoded bytes so far */
    uint8_t remaining; /* bytes until the next COBS code */
    bool started;      /* a code of this frame was seen */
    bool zero_due;     /* the block ends in a zero, if another one follows */
    bool overlong;     /* does not fit the buffer: skipped up to the next delimiter */
};

enum protocol_event {
    PROTOCOL_MORE,   /* go on */
    PROTOCOL_FRAME,  /* *frame is filled in */
    PROTOCOL_BROKEN, /* something ended that is no frame: text, noise, a cut-off frame */
};

void protocol_reader_init(struct protocol_reader *reader, uint8_t *buffer, size_t capacity);

enum protocol_event protocol_read(struct protocol_reader *reader, uint8_t byte,
                                  struct protocol_frame *frame);

/* Sends one frame to the console; it may be of any length. */
struct protocol_writer {
    uint32_t crc;
    uint8_t used;
    uint8_t block[255]; /* COBS code and up to 254 bytes */
};

void protocol_begin(struct protocol_writer *writer, uint8_t verb, uint16_t sequence);
void protocol_put(struct protocol_writer *writer, const void *data, size_t size);
void protocol_put_u8(struct protocol_writer *writer, uint8_t value);
void protocol_put_u16(struct protocol_writer *writer, uint16_t value);
void protocol_put_u32(struct protocol_writer *writer, uint32_t value);
/* One byte of length, then at most 255 bytes. */
void protocol_put_text(struct protocol_writer *writer, const char *text);
void protocol_end(struct protocol_writer *writer);

/*
 * Run lengths (docs/protocol.md, "Packed bytes"). Unpacks exactly `size` bytes to `out`, or only
 * checks and skips them when `out` is NULL. Returns how many of the `available` packed bytes they
 * took, or 0 when those do not hold exactly `size`.
 */
size_t protocol_unpack(const uint8_t *packed, size_t available, uint8_t *out, size_t size);

#ifdef __cplusplus
}
#endif

#endif
