/* SPDX-License-Identifier: Apache-2.0
 *
 * Words that applications made by STM32CubeMX take from the header of this name: storage classes
 * and small helpers. Written anew from their names and use.
 */
#ifndef AI_DATATYPES_DEFINES_H
#define AI_DATATYPES_DEFINES_H

#include "ai_platform.h"

#define AI_INTERFACE_TYPE
#define AI_INTERFACE_ENTRY
#define AI_INTERNAL_API

#define AI_CONST const
#define AI_STATIC static
#define AI_STATIC_CONST static const
#define AI_DECLARE_STATIC static inline
#define AI_FORCE_INLINE static inline
#define AI_HINT_INLINE static inline

#define AI_ALIGNED_TYPE(type, bytes) type __attribute__((aligned(bytes)))
#define AI_PACKED_STRUCT_START
#define AI_PACKED_STRUCT_END
#define AI_PACKED

#define AI_STRINGIFY_ARG(contents) #contents
#define AI_STRINGIFY(macro) AI_STRINGIFY_ARG(macro)
#define AI_CR "\r\n"

#define AI_FLAG_SET(mask, flag) ((mask) |= (flag))
#define AI_FLAG_UNSET(mask, flag) ((mask) &= ~(flag))
#define AI_FLAG_IS_SET(mask, flag) (((mask) & (flag)) == (flag))

#endif /* AI_DATATYPES_DEFINES_H */
