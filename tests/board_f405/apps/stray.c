/* One way of going astray per build: -DACTION=... */
#include "board.h"
#include "console.h"

#define NULL_READ 1
#define NULL_WRITE 2
#define ENDLESS_RECURSION 3
#define NEARLY_ALL_OF_THE_STACK 4

volatile uint32_t sink;

void app_summary(void) {
    console_text("back home");
}

__attribute__((noipa)) static uint32_t recurse(uint32_t depth, uint32_t most) {
    volatile uint32_t frame[4] = {depth, depth + 1u, 0, 0};
    return depth == most ? frame[1] : recurse(depth + 1u, most) + frame[0];
}

int main(void) {
    board_init();
    console_text("about to go astray\n");
#if ACTION == NULL_READ
    sink = *(volatile uint32_t *)(uintptr_t)(sink & 4u);
#elif ACTION == NULL_WRITE
    *(volatile uint32_t *)(uintptr_t)(sink + 28u) = 1;
#elif ACTION == ENDLESS_RECURSION
    sink = recurse(0, 0xFFFFFFFFu);
#elif ACTION == NEARLY_ALL_OF_THE_STACK
    sink = recurse(0, 60u);
#endif
    board_finish(0, NULL, 0);
}
