/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_CONV_TABLES_H
#define NN_CONV_TABLES_H

#include "nn_conv.h"
#include "nn_conv_tables_loop.h"

AI_API_DECLARE_BEGIN

/* Words of a table that nn_conv_tables_make makes of a step of two filters; bytes that it reads. */
#define NN_CONV_TABLES_STEP_WORDS 12
#define NN_CONV_TABLES_STEP_BYTES 12

/* nn_conv's output for windows of 3 by 3 that move by one, of one group: F(4, 3) along rows, with
 * transformed weights in `table`: docs/convolutions.md. `constants` are those of each filter as
 * codegen/kernels/conv/tables.py lays them out, which counts scratch and tells how many pairs of
 * filters, the first ones, are requantized by integers; `across` tiles of a group stand beside each
 * other, 4, 2 or 1. */
void nn_conv_tables(const nn_conv_shape *shape, const ai_i8 *input, ai_i8 *output,
                    const ai_u32 *constants, ai_i32 integers, const ai_u32 *table, ai_i32 across,
                    nn_conv_tables_loop loop, nn_conv_tables_end end, ai_u32 *scratch);

/* Its table. weights: [pairs of filters][steps][2 filters][2 channels][3 columns]; a step is two
 * channels of a row of the window. table: 12 words for each step of a pair. */
void nn_conv_tables_make(ai_i32 pairs, ai_i32 steps, const ai_i8 *weights, ai_u32 *table);

AI_API_DECLARE_END

#endif /* NN_CONV_TABLES_H */
