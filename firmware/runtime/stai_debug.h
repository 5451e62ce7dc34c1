/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of the st-ai interface's codes and formats, for messages. Written anew.
 */
#ifndef STAI_DEBUG_H
#define STAI_DEBUG_H

#include "stai.h"

#define STAI_ASSERT(condition) ((void)0)
#define STAI_PRINT(...) ((void)0)

STAI_API_DECLARE_BEGIN

/* The name as in the header; "STAI_ERROR_UNKNOWN" and the like for a value that has none. */
const char *stai_get_return_code_name(const stai_return_code code);
const char *stai_get_format_type_name(const stai_format_type type);
const char *stai_get_format_name(const stai_format format);

STAI_API_DECLARE_END

#endif /* STAI_DEBUG_H */
