#include "protocol.h"

#include <string.h>

#include "board.h"
#include "crc32.h"

#define DELIMITER 0u
#define LONGEST_BLOCK 0xFFu /* the COBS code of 254 bytes without a zero behind them */

/* ---- Receiving ----------------------------------------------------------------------------- */

static void restart(struct protocol_reader *reader) {
    reader->size = 0;
    reader->remaining = 0;
    reader->started = false;
    reader->zero_due = false;
    reader->overlong = false;
}

void protocol_reader_init(struct protocol_reader *reader, uint8_t *buffer, size_t capacity) {
    reader->buffer = buffer;
    reader->capacity = capacity;
    restart(reader);
}

static void store(struct protocol_reader *reader, uint8_t byte) {
    if (reader->size < reader->capacity) {
        reader->buffer[reader->size++] = byte;
    } else {
        reader->overlong = true;
    }
}

/* What stands in the buffer when the delimiter came. */
static bool parse(const struct protocol_reader *reader, struct protocol_frame *frame) {
    const uint8_t *data = reader->buffer;
    if (reader->overlong || reader->remaining != 0 ||
        reader->size < PROTOCOL_HEADER + PROTOCOL_TRAILER) {
        return false;
    }
    const size_t checked = reader->size - PROTOCOL_TRAILER;
    const uint8_t *trailer = data + checked;
    const uint32_t expected = (uint32_t)trailer[0] | (uint32_t)trailer[1] << 8 |
                              (uint32_t)trailer[2] << 16 | (uint32_t)trailer[3] << 24;
    if (~crc32_add(CRC32_START, data, checked) != expected) {
        return false;
    }
    frame->version = data[0];
    frame->verb = data[1];
    frame->sequence = (uint16_t)(data[2] | data[3] << 8);
    frame->body = data + PROTOCOL_HEADER;
    frame->size = checked - PROTOCOL_HEADER;
    return true;
}

enum protocol_event protocol_read(struct protocol_reader *reader, uint8_t byte,
                                  struct protocol_frame *frame) {
    if (byte == DELIMITER) {
        enum protocol_event event = PROTOCOL_MORE; /* delimiters may follow each other */
        if (reader->started) {
            event = parse(reader, frame) ? PROTOCOL_FRAME : PROTOCOL_BROKEN;
        }
        restart(reader);
        return event;
    }
    if (reader->remaining > 0) {
        --reader->remaining;
        store(reader, byte);
        return PROTOCOL_MORE;
    }
    if (reader->zero_due) {
        store(reader, 0);
    }
    reader->started = true;
    reader->remaining = (uint8_t)(byte - 1u);
    reader->zero_due = byte != LONGEST_BLOCK;
    return PROTOCOL_MORE;
}

/* ---- Sending ------------------------------------------------------------------------------- */

static void flush(struct protocol_writer *writer) {
    writer->block[0] = writer->used;
    board_console_write((const char *)writer->block, writer->used);
    writer->used = 1;
}

static void encode(struct protocol_writer *writer, const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size; ++i) {
        if (writer->used == LONGEST_BLOCK) {
            flush(writer);
        }
        if (data[i] == 0) {
            flush(writer);
        } else {
            writer->block[writer->used++] = data[i];
        }
    }
}

void protocol_begin(struct protocol_writer *writer, uint8_t verb, uint16_t sequence) {
    static const char delimiter = DELIMITER;
    board_console_write(&delimiter, 1); /* ends whatever text came before */
    writer->crc = CRC32_START;
    writer->used = 1;
    protocol_put_u8(writer, PROTOCOL_VERSION);
    protocol_put_u8(writer, verb);
    protocol_put_u16(writer, sequence);
}

void protocol_put(struct protocol_writer *writer, const void *data, size_t size) {
    writer->crc = crc32_add(writer->crc, data, size);
    encode(writer, data, size);
}

void protocol_put_u8(struct protocol_writer *writer, uint8_t value) {
    protocol_put(writer, &value, 1);
}

void protocol_put_u16(struct protocol_writer *writer, uint16_t value) {
    const uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
    protocol_put(writer, bytes, sizeof bytes);
}

void protocol_put_u32(struct protocol_writer *writer, uint32_t value) {
    protocol_put_u16(writer, (uint16_t)value);
    protocol_put_u16(writer, (uint16_t)(value >> 16));
}

void protocol_put_text(struct protocol_writer *writer, const char *text) {
    size_t length = strlen(text);
    length = length < 255u ? length : 255u;
    protocol_put_u8(writer, (uint8_t)length);
    protocol_put(writer, text, length);
}

void protocol_end(struct protocol_writer *writer) {
    static const char delimiter = DELIMITER;
    protocol_put_u32(writer, ~writer->crc);
    flush(writer);
    board_console_write(&delimiter, 1);
}

/* ---- Packed bytes -------------------------------------------------------------------------- */

#define LITERALS 128u /* codes below: code + 1 bytes follow; from here on: a run */
#define SHORTEST_RUN 3u

size_t protocol_unpack(const uint8_t *packed, size_t available, uint8_t *out, size_t size) {
    size_t taken = 0;
    size_t given = 0;
    while (given < size) {
        if (taken == available) {
            return 0;
        }
        const uint8_t code = packed[taken++];
        const bool run = code >= LITERALS;
        const size_t count = run ? code - LITERALS + SHORTEST_RUN : code + 1u;
        const size_t needed = run ? 1u : count;
        if (count > size - given || needed > available - taken) {
            return 0;
        }
        if (out != NULL && run) {
            memset(out + given, packed[taken], count);
        } else if (out != NULL) {
            memcpy(out + given, packed + taken, count);
        }
        taken += needed;
        given += count;
    }
    return taken;
}
