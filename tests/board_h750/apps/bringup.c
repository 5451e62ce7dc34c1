/* The smallest firmware that uses what a real one uses: copied code and data, an image in QSPI. */
#include "board.h"
#include "console.h"

#define COUNT 16

__attribute__((section(".rodata.nn.subset")))
const int8_t image[COUNT] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
__attribute__((section(".rodata.nn.weights")))
const int8_t weights[COUNT] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};
__attribute__((section(".nn.results"))) static int8_t results[COUNT];
__attribute__((section(".sram1"), used)) static volatile uint32_t spare[4];
static uint32_t copied = 0x12345678u; /* .data */
static uint32_t cleared;              /* .bss */

__attribute__((noipa, section(".text.nn.kernels.inference"))) static void
test_forward_pass(const int8_t *input, int8_t *output) {
    for (int i = 0; i < COUNT; ++i) {
        output[i] = (int8_t)(input[i] * weights[i]);
    }
}

int main(void) {
    board_init();
    const uint32_t before = board_cycles();
    test_forward_pass(image, results);
    const uint32_t after = board_cycles();
    console_text(after != before ? "the cycle counter counts\n" : "no cycles\n");
    console_text(copied == 0x12345678u && cleared == 0 && spare[3] == 0 ? "memory is set up\n"
                                                                        : "memory is wrong\n");
    console_text(board_console_read() == -1 ? "nothing to read\n" : "noise\n");
    board_finish(0, results, sizeof results);
}

void app_summary(void) {
    console_text("16 products");
}
