/*
 * The registers of an STM32F405 or F407 that its boards touch: RM0090, the family's reference
 * manual.
 */
#ifndef CHIPS_STM32F4_REGISTERS_H
#define CHIPS_STM32F4_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "board_config.h"
#include "core_registers.h"

/* PWR, RM0090 "Power controller". */
#define PWR_CR REGISTER(0x40007000u)
#define PWR_CR_VOS (1u << 14) /* scale 1, for more than 144 MHz */
#define PWR_CSR REGISTER(0x40007004u)
#define PWR_CSR_VOSRDY (1u << 14)

/* FLASH, RM0090 "Embedded flash memory interface". */
#define FLASH_ACR REGISTER(0x40023C00u)
#define FLASH_ACR_LATENCY (7u << 0)
#define FLASH_ACR_PRFTEN (1u << 8)
#define FLASH_ACR_ICEN (1u << 9)
#define FLASH_ACR_DCEN (1u << 10)

/* RCC, RM0090 "Reset and clock control". */
#define RCC_CR REGISTER(0x40023800u)
#define RCC_CR_HSION (1u << 0)
#define RCC_CR_HSEON (1u << 16)
#define RCC_CR_HSERDY (1u << 17)
#define RCC_CR_HSEBYP (1u << 18)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_PLLCFGR REGISTER(0x40023804u)
#define RCC_CFGR REGISTER(0x40023808u)
#define RCC_CFGR_SW (3u << 0)
#define RCC_CFGR_SW_HSI 0u
#define RCC_CFGR_SW_PLL 2u
#define RCC_CFGR_SWS (3u << 2)
#define RCC_CFGR_DIVIDERS ((0xFu << 4) | (7u << 10) | (7u << 13)) /* HPRE, PPRE1, PPRE2 */
#define RCC_APB2RSTR REGISTER(0x40023824u)
#define RCC_AHB1ENR REGISTER(0x40023830u)
#define RCC_AHB1ENR_CRCEN (1u << 12)
#define RCC_GPIOENR RCC_AHB1ENR
#define RCC_APB1ENR REGISTER(0x40023840u)
#define RCC_APB1ENR_PWREN (1u << 28)
#define RCC_APB2ENR REGISTER(0x40023844u)

/* GPIO, RM0090 "General-purpose I/Os". Ports A to I are 0 to 8. */
#define GPIO_MODER(port) REGISTER(0x40020000u + 0x400u * (port) + 0x00u)
#define GPIO_OSPEEDR(port) REGISTER(0x40020000u + 0x400u * (port) + 0x08u)
#define GPIO_PUPDR(port) REGISTER(0x40020000u + 0x400u * (port) + 0x0Cu)
#define GPIO_BSRR(port) REGISTER(0x40020000u + 0x400u * (port) + 0x18u)
#define GPIO_AFR(port, high) REGISTER(0x40020000u + 0x400u * (port) + 0x20u + 4u * (high))

/* The console's USART, RM0090 "USART"; board.toml names it. Both are on APB2. */
#if BOARD_CONSOLE_USART == 1
#define CONSOLE_BASE 0x40011000u
#define CONSOLE_APB2 (1u << 4)
#elif BOARD_CONSOLE_USART == 6
#define CONSOLE_BASE 0x40011400u
#define CONSOLE_APB2 (1u << 5)
#else
#error "board.toml: [chip.constants] console_usart must be 1 or 6"
#endif
#define CONSOLE_STATUS REGISTER(CONSOLE_BASE + 0x00u)
#define USART_STATUS_RXNE (1u << 5)
#define USART_STATUS_TC (1u << 6)
#define USART_STATUS_TXE (1u << 7)
#define CONSOLE_RDR REGISTER(CONSOLE_BASE + 0x04u)
#define CONSOLE_TDR CONSOLE_RDR
#define CONSOLE_BRR REGISTER(CONSOLE_BASE + 0x08u)
#define CONSOLE_CR1 REGISTER(CONSOLE_BASE + 0x0Cu)
#define USART_CR1_RE (1u << 2)
#define USART_CR1_TE (1u << 3)
#define USART_CR1_UE (1u << 13)

/* Without its clock a peripheral's registers read 0 here, so UE alone tells. */
static inline bool console_has_clock(void) {
    return true;
}

/* Reading status, then data, clears ORE. */
static inline void console_clear_overrun(void) {
    (void)CONSOLE_RDR;
}

#endif
