/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_CONV_TABLES_ROWS_H
#define NN_CONV_TABLES_ROWS_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* Rows under a group of tiles, transformed: [6][pairs of channels][rows][tiles] words. The assembly
 * knows the order of the members. */
typedef struct {
    ai_u32 *wide;
    ai_i32 fours; /* of channels, two pairs each */
    ai_i32 rows;  /* under a group */
    ai_i32 tiles; /* of a row, whole groups */
} nn_conv_tables_rows;

/* A row of bytes to row `row` of the transformed ones. bytes: [4 * tiles + 2 columns][channels],
 * channels in whole fours. */
void nn_conv_tables_transform(const nn_conv_tables_rows *rows, const ai_i8 *bytes, ai_i32 row);

/* The last two rows become the first two of the next group. */
void nn_conv_tables_move(const nn_conv_tables_rows *rows);

AI_API_DECLARE_END

#endif /* NN_CONV_TABLES_ROWS_H */
