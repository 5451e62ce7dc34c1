/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_LOOKUP_H
#define NN_LOOKUP_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* output[i] = table[input[i] + 128]; input and output may be the same bytes. */
void nn_lookup(ai_u32 size, const ai_i8 *input, ai_i8 *output, const ai_i8 *table);

AI_API_DECLARE_END

#endif /* NN_LOOKUP_H */
