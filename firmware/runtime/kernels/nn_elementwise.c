/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_elementwise.h"

#include "nn_requantize.h"

typedef enum { ADD, SUB, MUL, DIV, MIN, MAX, PRELU } operation;

#define EACH __attribute__((always_inline)) static inline

/* docs/numerics.md: each step is rounded, whatever the flags of the program around. */
EACH ai_float real(ai_i32 byte, ai_i32 zero_point, ai_float scale) {
    return nn_rounded((ai_float)(byte - zero_point) * scale);
}

EACH ai_float apply(operation what, ai_float a, ai_float b) {
    switch (what) {
    case ADD:
        return a + b;
    case SUB:
        return a - b;
    case MUL:
        return a * b;
    case DIV:
        return a == 0.0f ? 0.0f : a / b;
    case MIN:
        return a < b ? a : b;
    case MAX:
        return a > b ? a : b;
    case PRELU:
    default:
        return a < 0.0f ? a * b : a;
    }
}

EACH void all(operation what, const nn_elementwise_shape *shape, const ai_i8 *first,
              const ai_i8 *second, const ai_float *constant, ai_i8 *output) {
    ai_u32 elements = 1;
    for (ai_u32 axis = 0; axis < shape->rank; axis++) {
        elements *= shape->axes[axis].size;
    }
    for (ai_u32 element = 0; element < elements; element++) {
        ai_u32 rest = element;
        ai_u32 i = 0;
        ai_u32 j = 0;
        for (ai_u32 axis = shape->rank; axis-- > 0;) {
            const ai_u32 at = rest % shape->axes[axis].size;
            rest /= shape->axes[axis].size;
            i += at * shape->axes[axis].first_stride;
            j += at * shape->axes[axis].second_stride;
        }
        const ai_float a = real(first[i], shape->first_zero_point, shape->first_scale);
        const ai_float b = constant != NULL
                               ? constant[j]
                               : real(second[j], shape->second_zero_point, shape->second_scale);
        const ai_float result = shape->constant_first ? apply(what, b, a) : apply(what, a, b);
        const ai_float scaled = nn_rounded(result) / nn_rounded(shape->output_scale);
        output[element] = nn_saturate(scaled, shape->output_zero_point, shape->low, shape->high);
    }
}

void nn_elementwise_add(const nn_elementwise_shape *shape, const ai_i8 *first, const ai_i8 *second,
                        const ai_float *constant, ai_i8 *output) {
    all(ADD, shape, first, second, constant, output);
}

void nn_elementwise_sub(const nn_elementwise_shape *shape, const ai_i8 *first, const ai_i8 *second,
                        const ai_float *constant, ai_i8 *output) {
    all(SUB, shape, first, second, constant, output);
}

void nn_elementwise_mul(const nn_elementwise_shape *shape, const ai_i8 *first, const ai_i8 *second,
                        const ai_float *constant, ai_i8 *output) {
    all(MUL, shape, first, second, constant, output);
}

void nn_elementwise_div(const nn_elementwise_shape *shape, const ai_i8 *first, const ai_i8 *second,
                        const ai_float *constant, ai_i8 *output) {
    all(DIV, shape, first, second, constant, output);
}

void nn_elementwise_min(const nn_elementwise_shape *shape, const ai_i8 *first, const ai_i8 *second,
                        const ai_float *constant, ai_i8 *output) {
    all(MIN, shape, first, second, constant, output);
}

void nn_elementwise_max(const nn_elementwise_shape *shape, const ai_i8 *first, const ai_i8 *second,
                        const ai_float *constant, ai_i8 *output) {
    all(MAX, shape, first, second, constant, output);
}

void nn_elementwise_prelu(const nn_elementwise_shape *shape, const ai_i8 *first,
                          const ai_i8 *second, const ai_float *constant, ai_i8 *output) {
    all(PRELU, shape, first, second, constant, output);
}
