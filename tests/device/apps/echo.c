/* A stand-in for an application: its "network" adds 3 to each input byte. */
#include "board.h"
#include "console.h"

#ifndef IMAGES
#define IMAGES 10
#endif

static const signed char *const names[] = {(const signed char *)"zero", (const signed char *)"one"};
static volatile uint32_t initialized = 0x12345678; /* .data: proves the copy table */
static volatile uint32_t zeroed;                   /* .bss: proves the zero table */

__attribute__((section(".rodata.nn.subset"))) const signed char inputs[IMAGES] = {1, 2, 3, 4};
__attribute__((section(".nn.results"))) signed char results[IMAGES][10];

__attribute__((section(".text.nn.kernels"), noinline)) void network(signed char input,
                                                               signed char *output) {
    for (int i = 0; i < 10; ++i) {
        output[i] = (signed char)(input + 3 * i);
    }
}

int main(void) {
    board_init();
    if (initialized != 0x12345678 || zeroed != 0) {
        console_text("start-up did not set up memory\n");
        board_finish(2, 0, 0);
    }
    console_text("hello from ");
    console_text((const char *)names[1]);
    console_text("\n");
    for (uint32_t i = 0; i < IMAGES; ++i) {
        network(inputs[i], results[i]);
    }
    board_finish(0, results, sizeof results);
}
