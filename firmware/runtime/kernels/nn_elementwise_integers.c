/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_elementwise_integers.h"

#include "nn_dsp.h"
#include "nn_requantize.h"

/* sum >> 21, at the ends of int8. */
static inline ai_u32 byte_of(ai_i32 sum) {
#if defined(__ARM_FEATURE_SAT) && __ARM_FEATURE_SAT
    ai_u32 byte;
    __asm__("ssat %0, #8, %1, asr #21" : "=r"(byte) : "r"(sum));
    return byte & 0xFFu;
#else
    const ai_i32 value = sum < 0 ? ~(~sum >> 21) : sum >> 21;
    const ai_i32 above = value < -128 ? -128 : value;
    return (ai_u32)(above > 127 ? 127 : above) & 0xFFu;
#endif
}

void nn_elementwise_integers(const nn_elementwise_integers_shape *shape, const ai_i8 *first,
                             const ai_i8 *second, ai_i8 *output) {
    const ai_i32 one = shape->first_factor;
    const ai_i32 two = shape->second_factor;
    const ai_i32 addend = shape->addend;
    const ai_i32 fours = shape->size / 4;
    ai_i8 *to = output;
    for (ai_i32 i = 0; i < fours; i++) {
        const ai_u32 a = nn_word(first);
        const ai_u32 b = nn_word(second);
        ai_i32 sums[4];
        sums[0] = addend + one * (ai_i8)a + two * (ai_i8)b;
        sums[1] = addend + one * (ai_i8)(a >> 8) + two * (ai_i8)(b >> 8);
        sums[2] = addend + one * (ai_i8)(a >> 16) + two * (ai_i8)(b >> 16);
        sums[3] = addend + one * (ai_i8)(a >> 24) + two * (ai_i8)(b >> 24);
        const ai_u32 bytes = byte_of(sums[0]) | byte_of(sums[1]) << 8 | byte_of(sums[2]) << 16 |
                             byte_of(sums[3]) << 24;
        memcpy(to, &bytes, 4);
        first += 4;
        second += 4;
        to += 4;
    }
    for (ai_i32 i = 4 * fours; i < shape->size; i++) {
        *to++ = (ai_i8)byte_of(addend + one * *first++ + two * *second++);
    }
    nn_clamp(output, shape->size, shape->low, shape->high);
}
