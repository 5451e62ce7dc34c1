/*
 * The console: USART3 on PB10 and PB11, the serial port of the ST-LINK (UM2488, "Virtual COM
 * port"); 115200 baud, 8N1. Its clock is HSI, so it works before and after the PLL starts.
 */
#include "board.h"
#include "bringup.h"
#include "registers.h"

static const struct pins console_pins[] = {{PORT_B, 7, 3u << 10}};

#define HSI_HZ 64000000u
#define BAUD 115200u

void console_start(void) {
    pins_pull_up(PORT_B, 11); /* RX: no noise when no ST-LINK drives it */
    pins_connect(console_pins, 1);
    RCC_D2CCIP2R = (RCC_D2CCIP2R & ~RCC_D2CCIP2R_USART28SEL) | RCC_D2CCIP2R_USART28SEL_HSI;
    RCC_APB1LENR |= RCC_APB1LENR_USART3EN;
    (void)RCC_APB1LENR;
    RCC_APB1LRSTR |= RCC_APB1LRSTR_USART3RST; /* the boot loader may have used it */
    RCC_APB1LRSTR &= ~RCC_APB1LRSTR_USART3RST;
    USART3_BRR = (HSI_HZ + BAUD / 2u) / BAUD;
    USART3_CR1 = USART_CR1_TE | USART_CR1_RE | USART_CR1_UE;
}

static bool console_is_up(void) {
    return (RCC_APB1LENR & RCC_APB1LENR_USART3EN) != 0 && (USART3_CR1 & USART_CR1_UE) != 0;
}

/* A console that does not take characters is no reason to stop: they are dropped. */
void board_console_write(const char *data, size_t size) {
    if (!console_is_up()) {
        console_start(); /* an error before its turn shall be seen too */
    }
    for (size_t i = 0; i < size; ++i) {
        if (!wait_until(&USART3_ISR, USART_ISR_TXE, USART_ISR_TXE, 1)) {
            return;
        }
        USART3_TDR = (uint8_t)data[i];
    }
}

int board_console_read(void) {
    const uint32_t status = USART3_ISR;
    if ((status & USART_ISR_RXNE) == 0) {
        USART3_ICR = USART_ICR_ORECF; /* an overrun would block the receiver */
        return -1;
    }
    return (int)(USART3_RDR & 0xFFu);
}

void console_drain(void) {
    (void)wait_until(&USART3_ISR, USART_ISR_TC, USART_ISR_TC, 1);
}
