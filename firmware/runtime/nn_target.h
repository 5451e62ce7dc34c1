/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether the flags that choose the processor reached this library. A host that keeps them on a
 * target of its own would get code for another processor here, which links, and hangs. Included by
 * C and by assembly. And whether it has the byte order that constants are made for.
 */
#ifndef NN_TARGET_H
#define NN_TARGET_H

/* Arm's C language extensions (ACLE), 6.5.2: a compiler's default has no profile or another one. */
#if defined(__arm__) && !defined(__linux__) &&                                                     \
    (!defined(__ARM_ARCH_PROFILE) || __ARM_ARCH_PROFILE != 'M')
#error "nn2flash: no Cortex-M is selected here: give this library the flags of your processor, too"
#endif

/* Tables, constants and assembly have the lowest byte first. */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "nn2flash: this processor is big-endian, which no network's constants are made for"
#endif

#endif /* NN_TARGET_H */
