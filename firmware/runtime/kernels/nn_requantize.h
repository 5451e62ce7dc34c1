/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_REQUANTIZE_H
#define NN_REQUANTIZE_H

#include <float.h>
#ifndef NN_NO_LIBM
#include <math.h>
#endif
#include <string.h>

#include "ai_platform.h"
#include "nn_target.h"

#if defined(__FAST_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__ASSOCIATIVE_MATH__)
#error "-ffast-math, -Ofast and their parts change results: compile this library without them"
#endif

/* 16: float as it is, only _Float16 is special. */
#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#error "float is computed in more than 32 bits, which changes results: add -msse2 -mfpmath=sse"
#endif

/* `value`, rounded to float32 by now. Without this a compiler may fuse a product with the sum it
 * goes into (-ffp-contract=fast, which no pragma stops everywhere), or divide by multiplying. */
static inline ai_float nn_rounded(ai_float value) {
    ai_u32 bits;
    memcpy(&bits, &value, sizeof(bits));
    __asm__("" : "+r"(bits));
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* rint(value), half to even. What is larger than 2^22 is cut by all that use this. */
static inline ai_float nn_rint(ai_float value) {
#ifdef NN_NO_LIBM
    /* A C library without <math.h>, as Zephyr's minimal one. A sum of 2^23 or more has no bits for
     * fractions, and one with 1.5 * 2^23 stays below 2^24 for either sign. */
    const ai_float whole = 12582912.0f;
    if (value > -4194304.0f && value < 4194304.0f) {
        value = nn_rounded(value + whole) - whole;
    }
    return value;
#else
    return rintf(value);
#endif
}

/* clamp(rint(scaled) + zero_point, low, high), half to even: docs/numerics.md, "Requantization". */
static inline ai_i8 nn_saturate(ai_float scaled, ai_i32 zero_point, ai_i32 low, ai_i32 high) {
#if defined(__ARM_FP) && (__ARM_FP & 4) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
    /* VCVTR rounds as FPSCR says, which a run sets to half to even, and ends at the ends of int32
     * (Armv7-M Architecture Reference Manual, A7.7, "VCVT, VCVTR"). */
    ai_i32 steps;
    ai_float rounded;
    __asm__("vcvtr.s32.f32 %0, %1" : "=t"(rounded) : "t"(scaled));
    memcpy(&steps, &rounded, sizeof(steps));
    steps = steps < low - zero_point ? low - zero_point : steps;
    steps = steps > high - zero_point ? high - zero_point : steps;
    return (ai_i8)(steps + zero_point);
#else
    /* Clamped as a float, because `scaled` may leave int32. */
    const ai_float least = (ai_float)(low - zero_point);
    const ai_float most = (ai_float)(high - zero_point);
    ai_float value = nn_rint(scaled);
    value = value < least ? least : value;
    value = value > most ? most : value;
    return (ai_i8)((ai_i32)value + zero_point);
#endif
}

/* A fused ReLU or Clip of bytes that are at the ends of int8 already: rarely tighter. */
static inline void nn_clamp(ai_i8 *bytes, ai_i32 count, ai_i32 low, ai_i32 high) {
    if (low <= -128 && high >= 127) {
        return;
    }
    for (ai_i32 i = 0; i < count; i++) {
        const ai_i32 above = bytes[i] < low ? low : bytes[i];
        bytes[i] = (ai_i8)(above > high ? high : above);
    }
}

static inline ai_i8 nn_requantize(ai_i32 accumulator, ai_float multiplier, ai_i32 zero_point,
                                  ai_i32 low, ai_i32 high) {
    return nn_saturate((ai_float)accumulator * multiplier, zero_point, low, high);
}

#endif /* NN_REQUANTIZE_H */
