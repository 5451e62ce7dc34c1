/* The steps from reset to main() of an STM32F405 or F407; what all STM32s share is in stm32.h. */
#ifndef CHIPS_STM32F4_BRINGUP_H
#define CHIPS_STM32F4_BRINGUP_H

#include <stdbool.h>
#include <stdint.h>

#include "board_config.h"
#include "stm32.h"

/* clocks.c: 168 MHz from HSE; HSI as after reset where that does not come. */
void clocks_start(void);
bool clocks_on_pll(void);
uint32_t clocks_apb2_khz(void);

#endif
