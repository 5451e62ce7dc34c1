/* Every row of data to bytes, in the ordinary floating-point mode; all bytes are handed out. Again in
 * a mode that flushes to zero and rounds up: the same bytes, and the mode stays.
 *   NN_NAME, SIZE        the network's name, elements of its input
 *   F32, I16, U8         rows of each type that JOIN(NN_NAME, _case_inputs) holds, in this order
 */
#include <string.h>

#include "board.h"
#include "console.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define TEXT_(text) #text
#define TEXT(text) TEXT_(text)
#include TEXT(JOIN(NN_NAME, _preprocess.h))

#if defined(__arm__) && defined(__ARM_FP)
static void set_mode(uint32_t mode) {
    __asm__ volatile("vmsr fpscr, %0" : : "r"(mode));
}
#define ODD ((1u << 22) | (1u << 24))
#define ORDINARY 0u
#elif defined(__SSE__)
static void set_mode(uint32_t mode) {
    __asm__ volatile("ldmxcsr %0" : : "m"(mode));
}
#define ODD 0xDFC0u
#define ORDINARY 0x1F80u
#endif

extern const int8_t JOIN(NN_NAME, _case_inputs)[];
static int8_t results[F32 + I16 + U8][SIZE];
static int8_t row[SIZE];

static void take(uint32_t number, int again) {
    if (!again) {
        memcpy(results[number], row, SIZE);
    } else if (memcmp(results[number], row, SIZE) != 0) {
        console_text("another mode, other bytes in row ");
        console_unsigned(number);
        console_text("\n");
        board_finish(1, NULL, 0);
    }
}

static void convert(int again) {
    const int8_t *data = JOIN(NN_NAME, _case_inputs);
    uint32_t number = 0;
    for (uint32_t i = 0; i < F32; i++, data += SIZE * 4) {
        JOIN(NN_NAME, _quantize_input)((const float *)(const void *)data, row);
        take(number++, again);
    }
#if I16 + U8 > 0
    for (uint32_t i = 0; i < I16; i++, data += SIZE * 2) {
        JOIN(NN_NAME, _quantize_input_i16)((const int16_t *)(const void *)data, row);
        take(number++, again);
    }
    for (uint32_t i = 0; i < U8; i++, data += SIZE) {
        JOIN(NN_NAME, _quantize_input_u8)((const uint8_t *)data, row);
        take(number++, again);
    }
#endif
}

int main(void) {
    board_init();
    convert(0);
    set_mode(ODD);
    convert(1);
    set_mode(ORDINARY);
    board_finish(0, results, sizeof(results));
}
