/* SPDX-License-Identifier: Apache-2.0
 *
 * The packed weights of a network's fast kernels, read in plain C: for processors without the DSP
 * extension or FPU, and for the host with sanitizers. The same steps as the assembly, so the same
 * bytes; codegen/kernels/layout.py describes the layout.
 */
#ifndef NN_PACKED_CHAIN_H
#define NN_PACKED_CHAIN_H

#include "ai_platform.h"

AI_API_DECLARE_BEGIN

/* The generated assembly needs Thumb-2, SMLAD and its kin, and a single-precision FPU. */
#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && defined(__thumb2__)
#define NN_PACKED_ASSEMBLY 1
#else
#define NN_PACKED_ASSEMBLY 0
#endif

typedef struct {
    ai_u32 inputs;
    ai_u32 outputs;
    ai_u32 quads;       /* of inputs, padded */
    ai_u32 duos;        /* of output pairs, padded */
    ai_u32 block;       /* outputs that share a row of constants */
    ai_u32 chunk_quads; /* quads side by side in [quads][duo][quad]; 0: [duo][quads] */
    bool winograd;      /* the constants have Winograd's terms taken away */
    bool alternate;     /* inputs 0, 2 and 1, 3 of a quad are pairs, not 0, 1 and 2, 3 */
    bool integers;      /* requantized by M, M, addend; else by float32 multipliers */
    ai_u32 shift;
    ai_i32 base;   /* input byte that counts as 0 */
    ai_i32 offset; /* output zero point + 128 */
    ai_u32 constants;
    ai_u32 weights;
    ai_u32 buffer; /* arena offset of its input, int16 */
} nn_packed_stage;

void nn_packed_chain(const nn_packed_stage *stages, ai_u32 count, const ai_i8 *input, ai_i8 *output,
                     const ai_u8 *weights, ai_u8 *arena);

AI_API_DECLARE_END

#endif /* NN_PACKED_CHAIN_H */
