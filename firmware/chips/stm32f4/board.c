/* The board interface, and the order of the bring-up. */
#include "board.h"

#include "board_config.h"
#include "bringup.h"
#include "console.h"
#include "mpu.h"
#include "registers.h"

/* Before the start-up copies, which are faster with the PLL. */
void board_early_init(void) {
    mpu_disable();
    mpu_guard_stack();
    mpu_guard_null(); /* flash is seen at 0, too: nothing of ours is linked there */
    mpu_enable();
    clocks_start();
    if (BOARD_NEEDS_CRC) {
        RCC_AHB1ENR |= RCC_AHB1ENR_CRCEN;
        (void)RCC_AHB1ENR;
    }
}

void board_init(void) {
    cycles_start();
    leds_start();
    console_text(BOARD_TITLE ", ");
    console_unsigned(clocks_cpu_khz() / 1000u);
    console_text(clocks_on_pll() ? " MHz from HSE\n" : " MHz from HSI\n");
}
