/* A network whatever the application does around it: every input in every floating-point mode, then
 * with input and output in every place. All outputs are handed out, in this order.
 *   NN_NAME, NN_UPPER   its name, its name in capitals
 *   STAI                its interface is st-ai, else legacy
 *   CASES, PLACES       inputs; places of an input and an output
 */
#include <string.h>

#include "board.h"
#include "console.h"

#define JOIN_(a, b, c) a##b##c
#define JOIN(a, b, c) JOIN_(a, b, c)
#define TEXT_(text) #text
#define TEXT(text) TEXT_(text)

#ifdef STAI
#include TEXT(NN_NAME.h)
#define MACRO(suffix) JOIN(STAI_, NN_UPPER, suffix)
#define CALL(suffix) JOIN(stai_, NN_NAME, suffix)
#define ARENA MACRO(_ACTIVATIONS_SIZE_BYTES)
STAI_NETWORK_CONTEXT_DECLARE(network, MACRO(_CONTEXT_SIZE))
#else
#include TEXT(JOIN(, NN_NAME, _data.h))
#include TEXT(NN_NAME.h)
#define MACRO(suffix) JOIN(AI_, NN_UPPER, suffix)
#define CALL(suffix) JOIN(ai_, NN_NAME, suffix)
#define ARENA MACRO(_DATA_ACTIVATIONS_SIZE)
static ai_handle network = AI_HANDLE_NULL;
#endif

#define IN MACRO(_IN_1_SIZE)
#define OUT MACRO(_OUT_1_SIZE)
#define LARGER (IN > OUT ? IN : OUT)
#define STEP 4

#if defined(__arm__)
/* FPSCR: rounding to plus infinity, minus infinity, zero; flush to zero; both. */
static const uint32_t modes[] = {0, 1u << 22, 2u << 22, 3u << 22, 1u << 24, 7u << 22};
static uint32_t get_mode(void) {
    uint32_t mode;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(mode));
    return mode & 0x01C00000u;
}
static void set_mode(uint32_t mode) {
    __asm__ volatile("vmsr fpscr, %0" : : "r"(mode));
}
#else
/* MXCSR, exceptions masked: the same; flush to zero with denormals as zeros; and the inexact
 * exception unmasked. */
static const uint32_t modes[] = {0x1F80, 0x5F80, 0x3F80, 0x7F80, 0x9FC0, 0x0F80};
static uint32_t get_mode(void) {
    uint32_t mode;
    __asm__ volatile("stmxcsr %0" : "=m"(mode));
    return mode & ~0x3Fu;
}
static void set_mode(uint32_t mode) {
    __asm__ volatile("ldmxcsr %0" : : "m"(mode));
}
#endif
#define MODES (sizeof(modes) / sizeof(modes[0]))

extern const int8_t JOIN(, NN_NAME, _case_inputs)[CASES][IN];

/* The arena, and room around it for buffers that reach over its ends. */
static _Alignas(8) uint8_t around[2 * LARGER + ARENA + 16];
#define BEFORE ((LARGER + 7) / 8 * 8)
static uint8_t *const arena = around + BEFORE;
static _Alignas(8) int8_t outside[2 * LARGER + 2 * STEP];
static int8_t results[MODES + PLACES][CASES][OUT];

static void fail(const char *what, uint32_t number) {
    console_text(what);
    console_text(" ");
    console_unsigned(number);
    console_text("\n");
    board_finish(1, NULL, 0);
}

static void start(void) {
#ifdef STAI
    stai_ptr buffer = arena;
    if (CALL(_init)(network) != STAI_SUCCESS ||
        CALL(_set_activations)(network, &buffer, 1) != STAI_SUCCESS) {
        fail("start", 0);
    }
#else
    const ai_handle arenas[] = {arena};
    if (CALL(_create_and_init)(&network, arenas, NULL).type != AI_ERROR_NONE) {
        fail("start", 0);
    }
#endif
}

static void run(int8_t *input, int8_t *output) {
#ifdef STAI
    stai_ptr in = (stai_ptr)input, out = (stai_ptr)output;
    if (CALL(_set_inputs)(network, &in, 1) != STAI_SUCCESS ||
        CALL(_set_outputs)(network, &out, 1) != STAI_SUCCESS ||
        CALL(_run)(network, STAI_MODE_SYNC) != STAI_SUCCESS) {
        fail("run", 0);
    }
#else
    ai_buffer *in = CALL(_inputs_get)(network, NULL);
    ai_buffer *out = CALL(_outputs_get)(network, NULL);
    in[0].data = AI_HANDLE_PTR(input);
    out[0].data = AI_HANDLE_PTR(output);
    if (CALL(_run)(network, in, out) != 1) {
        fail("run", CALL(_get_error)(network).code);
    }
#endif
}

static void infer(uint32_t row, uint32_t which, int8_t *input, int8_t *output) {
    memset(around, 0xA5, sizeof(around));
    memcpy(input, JOIN(, NN_NAME, _case_inputs)[which], IN);
    run(input, output);
    memcpy(results[row][which], output, OUT);
}

static void infer_all(uint32_t row, int8_t *input, int8_t *output) {
    for (uint32_t which = 0; which < CASES; which++) {
        infer(row, which, input, output);
    }
}

int main(void) {
    board_init();
    start();
    for (uint32_t row = 0; row < MODES; row++) {
        set_mode(modes[row]);
        infer_all(row, outside, outside + BEFORE);
        if (get_mode() != modes[row]) {
            fail("left in another mode after", row);
        }
    }
    set_mode(modes[0]);
    uint32_t row = MODES;
    /* Over each other, with every shift of whole words. */
    for (uint32_t shift = 0; shift < LARGER; shift += STEP) {
        infer_all(row++, outside, outside + shift);
        infer_all(row++, outside + BEFORE, outside + BEFORE - shift);
    }
    /* One or both at every word of the arena and over its ends. */
    for (uint32_t at = 0; at <= ARENA + BEFORE; at += STEP) {
        int8_t *inside = (int8_t *)(around + at);
        infer_all(row++, outside, inside);
        infer_all(row++, inside, outside);
        infer_all(row++, inside, inside);
    }
    if (row != MODES + PLACES) {
        fail("places:", row - (uint32_t)MODES);
    }
    board_finish(0, results, sizeof(results));
}
