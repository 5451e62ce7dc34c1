/* Reads float [40] and int8 [12] of `digits`; writes int8 [40], float [12] and the largest's place.
 */
#include <stdio.h>

#include "digits.h"
#include "digits_io.h"

int main(void) {
    float values[AI_DIGITS_IN_1_SIZE];
    int8_t input[AI_DIGITS_IN_1_SIZE];
    int8_t output[AI_DIGITS_OUT_1_SIZE];
    float reals[AI_DIGITS_OUT_1_SIZE];
    if (fread(values, sizeof(values), 1, stdin) != 1 ||
        fread(output, sizeof(output), 1, stdin) != 1) {
        return 1;
    }
    digits_quantize(values, input);
    digits_dequantize(output, reals);
    const uint8_t largest = (uint8_t)digits_argmax(output);
    return fwrite(input, sizeof(input), 1, stdout) == 1 &&
                   fwrite(reals, sizeof(reals), 1, stdout) == 1 &&
                   fwrite(&largest, 1, 1, stdout) == 1
               ? 0
               : 1;
}
