/* Registers of the processor that every STM32 here has: ARMv7-M ARM (DDI 0403), B3 and C1. */
#ifndef CHIPS_STM32_CORE_REGISTERS_H
#define CHIPS_STM32_CORE_REGISTERS_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define SYSTICK_CTRL REGISTER(0xE000E010u)
#define SYSTICK_CTRL_ENABLE (1u << 0)
#define SYSTICK_CTRL_CLKSOURCE (1u << 2) /* the processor's clock */
#define SYSTICK_CTRL_COUNTFLAG (1u << 16)
#define SYSTICK_LOAD REGISTER(0xE000E014u)
#define SYSTICK_VAL REGISTER(0xE000E018u)
#define DEMCR REGISTER(0xE000EDFCu)
#define DEMCR_TRCENA (1u << 24)
#define DWT_CTRL REGISTER(0xE0001000u)
#define DWT_CTRL_CYCCNTENA (1u << 0)
#define DWT_CYCCNT REGISTER(0xE0001004u)
#define DWT_LAR REGISTER(0xE0001FB0u)
#define DWT_LAR_UNLOCK 0xC5ACCE55u

#endif
