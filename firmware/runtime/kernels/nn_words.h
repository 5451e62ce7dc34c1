/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_WORDS_H
#define NN_WORDS_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* Copies words, the first one first: `to` may lie anywhere before `from`. */
void nn_move_words(ai_u32 *to, const ai_u32 *from, ai_i32 count);

AI_API_DECLARE_END

#endif /* NN_WORDS_H */
