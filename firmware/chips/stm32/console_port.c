/* Sending and receiving; the bits of the status register are where every STM32's USART has them. */
#include "board.h"
#include "registers.h"
#include "stm32.h"

static bool console_is_up(void) {
    return console_has_clock() && (CONSOLE_CR1 & USART_CR1_UE) != 0;
}

/* A console that does not take characters is no reason to stop: they are dropped. */
void board_console_write(const char *data, size_t size) {
    if (!console_is_up()) {
        console_start(); /* an error before its turn shall be seen too */
    }
    for (size_t i = 0; i < size; ++i) {
        if (!wait_until(&CONSOLE_STATUS, USART_STATUS_TXE, USART_STATUS_TXE, 1)) {
            return;
        }
        CONSOLE_TDR = (uint8_t)data[i];
    }
}

int board_console_read(void) {
    const uint32_t status = CONSOLE_STATUS;
    if ((status & USART_STATUS_RXNE) == 0) {
        console_clear_overrun(); /* an overrun would block the receiver */
        return -1;
    }
    return (int)(CONSOLE_RDR & 0xFFu);
}

void console_drain(void) {
    (void)wait_until(&CONSOLE_STATUS, USART_STATUS_TC, USART_STATUS_TC, 1);
}
