/* nn_rint() without <math.h> against rintf(), for every 251st float32 that is smaller than 2^22. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/nn_requantize.h"

int main(void) {
    unsigned long compared = 0;
    for (uint32_t bits = 0; bits < 0x4A800000u; bits += 251u) {
        ai_float value;
        memcpy(&value, &bits, sizeof(value));
        if (nn_rint(value) != rintf(value) || nn_rint(-value) != rintf(-value)) {
            printf("%.9g\n", (double)value);
            return 1;
        }
        compared++;
    }
    /* Ties, both ways. */
    for (int i = -70000; i < 70000; i++) {
        const ai_float tie = (ai_float)i + 0.5f;
        if (nn_rint(tie) != rintf(tie)) {
            printf("%.9g\n", (double)tie);
            return 1;
        }
    }
    return compared > 4000000u ? 0 : 2;
}
