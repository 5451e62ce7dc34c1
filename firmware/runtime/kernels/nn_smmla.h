/* SPDX-License-Identifier: Apache-2.0
 *
 * Requantization by SMMLA and SSAT, in C: codegen/kernels/integer_requantize.py, where its
 * constants are from. Source: Arm, Armv7-M Architecture Reference Manual, A7.7, "SMMLA" and "SSAT".
 */
#ifndef NN_SMMLA_H
#define NN_SMMLA_H

#include "ai_platform.h"

/* value / 2^bits, rounded down: compilers need not shift negative numbers so. */
static inline ai_i64 nn_shifted(ai_i64 value, ai_i32 bits) {
    return value < 0 ? ~(~value >> bits) : value >> bits;
}

/* scaled: a multiple of a sum of products. No result of SMMLA leaves int32. */
static inline ai_i8 nn_smmla(ai_i32 scaled, ai_i32 factor, ai_i32 addend, ai_i32 shift) {
    const ai_i64 high = nn_shifted((ai_i64)scaled * factor, 32) + addend;
    const ai_i64 steps = nn_shifted(high, shift);
    return (ai_i8)(steps < -128 ? -128 : (steps > 127 ? 127 : steps));
}

#endif /* NN_SMMLA_H */
