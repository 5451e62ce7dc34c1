#include "seals.h"

#include <stddef.h>
#include <stdint.h>

#include "crc32.h"

#define BUILD_WORDS 4

/* A row for each external flash that is used; `python -m device seal` fills it after linking. */
struct seal {
    const uint32_t *start; /* where the flash begins, with the number of its build */
    uint32_t bytes;
    uint32_t crc32;
    uint32_t build[BUILD_WORDS];
    uint32_t reserved;
};

/* Of the linker script. */
extern const struct seal __nn_seals_start[], __nn_seals_end[];

static const char *broken(const struct seal *seal) {
    uint32_t different = 0;
    uint32_t erased = 0xFFFFFFFFu;
    for (uint32_t i = 0; i < BUILD_WORDS; ++i) {
        different |= seal->start[i] ^ seal->build[i];
        erased &= seal->start[i];
    }
    if (different != 0) {
        return erased == 0xFFFFFFFFu
                   ? "external flash: erased; write it together with the chip's own flash"
                   : "external flash: holds another build; write both flashes of one build";
    }
    if (~crc32_add(CRC32_START, seal->start, seal->bytes) != seal->crc32) {
        return "external flash: its checksum is wrong; write it again";
    }
    return NULL;
}

const char *seals_broken(void) {
    for (const struct seal *seal = __nn_seals_start; seal < __nn_seals_end; ++seal) {
        const char *text = broken(seal);
        if (text != NULL) {
            return text;
        }
    }
    return NULL;
}
