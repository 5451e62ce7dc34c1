/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_elementwise_integers.h"

#include "nn_dsp.h"
#include "nn_requantize.h"

/* sum >> 21, at the ends of int8. */
static inline ai_u32 saturated(ai_i32 sum) {
#if defined(__ARM_FEATURE_SAT) && __ARM_FEATURE_SAT
    ai_u32 byte;
    __asm__("ssat %0, #8, %1, asr #21" : "=r"(byte) : "r"(sum));
    return byte;
#else
    const ai_i32 value = sum < 0 ? ~(~sum >> 21) : sum >> 21;
    const ai_i32 above = value < -128 ? -128 : value;
    return (ai_u32)(above > 127 ? 127 : above);
#endif
}

/* What an output is of its two inputs, times 2^21. */
typedef struct {
    ai_i32 one;
    ai_i32 two;
    ai_i32 addend;
} line;

static inline ai_u32 of_bytes(line of, ai_u32 a, ai_u32 b) {
    return saturated(of.addend + of.one * (ai_i8)a + of.two * (ai_i8)b);
}

static inline void four(line of, const ai_i8 *first, const ai_i8 *second, ai_i8 *to) {
    const ai_u32 a = nn_word(first);
    const ai_u32 b = nn_word(second);
    const ai_u32 even = nn_low_halves(of_bytes(of, a, b), of_bytes(of, a >> 16, b >> 16));
    const ai_u32 odd = nn_low_halves(of_bytes(of, a >> 8, b >> 8), of_bytes(of, a >> 24, b >> 24));
    const ai_u32 bytes = (even & 0x00FF00FFu) | (odd & 0x00FF00FFu) << 8;
    memcpy(to, &bytes, 4);
}

void nn_elementwise_integers(const nn_elementwise_integers_shape *shape, const ai_i8 *first,
                             const ai_i8 *second, ai_i8 *output) {
    const line of = {shape->first_factor, shape->second_factor, shape->addend};
    ai_i8 *to = output;
    ai_i32 left = shape->size;
    for (; left >= 8; left -= 8) {
        four(of, first, second, to);
        four(of, first + 4, second + 4, to + 4);
        first += 8;
        second += 8;
        to += 8;
    }
    for (; left > 0; left--) {
        *to++ = (ai_i8)saturated(of.addend + of.one * *first++ + of.two * *second++);
    }
    nn_clamp(output, shape->size, shape->low, shape->high);
}
