/* A sample of a time series after the other into the input of `gearbox`. */
/* docs: begin */
#include "gearbox_preprocess.h"

static gearbox_window window; /* all zero: no samples yet */
static int8_t input[GEARBOX_WINDOW_SAMPLES * GEARBOX_WINDOW_CHANNELS];

/* A sample of the sensor has come in; 1: a whole window was read. */
int sampled(const int16_t counts[GEARBOX_WINDOW_CHANNELS])
{
    return gearbox_window_add_i16(&window, counts) && gearbox_window_read(&window, input);
}
/* docs: end */
