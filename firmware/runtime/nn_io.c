/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_io.h"

#include "nn_float.h"
#include "nn_quantized.h"

void nn_quantize(const ai_float *values, ai_i8 *bytes, ai_size count, ai_float scale,
                 ai_i32 zero_point) {
    const nn_float_mode mode = nn_float_enter();
    for (ai_size i = 0; i < count; i++) {
        bytes[i] = nn_quantized(values[i], scale, zero_point);
    }
    nn_float_leave(mode);
}

void nn_dequantize(const ai_i8 *bytes, ai_float *values, ai_size count, ai_float scale,
                   ai_i32 zero_point) {
    const nn_float_mode mode = nn_float_enter();
    for (ai_size i = 0; i < count; i++) {
        values[i] = (ai_float)((ai_i32)bytes[i] - zero_point) * scale;
    }
    nn_float_leave(mode);
}

ai_size nn_argmax(const ai_i8 *bytes, ai_size count) {
    ai_size largest = 0;
    for (ai_size i = 1; i < count; i++) {
        largest = bytes[i] > bytes[largest] ? i : largest;
    }
    return largest;
}

void nn_selftest_input(ai_u32 seed, ai_i8 *input, ai_size count) {
    for (ai_size i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        input[i] = (ai_i8)((ai_i32)(seed >> 24) - 128);
    }
}

ai_size nn_selftest_wrong(const ai_i8 *output, const ai_i8 *expected, ai_size count) {
    ai_size wrong = 0;
    for (ai_size i = 0; i < count; i++) {
        wrong += output[i] != expected[i] ? 1u : 0u;
    }
    return wrong;
}
