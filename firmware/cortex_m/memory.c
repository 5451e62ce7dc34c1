/* SPDX-License-Identifier: Apache-2.0
 *
 * What the compiler and the runtime ask of <string.h>, in a fifth of newlib's bytes: the chip's own
 * flash is small, and nothing here moves much.
 */
#include <stddef.h>
#include <string.h>

/* Or the loops below become calls of what they make. */
#define PLAIN __attribute__((optimize("no-tree-loop-distribute-patterns")))

PLAIN void *memmove(void *to, const void *from, size_t bytes) {
    unsigned char *out = (unsigned char *)to;
    const unsigned char *in = (const unsigned char *)from;
    if (out < in) {
        for (size_t i = 0; i < bytes; i++) {
            out[i] = in[i];
        }
    } else {
        for (size_t i = bytes; i-- > 0;) {
            out[i] = in[i];
        }
    }
    return to;
}

PLAIN void *memset(void *to, int byte, size_t bytes) {
    unsigned char *out = (unsigned char *)to;
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (unsigned char)byte;
    }
    return to;
}
