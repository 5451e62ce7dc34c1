/* One LED for success and one for failure, where the board has them. */
#include "board_config.h"
#include "registers.h"
#include "stm32.h"

#ifdef BOARD_LED_SUCCESS

struct led {
    uint32_t port, pin;
};

static const struct led green = BOARD_LED_SUCCESS;
static const struct led red = BOARD_LED_FAILURE;

static void set(const struct led *led, bool on) {
    const bool high = on != (BOARD_LEDS_ACTIVE_LOW != 0);
    GPIO_BSRR(led->port) = 1u << (high ? led->pin : 16u + led->pin);
}

/* The level first: a pin that becomes an output must not flash. */
void leds_start(void) {
    const struct led *const leds[] = {&red, &green};
    for (uint32_t i = 0; i < 2u; ++i) {
        pins_clock_on(leds[i]->port);
        set(leds[i], false);
        pins_output(leds[i]->port, leds[i]->pin);
    }
}

void leds_show(bool success) {
    leds_start();
    set(success ? &green : &red, true);
}

#else

void leds_start(void) {
}

void leds_show(bool success) {
    (void)success;
}

#endif
