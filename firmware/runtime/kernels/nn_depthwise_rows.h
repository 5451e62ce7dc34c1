/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_DEPTHWISE_ROWS_H
#define NN_DEPTHWISE_ROWS_H

#include "nn_packed_assembly.h"

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* Rows of one channel's output under a 3 x 3 window. The assembly knows the order of the members.
 */
typedef struct {
    const ai_u32 *plane;   /* [rows][words]: two neighbours as int16; moved by `down` */
    const ai_u32 *weights; /* [2][3][2]: of each row (w0, w1), (w2, 0), then (0, w0), (w1, w2) */
    ai_i8 *output;         /* moved by `below` */
    ai_i32 bias;
    ai_float multiplier;
    ai_i32 pitch; /* bytes from one row under the window to the next */
    ai_i32 down;  /* bytes from a window to the one below */
    ai_i32 below; /* bytes from an output to the one below */
    ai_i32 right; /* and to its neighbour */
    ai_i32 rows;  /* at least 1; counted down */
    ai_i32 pairs; /* of neighbouring outputs, the last one with or without its second */
    ai_i32 odd;   /* without */
    ai_i32 zero_point;
} nn_depthwise_rows;

#if NN_PACKED_ASSEMBLY

/* For windows one pixel apart, and two. Of the last row they read up to two words behind its end.
 */
void nn_depthwise_rows_1(nn_depthwise_rows *job);
void nn_depthwise_rows_2(nn_depthwise_rows *job);

#endif

AI_API_DECLARE_END

#endif /* NN_DEPTHWISE_ROWS_H */
