/* The end of a run, good or bad. */
#include "board.h"
#include "console.h"
#include "stm32.h"

#define SUMMARY_PERIOD_MS 3000u

_Noreturn void bringup_fail(const char *text) {
    console_text("error: ");
    console_text(text);
    console_text("\n");
    board_finish(BRINGUP_FAILED, text, 0);
}

/* A terminal that is opened late shall not see an empty screen. */
static void repeat_summary(int32_t status, const char *why) {
    console_text("finished with status ");
    console_unsigned((uint32_t)status);
    console_text(": ");
    if (why != NULL) {
        console_text(why);
    } else if (app_summary != NULL) {
        app_summary();
    }
    console_text("\n");
}

/* Emulators and debuggers stop at its first instruction and read the arguments. */
__attribute__((noinline, used)) _Noreturn void board_finish(int32_t status, const void *results,
                                                            uint32_t size) {
    const char *why = size == 0 ? results : NULL;
    console_drain();
    leds_show(status == 0);
    for (;;) {
        for (uint32_t i = 0; i < SUMMARY_PERIOD_MS; ++i) {
            delay_us(1000);
        }
        repeat_summary(status, why);
    }
}
