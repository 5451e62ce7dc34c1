/*
 * The registers of an STM32H7 that its boards touch, and no others: address, then the fields used.
 * RM0433 is the reference manual of the STM32H750, PM0253 the programming manual of its Cortex-M7.
 */
#ifndef CHIPS_STM32H7_REGISTERS_H
#define CHIPS_STM32H7_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "board_config.h"
#include "core_registers.h"

/* PWR, RM0433 "Power control". The low byte of CR3 can be written once after power-on. */
#define PWR_CSR1 REGISTER(0x58024804u)
#define PWR_CSR1_ACTVOSRDY (1u << 13)
#define PWR_CR3 REGISTER(0x5802480Cu)
#define PWR_CR3_SUPPLY (7u << 0) /* SCUEN, LDOEN, BYPASS */
#define PWR_CR3_LDOEN (1u << 1)
#define PWR_CR3_SCUEN (1u << 2)
#define PWR_D3CR REGISTER(0x58024818u)
#define PWR_D3CR_VOSRDY (1u << 13)
#define PWR_D3CR_VOS (3u << 14)
#define PWR_D3CR_VOS1 (3u << 14)

/* SYSCFG, RM0433 "System configuration controller". */
#define SYSCFG_CCCSR REGISTER(0x58000420u)
#define SYSCFG_CCCSR_EN (1u << 0)
#define SYSCFG_CCCSR_READY (1u << 8)
#define SYSCFG_PWRCR REGISTER(0x5800042Cu)
#define SYSCFG_PWRCR_ODEN (1u << 0)

/* RCC, RM0433 "Reset and clock control". */
#define RCC_CR REGISTER(0x58024400u)
#define RCC_CR_HSION (1u << 0)
#define RCC_CR_HSIRDY (1u << 2)
#define RCC_CR_HSIDIV (3u << 3)
#define RCC_CR_CSION (1u << 7)
#define RCC_CR_CSIRDY (1u << 8)
#define RCC_CR_HSEON (1u << 16)
#define RCC_CR_HSERDY (1u << 17)
#define RCC_CR_HSEBYP (1u << 18)
#define RCC_CR_PLL1ON (1u << 24)
#define RCC_CR_PLL1RDY (1u << 25)
#define RCC_CFGR REGISTER(0x58024410u)
#define RCC_CFGR_SW (7u << 0)
#define RCC_CFGR_SW_HSI 0u
#define RCC_CFGR_SW_PLL1 3u
#define RCC_CFGR_SWS (7u << 3)
#define RCC_D1CFGR REGISTER(0x58024418u)
#define RCC_D2CFGR REGISTER(0x5802441Cu)
#define RCC_D3CFGR REGISTER(0x58024420u)
#define RCC_PLLCKSELR REGISTER(0x58024428u)
#define RCC_PLLCFGR REGISTER(0x5802442Cu)
#define RCC_PLL1DIVR REGISTER(0x58024430u)
#define RCC_D2CCIP2R REGISTER(0x58024454u)
#define RCC_D2CCIP2R_USART28SEL (7u << 0) /* those on APB1 */
#define RCC_D2CCIP2R_USART28SEL_HSI (3u << 0)
#define RCC_D2CCIP2R_USART16SEL (7u << 3) /* USART 1 and 6 */
#define RCC_D2CCIP2R_USART16SEL_HSI (3u << 3)
#define RCC_AHB3RSTR REGISTER(0x5802447Cu)
#define RCC_AHB3RSTR_QSPIRST (1u << 14)
#define RCC_APB1LRSTR REGISTER(0x58024490u)
#define RCC_APB2RSTR REGISTER(0x58024498u)
#define RCC_AHB3ENR REGISTER(0x580244D4u)
#define RCC_AHB3ENR_FMCEN (1u << 12)
#define RCC_AHB3ENR_QSPIEN (1u << 14)
#define RCC_AHB2ENR REGISTER(0x580244DCu)
#define RCC_AHB2ENR_SRAMS (7u << 29) /* SRAM1, SRAM2, SRAM3 */
#define RCC_AHB4ENR REGISTER(0x580244E0u)
#define RCC_AHB4ENR_CRCEN (1u << 19)
#define RCC_GPIOENR RCC_AHB4ENR
#define RCC_APB1LENR REGISTER(0x580244E8u)
#define RCC_APB2ENR REGISTER(0x580244F0u)
#define RCC_APB4ENR REGISTER(0x580244F4u)
#define RCC_APB4ENR_SYSCFGEN (1u << 1)

/* FLASH, RM0433 "Embedded flash memory". */
#define FLASH_ACR REGISTER(0x52002000u)

/* GPIO, RM0433 "General-purpose I/Os". Ports A to K are 0 to 10. */
#define GPIO_MODER(port) REGISTER(0x58020000u + 0x400u * (port) + 0x00u)
#define GPIO_OSPEEDR(port) REGISTER(0x58020000u + 0x400u * (port) + 0x08u)
#define GPIO_PUPDR(port) REGISTER(0x58020000u + 0x400u * (port) + 0x0Cu)
#define GPIO_BSRR(port) REGISTER(0x58020000u + 0x400u * (port) + 0x18u)
#define GPIO_AFR(port, high) REGISTER(0x58020000u + 0x400u * (port) + 0x20u + 4u * (high))

/* The console's USART, RM0433 "USART" and "Memory organization"; board.toml names it. The number is
 * that of its bit in RCC. */
#if BOARD_CONSOLE_USART == 1
#define CONSOLE_BASE 0x40011000u
#define CONSOLE_BIT 4
#elif BOARD_CONSOLE_USART == 2
#define CONSOLE_BASE 0x40004400u
#define CONSOLE_BIT 17
#elif BOARD_CONSOLE_USART == 3
#define CONSOLE_BASE 0x40004800u
#define CONSOLE_BIT 18
#elif BOARD_CONSOLE_USART == 4
#define CONSOLE_BASE 0x40004C00u
#define CONSOLE_BIT 19
#elif BOARD_CONSOLE_USART == 5
#define CONSOLE_BASE 0x40005000u
#define CONSOLE_BIT 20
#elif BOARD_CONSOLE_USART == 6
#define CONSOLE_BASE 0x40011400u
#define CONSOLE_BIT 5
#elif BOARD_CONSOLE_USART == 7
#define CONSOLE_BASE 0x40007800u
#define CONSOLE_BIT 30
#elif BOARD_CONSOLE_USART == 8
#define CONSOLE_BASE 0x40007C00u
#define CONSOLE_BIT 31
#else
#error "board.toml: [chip.constants] console_usart must be 1 to 8"
#endif
#if BOARD_CONSOLE_USART == 1 || BOARD_CONSOLE_USART == 6
#define CONSOLE_ENR RCC_APB2ENR
#define CONSOLE_RSTR RCC_APB2RSTR
#define CONSOLE_CLOCK_SEL RCC_D2CCIP2R_USART16SEL
#define CONSOLE_CLOCK_HSI RCC_D2CCIP2R_USART16SEL_HSI
#else
#define CONSOLE_ENR RCC_APB1LENR
#define CONSOLE_RSTR RCC_APB1LRSTR
#define CONSOLE_CLOCK_SEL RCC_D2CCIP2R_USART28SEL
#define CONSOLE_CLOCK_HSI RCC_D2CCIP2R_USART28SEL_HSI
#endif
#define CONSOLE_ENR_EN (1u << CONSOLE_BIT)
#define CONSOLE_RSTR_RST (1u << CONSOLE_BIT)
#define CONSOLE_CR1 REGISTER(CONSOLE_BASE + 0x00u)
#define USART_CR1_UE (1u << 0)
#define USART_CR1_RE (1u << 2)
#define USART_CR1_TE (1u << 3)
#define CONSOLE_BRR REGISTER(CONSOLE_BASE + 0x0Cu)
#define CONSOLE_STATUS REGISTER(CONSOLE_BASE + 0x1Cu)
#define USART_STATUS_RXNE (1u << 5)
#define USART_STATUS_TC (1u << 6)
#define USART_STATUS_TXE (1u << 7)
#define CONSOLE_ICR REGISTER(CONSOLE_BASE + 0x20u)
#define USART_ICR_ORECF (1u << 3)
#define CONSOLE_RDR REGISTER(CONSOLE_BASE + 0x24u)
#define CONSOLE_TDR REGISTER(CONSOLE_BASE + 0x28u)
static inline bool console_has_clock(void) {
    return (CONSOLE_ENR & CONSOLE_ENR_EN) != 0;
}
static inline void console_clear_overrun(void) {
    CONSOLE_ICR = USART_ICR_ORECF;
}

/* QUADSPI, RM0433 "Quad-SPI interface". */
#define QUADSPI_CR REGISTER(0x52005000u)
#define QUADSPI_DCR REGISTER(0x52005004u)
#define QUADSPI_SR REGISTER(0x52005008u)
#define QUADSPI_SR_TCF (1u << 1)
#define QUADSPI_SR_BUSY (1u << 5)
#define QUADSPI_FCR REGISTER(0x5200500Cu)
#define QUADSPI_FCR_CTCF (1u << 1)
#define QUADSPI_DLR REGISTER(0x52005010u)
#define QUADSPI_CCR REGISTER(0x52005014u)
#define QUADSPI_AR REGISTER(0x52005018u)
#define QUADSPI_DR8 (*(volatile uint8_t *)0x52005020u)

/* FMC, RM0433 "Flexible memory controller". */
#define FMC_BCR1 REGISTER(0x52004000u)
#define FMC_BCR1_MBKEN (1u << 0)
#define FMC_BCR1_FMCEN (1u << 31)
#define FMC_SDCR1 REGISTER(0x52004140u)
#define FMC_SDCR2 REGISTER(0x52004144u)
#define FMC_SDTR1 REGISTER(0x52004148u)
#define FMC_SDTR2 REGISTER(0x5200414Cu)
#define FMC_SDCMR REGISTER(0x52004150u)
#define FMC_SDRTR REGISTER(0x52004154u)
#define FMC_SDSR REGISTER(0x52004158u)
#define FMC_SDSR_MODES1 (3u << 1)
#define FMC_SDSR_MODES2 (3u << 3)

/* Interconnect: AXI_TARG7_FN_MOD, RM0433 "AXI interconnect"; DBGMCU_IDCODE, RM0433 "DBGMCU". */
#define AXI_TARG7_FN_MOD REGISTER(0x51008108u)
#define AXI_FN_MOD_READ_ISS_OVERRIDE (1u << 0)
#define DBGMCU_IDCODE REGISTER(0x5C001000u)

/* The Cortex-M7's caches; PM0253. */
#define SCB_CCR REGISTER(0xE000ED14u)
#define SCB_CCR_DC (1u << 16)
#define SCB_CCR_IC (1u << 17)
#define SCB_CCSIDR REGISTER(0xE000ED80u)
#define SCB_CSSELR REGISTER(0xE000ED84u)
#define SCB_ICIALLU REGISTER(0xE000EF50u)
#define SCB_DCISW REGISTER(0xE000EF60u)

#endif
