/* Samples into a window, each of a type of its own in turn; after each whether it is full, and the
 * input, which stays as it was while it is not. Before sample RESTART it is cleared.
 *   NN_NAME, NN_UPPER    the network's name, its name in capitals
 *   SAMPLES              rows of float in JOIN(NN_NAME, _case_inputs)
 *   INTEGERS             samples are whole numbers 0 to 255: every type is tried
 */
#include <string.h>

#include "board.h"
#include "console.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define TEXT_(text) #text
#define TEXT(text) TEXT_(text)
#include TEXT(JOIN(NN_NAME, _preprocess.h))

#define CHANNELS JOIN(NN_UPPER, _WINDOW_CHANNELS)
#define SIZE (JOIN(NN_UPPER, _WINDOW_SAMPLES) * CHANNELS)
#define CALL(suffix) JOIN(JOIN(NN_NAME, _window), suffix)

extern const float JOIN(NN_NAME, _case_inputs)[SAMPLES][CHANNELS];
static JOIN(NN_NAME, _window) window;
static int8_t input[SIZE];
static int8_t results[SAMPLES][SIZE + 1];

static int add(uint32_t number) {
    const float *sample = JOIN(NN_NAME, _case_inputs)[number];
#ifdef INTEGERS
    uint8_t small[CHANNELS];
    int16_t large[CHANNELS];
    for (uint32_t i = 0; i < CHANNELS; i++) {
        small[i] = (uint8_t)sample[i];
        large[i] = (int16_t)sample[i];
    }
    if (number % 3 == 1) {
        return CALL(_add_u8)(&window, small);
    }
    if (number % 3 == 2) {
        return CALL(_add_i16)(&window, large);
    }
#endif
    return CALL(_add)(&window, sample);
}

int main(void) {
    board_init();
    memset(input, 77, sizeof(input));
    for (uint32_t number = 0; number < SAMPLES; number++) {
        if (number == RESTART) {
            CALL(_clear)(&window);
        }
        const int full = add(number);
        if (CALL(_read)(&window, input) != full) {
            console_text("read and add disagree\n");
            board_finish(1, NULL, 0);
        }
        results[number][0] = (int8_t)full;
        memcpy(results[number] + 1, input, SIZE);
    }
    board_finish(0, results, sizeof(results));
}
