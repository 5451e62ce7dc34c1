/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_FLOAT_H
#define NN_FLOAT_H

#include "ai_platform.h"

/* The floating-point mode that docs/numerics.md is written for: round to nearest, even on ties;
 * subnormal numbers kept. An application may have set another one; a run sets this one and puts the
 * application's back. In between, only kernels compute: they read their operands from memory after
 * the one barrier and write results before the other, so no operation can move past either.
 *
 * Arm, AArch64 and x86 with SSE. Software floating point has no mode. On another processor the
 * application must not change the mode that its start-up code sets. */

#if defined(__arm__) && defined(__ARM_FP) && !defined(__SOFTFP__)

typedef ai_u32 nn_float_mode;

/* FPSCR (Armv7-M Architecture Reference Manual, A2.5.3; FZ16: Armv8.1-M): the flags stay. */
#define NN_FLOAT_FZ (1u << 24)
#define NN_FLOAT_RMODE (3u << 22)
#define NN_FLOAT_FZ16 (1u << 19)

static inline void nn_float_leave(nn_float_mode mode) {
    __asm__ volatile("vmsr fpscr, %0" : : "r"(mode) : "memory");
}

static inline nn_float_mode nn_float_enter(void) {
    nn_float_mode mode;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(mode) : : "memory");
    nn_float_leave(mode & ~(NN_FLOAT_FZ | NN_FLOAT_RMODE | NN_FLOAT_FZ16));
    return mode;
}

#elif defined(__aarch64__)

typedef ai_u64 nn_float_mode;

static inline void nn_float_leave(nn_float_mode mode) {
    __asm__ volatile("msr fpcr, %0" : : "r"(mode) : "memory");
}

static inline nn_float_mode nn_float_enter(void) {
    nn_float_mode mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode) : : "memory");
    nn_float_leave(0u);
    return mode;
}

#elif defined(__SSE__)

typedef ai_u32 nn_float_mode;

/* MXCSR after a reset: all exceptions masked (Intel SDM, volume 1, 10.2.3). */
#define NN_FLOAT_MXCSR 0x1F80u

static inline void nn_float_leave(nn_float_mode mode) {
    __asm__ volatile("ldmxcsr %0" : : "m"(mode) : "memory");
}

static inline nn_float_mode nn_float_enter(void) {
    nn_float_mode mode;
    __asm__ volatile("stmxcsr %0" : "=m"(mode) : : "memory");
    nn_float_leave(NN_FLOAT_MXCSR);
    return mode;
}

#else

typedef ai_u32 nn_float_mode;

static inline void nn_float_leave(nn_float_mode mode) {
    AI_UNUSED(mode);
}

static inline nn_float_mode nn_float_enter(void) {
    return 0u;
}

#endif

#endif /* NN_FLOAT_H */
