/* Two threads, a network each, at the same time. */
#include <pthread.h>

#include "digits.h"
#include "digits_data.h"
#include "gearbox.h"

#define TIMES 2000

static void *run_digits(void *unused) {
    AI_ALIGNED(4) static ai_u8 arena[AI_DIGITS_DATA_ACTIVATIONS_SIZE];
    const ai_handle activations[] = {arena};
    ai_handle digits;
    bool good = ai_digits_create_and_init(&digits, activations, NULL).type == AI_ERROR_NONE;
    for (int i = 0; i < TIMES; i++) {
        good = good && ai_digits_run(digits, ai_digits_inputs_get(digits, NULL),
                                     ai_digits_outputs_get(digits, NULL)) == 1;
    }
    return good ? unused : NULL;
}

static void *run_gearbox(void *unused) {
    static STAI_NETWORK_CONTEXT_DECLARE(gearbox, STAI_GEARBOX_CONTEXT_SIZE)
    STAI_ALIGNED(4) static uint8_t arena[STAI_GEARBOX_ACTIVATIONS_SIZE_BYTES];
    const stai_ptr activations[] = {arena};
    bool good = stai_gearbox_init(gearbox) == STAI_SUCCESS &&
                stai_gearbox_set_activations(gearbox, activations, 1) == STAI_SUCCESS;
    for (int i = 0; i < TIMES; i++) {
        good = good && stai_gearbox_run(gearbox, STAI_MODE_SYNC) == STAI_SUCCESS;
    }
    return good ? unused : NULL;
}

int main(void) {
    static int something;
    pthread_t threads[2];
    void *results[2];
    pthread_create(&threads[0], NULL, run_digits, &something);
    pthread_create(&threads[1], NULL, run_gearbox, &something);
    pthread_join(threads[0], &results[0]);
    pthread_join(threads[1], &results[1]);
    return results[0] != NULL && results[1] != NULL ? 0 : 1;
}
