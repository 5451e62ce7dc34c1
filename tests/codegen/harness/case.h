/* One network of a test program, behind calls that do not depend on its name. */
#ifndef CASE_H
#define CASE_H

#include "ai_platform.h"

typedef struct {
    const char *name;
    ai_u32 input_size;
    ai_u32 output_size;
    ai_u32 arena_size;
    ai_u8 *arena;
    const ai_i8 *inputs; /* all inputs, one after the other */
    const ai_i8 *inputs_end;
    ai_error (*start)(void);
    ai_error (*infer)(const ai_i8 *input, ai_i8 *output);
} test_case;

#endif
