/* One LED for success and one for failure: those of the two that the board has. */
#include "board_config.h"
#include "registers.h"
#include "stm32.h"

#if defined BOARD_LED_SUCCESS || defined BOARD_LED_FAILURE

struct led {
    uint32_t port, pin;
};

#ifdef BOARD_LED_SUCCESS
static const struct led success_led = BOARD_LED_SUCCESS;
#endif
#ifdef BOARD_LED_FAILURE
static const struct led failure_led = BOARD_LED_FAILURE;
#endif

/* The level first: a pin that becomes an output must not flash. */
static void show(const struct led *led, bool on) {
    const bool high = on != (BOARD_LEDS_ACTIVE_LOW != 0);
    pins_clock_on(led->port);
    GPIO_BSRR(led->port) = 1u << (high ? led->pin : 16u + led->pin);
    pins_output(led->port, led->pin);
}

static void show_both(bool success, bool failure) {
#ifdef BOARD_LED_SUCCESS
    show(&success_led, success);
#else
    (void)success;
#endif
#ifdef BOARD_LED_FAILURE
    show(&failure_led, failure);
#else
    (void)failure;
#endif
}

#else

static void show_both(bool success, bool failure) {
    (void)success;
    (void)failure;
}

#endif

void leds_start(void) {
    show_both(false, false);
}

void leds_show(bool success) {
    show_both(success, !success);
}
