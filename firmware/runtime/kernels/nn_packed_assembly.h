/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a network's generated assembly runs on the processor that this is compiled for; included
 * by C and by assembly. It needs Thumb-2, the DSP extension (SMLAD and its kin) and a
 * single-precision FPU: Cortex-M7, M4F and M33.
 */
#ifndef NN_PACKED_ASSEMBLY_H
#define NN_PACKED_ASSEMBLY_H

#include "nn_sections.h"
#include "nn_target.h"

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && defined(__thumb2__)
#define NN_PACKED_ASSEMBLY 1
#else
#define NN_PACKED_ASSEMBLY 0
#endif

#endif /* NN_PACKED_ASSEMBLY_H */
