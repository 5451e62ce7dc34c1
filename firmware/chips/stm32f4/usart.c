/* The console's USART, 8N1, clocked by APB2 as it runs at that moment. */
#include "bringup.h"
#include "registers.h"

static const struct pins console_pins[] = BOARD_PINS_CONSOLE;

#define COUNT (sizeof console_pins / sizeof console_pins[0])

/* The transmitter drives its idle level before the pin is its: no false start bit. */
void console_start(void) {
    RCC_APB2ENR |= CONSOLE_APB2;
    (void)RCC_APB2ENR;
    RCC_APB2RSTR |= CONSOLE_APB2; /* the boot loader may have used it */
    RCC_APB2RSTR &= ~CONSOLE_APB2;
    (void)RCC_APB2RSTR;
    /* Sixteenths of a bit: with OVER8 0, BRR is the divider itself (RM0090, USART_BRR). */
    CONSOLE_BRR = (clocks_apb2_khz() * 1000u + BOARD_CONSOLE_BAUD / 2u) / BOARD_CONSOLE_BAUD;
    CONSOLE_CR1 = USART_CR1_TE | USART_CR1_RE | USART_CR1_UE;
    pins_connect(console_pins, COUNT);
}
