/* LD6 (red, PI13) and LD7 (green, PJ2), on when low (UM2488, "LEDs"). */
#include "bringup.h"
#include "registers.h"

#define RED_PIN 13u
#define GREEN_PIN 2u

void leds_start(void) {
    pins_output(PORT_I, RED_PIN);
    pins_output(PORT_J, GREEN_PIN);
    GPIO_BSRR(PORT_I) = 1u << RED_PIN;
    GPIO_BSRR(PORT_J) = 1u << GREEN_PIN;
}

void leds_show(bool success) {
    leds_start();
    if (success) {
        GPIO_BSRR(PORT_J) = 1u << (16u + GREEN_PIN);
    } else {
        GPIO_BSRR(PORT_I) = 1u << (16u + RED_PIN);
    }
}
