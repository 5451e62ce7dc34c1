/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_CONCAT_H
#define NN_CONCAT_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* One input of a concatenation: `count` runs of bytes, `stride` bytes apart in the output, each
 * byte through a table of 256 (by the byte plus 128) unless that is NULL. The input may lie where
 * it is written to when there is one run. */
void nn_concat(ai_u32 count, ai_u32 run, ai_u32 stride, const ai_i8 *input, ai_i8 *output,
               const ai_i8 *table);

AI_API_DECLARE_END

#endif /* NN_CONCAT_H */
