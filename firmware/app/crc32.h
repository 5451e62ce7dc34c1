/* CRC-32 of ISO-HDLC (Ethernet, zlib), reflected. */
#ifndef APP_CRC32_H
#define APP_CRC32_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CRC32_START 0xFFFFFFFFu

/* Goes on with `size` bytes. The checksum of all is the complement of what the last call gave. */
uint32_t crc32_add(uint32_t crc, const void *data, size_t size);

#ifdef __cplusplus
}
#endif

#endif
