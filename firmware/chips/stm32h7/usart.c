/* The console's USART, 8N1. Its clock is HSI, so it works before and after the PLL starts. */
#include "bringup.h"
#include "registers.h"

static const struct pins console_pins[] = BOARD_PINS_CONSOLE;

#define HSI_HZ 64000000u
#define COUNT (sizeof console_pins / sizeof console_pins[0])

/* The transmitter drives its idle level before the pin is its: no false start bit. */
void console_start(void) {
    RCC_D2CCIP2R = (RCC_D2CCIP2R & ~CONSOLE_CLOCK_SEL) | CONSOLE_CLOCK_HSI;
    CONSOLE_ENR |= CONSOLE_ENR_EN;
    (void)CONSOLE_ENR;
    CONSOLE_RSTR |= CONSOLE_RSTR_RST; /* the boot loader may have used it */
    CONSOLE_RSTR &= ~CONSOLE_RSTR_RST;
    (void)CONSOLE_RSTR;
    CONSOLE_BRR = (HSI_HZ + BOARD_CONSOLE_BAUD / 2u) / BOARD_CONSOLE_BAUD;
    CONSOLE_CR1 = USART_CR1_TE | USART_CR1_RE | USART_CR1_UE;
    pins_connect(console_pins, COUNT);
}
