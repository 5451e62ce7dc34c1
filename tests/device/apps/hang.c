/* Firmware that never ends. */
#include "board.h"

int main(void) {
    board_init();
    for (volatile uint32_t turns = 0;; turns++) {
    }
}
