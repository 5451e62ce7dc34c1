/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_packed.h"

#include "nn_conv_window.h"
#include "nn_dsp.h"

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
/* Four elements of two filters and two pixels: sixteen products. Loads stand between products,
 * which a Cortex-M7 pairs; none of a load's results is read by the instruction behind it. */
#define NN_FOUR                                                                                    \
    "ldr %[first], [%[weights]], #8\n"                                                             \
    "ldr %[x], [%[wide]], #16\n"                                                                   \
    "sxtb16 %[even], %[first]\n"                                                                   \
    "ldr %[y], [%[wide], #-12]\n"                                                                  \
    "smlad %[a], %[even], %[x], %[a]\n"                                                            \
    "ldr %[second], [%[weights], #-4]\n"                                                           \
    "smlad %[b], %[even], %[y], %[b]\n"                                                            \
    "sxtb16 %[first], %[first], ror #8\n"                                                          \
    "sxtb16 %[even], %[second]\n"                                                                  \
    "sxtb16 %[second], %[second], ror #8\n"                                                        \
    "smlad %[c], %[even], %[x], %[c]\n"                                                            \
    "ldr %[x], [%[wide], #-8]\n"                                                                   \
    "smlad %[d], %[even], %[y], %[d]\n"                                                            \
    "ldr %[y], [%[wide], #-4]\n"                                                                   \
    "smlad %[a], %[first], %[x], %[a]\n"                                                           \
    "smlad %[c], %[second], %[x], %[c]\n"                                                          \
    "smlad %[b], %[first], %[y], %[b]\n"                                                           \
    "smlad %[d], %[second], %[y], %[d]\n"
#endif

/* Of two filters and two pixels: sums[2 * filter + pixel]. */
static const ai_i8 *products(const ai_i8 *weights, const ai_u32 *wide, ai_i32 fours,
                             ai_i32 sums[4]) {
    ai_i32 a = 0;
    ai_i32 b = 0;
    ai_i32 c = 0;
    ai_i32 d = 0;
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
    ai_u32 first, second, even, x, y;
    /* Two fours a turn; of an odd number of fours the first turn does one. */
    __asm__ volatile("tst %[left], #1\n"
                     "bne 2f\n"
                     "1:\n" NN_FOUR "2:\n" NN_FOUR "subs %[left], #2\n"
                     "bgt 1b\n"
                     : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [weights] "+r"(weights),
                       [wide] "+r"(wide), [left] "+r"(fours), [first] "=&r"(first),
                       [second] "=&r"(second), [even] "=&r"(even), [x] "=&r"(x), [y] "=&r"(y)
                     :
                     : "cc", "memory");
#else
    for (ai_i32 i = 0; i < fours; i++) {
        const ai_u32 first = nn_word(weights);
        const ai_u32 second = nn_word(weights + 4);
        for (ai_i32 half = 0; half < 4; half += 2) {
            const ai_u32 one = half == 0 ? nn_even(first) : nn_odd(first);
            const ai_u32 other = half == 0 ? nn_even(second) : nn_odd(second);
            a = nn_two_products(one, wide[half], a);
            b = nn_two_products(one, wide[half + 1], b);
            c = nn_two_products(other, wide[half], c);
            d = nn_two_products(other, wide[half + 1], d);
        }
        weights += 8;
        wide += 4;
    }
#endif
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
    return weights;
}

/* The outputs of one or two filters, from `row` on, at one or two pixels. */
static void finish(const nn_conv_shape *shape, const ai_i32 sums[4], const ai_i32 *bias,
                   const ai_float *multipliers, ai_i32 row, ai_i32 rows, ai_i32 pixels,
                   ai_i8 *output, ai_i32 pixel) {
    const nn_sums *own = &shape->sums;
    const ai_i32 filters = shape->filters;
    ai_i32 at = pixel * filters + row;
    if (rows == 2 && pixels == 2 && nn_plain(own)) {
        for (ai_i32 i = 0; i < 2; i++) {
            const ai_float multiplier = multipliers[row + i];
            const ai_i32 start = bias[row + i];
            output[at] = nn_requantize(start + sums[2 * i], multiplier, own->zero_point, own->low,
                                       own->high);
            output[at + filters] = nn_requantize(start + sums[2 * i + 1], multiplier,
                                                 own->zero_point, own->low, own->high);
            at++;
        }
        return;
    }
    for (ai_i32 i = 0; i < rows; i++) {
        for (ai_i32 k = 0; k < pixels; k++) {
            nn_finish(own, sums[2 * i + k], bias, (ai_u32)(row + i), multipliers, output,
                      (ai_u32)(at + k * filters));
        }
        at++;
    }
}

void nn_conv_packed(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                    const ai_i8 *weights, const ai_i32 *bias, const ai_float *multipliers,
                    ai_u32 *scratch) {
    const ai_i32 pixels = shape->output_height * shape->output_width;
    const ai_i32 filters = shape->filters / shape->groups;
    const nn_conv_loader loader = nn_conv_loading(shape, scratch);
    ai_u32 *const wide = scratch + loader.fours;
    for (ai_i32 pixel = 0; pixel < pixels; pixel += 2) {
        const ai_i32 pair = pixel + 1 < pixels ? 2 : 1;
        const ai_i8 *own = weights;
        for (ai_i32 group = 0; group < shape->groups; group++) {
            for (ai_i32 i = 0; i < 2; i++) {
                /* Without a second pixel, the first one twice. */
                const ai_i32 which = i < pair ? pixel + i : pixel;
                const ai_i32 y = which / shape->output_width;
                (void)nn_conv_load(&loader, input + group * loader.depth, y,
                                   which - y * shape->output_width, wide + i);
            }
            for (ai_i32 filter = 0; filter < filters; filter += 2) {
                ai_i32 sums[4];
                own = products(own, wide, loader.fours, sums);
                finish(shape, sums, bias, multipliers, group * filters + filter,
                       filter + 1 < filters ? 2 : 1, pair, output, pixel);
            }
        }
    }
}
