/* SPDX-License-Identifier: Apache-2.0
 *
 * The public types and macros of the X-CUBE-AI embedded client interface (layout "7.1+"), written
 * anew from its documented names, values and memory layout, so that programs written for that
 * interface compile and link against this open runtime. No vendor code is used or needed.
 */
#ifndef AI_PLATFORM_H
#define AI_PLATFORM_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define AI_API_DECLARE_BEGIN extern "C" {
#define AI_API_DECLARE_END }
#else
#include <stdbool.h>
#define AI_API_DECLARE_BEGIN
#define AI_API_DECLARE_END
#endif

/* ---- Versions ------------------------------------------------------------------------------ */

#define AI_VERSION(major, minor, micro)                                                            \
    (((uint32_t)(major) << 24) | ((uint32_t)(minor) << 16) | ((uint32_t)(micro) << 8))

#define AI_PLATFORM_API_MAJOR 1
#define AI_PLATFORM_API_MINOR 2
#define AI_PLATFORM_API_MICRO 0
#define AI_PLATFORM_API_VERSION                                                                    \
    AI_VERSION(AI_PLATFORM_API_MAJOR, AI_PLATFORM_API_MINOR, AI_PLATFORM_API_MICRO)

#define AI_TOOLS_API_VERSION_1_3 AI_VERSION(1, 3, 0)
#define AI_TOOLS_API_VERSION_1_4 AI_VERSION(1, 4, 0)
#define AI_TOOLS_API_VERSION_1_5 AI_VERSION(1, 5, 0)

/* ---- Compiler ------------------------------------------------------------------------------ */

#define AI_API_ENTRY
#define AI_DEPRECATED
#define AI_LEGACY
#define AI_ALIGNED(bytes) __attribute__((aligned(bytes)))
#define AI_UNUSED(variable) ((void)(variable))
#define AI_CONCAT_(a, b) a##b
#define AI_CONCAT(a, b) AI_CONCAT_(a, b)
#define AI_CAST(type, expression) ((type)(expression))
#define AI_PACK(...) __VA_ARGS__

#ifdef __cplusplus
#define AI_STRUCT_INIT                                                                             \
    {                                                                                              \
    }
#define AI_C_ARRAY_INIT                                                                            \
    {                                                                                              \
    }
#else
#define AI_STRUCT_INIT {0}
#define AI_C_ARRAY_INIT {0}
#endif

#define AII32_FMT "%" PRId32
#define AIU32_FMT "%" PRIu32
#define AII64_FMT "%" PRId64
#define AIU64_FMT "%" PRIu64
#define SSIZET_FMT "%" PRIu32
#define AI_ERROR_FMT AIU32_FMT

/* ---- Scalars ------------------------------------------------------------------------------- */

typedef char ai_char;
typedef bool ai_bool;
typedef float ai_float;
typedef double ai_double;
typedef int ai_int;
typedef unsigned int ai_uint;
typedef int8_t ai_i8;
typedef int16_t ai_i16;
typedef int32_t ai_i32;
typedef int64_t ai_i64;
typedef uint8_t ai_u8;
typedef uint16_t ai_u16;
typedef uint32_t ai_u32;
typedef uint64_t ai_u64;
typedef uint64_t ai_macc;
typedef int32_t ai_pbits;
typedef uint32_t ai_size;
typedef int16_t ai_short_size;
typedef uintptr_t ai_uptr;
typedef uint32_t ai_signature;
typedef uint32_t ai_flags;
typedef uint8_t ai_custom_type_signature;
typedef uint32_t ai_shape_dimension;
typedef int32_t ai_buffer_format;
typedef void *ai_handle;
typedef const void *ai_handle_const;
typedef void (*ai_handle_func)(ai_handle);

#define AI_HANDLE_NULL ((ai_handle)NULL)
/* By way of an integer: what is constant stays so, and -Wcast-qual has nothing to say. */
#define AI_HANDLE_PTR(pointer) ((ai_handle)(ai_uptr)(pointer))
#define AI_HANDLE_FUNC_PTR(function) ((ai_handle_func)(function))

#define AI_FLAG_NONE 0u
#define AI_MAGIC_MARKER 0xA1FACADEu
#define AI_MAGIC_SIGNATURE AI_MAGIC_MARKER

/* ---- Errors -------------------------------------------------------------------------------- */

typedef enum {
    AI_ERROR_NONE = 0x00,
    AI_ERROR_TOOL_PLATFORM_API_MISMATCH = 0x01,
    AI_ERROR_TYPES_MISMATCH = 0x02,
    AI_ERROR_INVALID_HANDLE = 0x10,
    AI_ERROR_INVALID_STATE = 0x11,
    AI_ERROR_INVALID_INPUT = 0x12,
    AI_ERROR_INVALID_OUTPUT = 0x13,
    AI_ERROR_INVALID_PARAM = 0x14,
    AI_ERROR_INVALID_SIGNATURE = 0x15,
    AI_ERROR_INVALID_SIZE = 0x16,
    AI_ERROR_INVALID_VALUE = 0x17,
    AI_ERROR_INIT_FAILED = 0x30,
    AI_ERROR_ALLOCATION_FAILED = 0x31,
    AI_ERROR_DEALLOCATION_FAILED = 0x32,
    AI_ERROR_CREATE_FAILED = 0x33,
} ai_error_type;

typedef enum {
    AI_ERROR_CODE_NONE = 0x0000,
    AI_ERROR_CODE_NETWORK = 0x0010,
    AI_ERROR_CODE_NETWORK_PARAMS = 0x0011,
    AI_ERROR_CODE_NETWORK_WEIGHTS = 0x0012,
    AI_ERROR_CODE_NETWORK_ACTIVATIONS = 0x0013,
    AI_ERROR_CODE_LAYER = 0x0014,
    AI_ERROR_CODE_TENSOR = 0x0015,
    AI_ERROR_CODE_ARRAY = 0x0016,
    AI_ERROR_CODE_INVALID_PTR = 0x0017,
    AI_ERROR_CODE_INVALID_SIZE = 0x0018,
    AI_ERROR_CODE_INVALID_FORMAT = 0x0019,
    AI_ERROR_CODE_OUT_OF_RANGE = 0x0020,
    AI_ERROR_CODE_INVALID_BATCH = 0x0021,
    AI_ERROR_CODE_MISSED_INIT = 0x0030,
    AI_ERROR_CODE_IN_USE = 0x0040,
    AI_ERROR_CODE_LOCK = 0x0041,
} ai_error_code;

typedef struct {
    uint32_t type : 8;  /* ai_error_type */
    uint32_t code : 24; /* ai_error_code */
} ai_error;

/* ---- Buffer formats ------------------------------------------------------------------------ */

/* Bits of ai_buffer_format: 30 const, 29 static, 27 input or output; 23 sign, 20:17 type (1 float,
 * 2 fixed point, 3 bool), 13:7 bits, 6:0 fraction bits + 64. */
#define AI_BUFFER_FORMAT_MASK 0x01FFFFFF
#define AI_BUFFER_FMT_MASK(format) ((ai_buffer_format)(format) & AI_BUFFER_FORMAT_MASK)
#define AI_BUFFER_FMT_FLAG_CONST (1 << 30)
#define AI_BUFFER_FMT_FLAG_STATIC (1 << 29)
#define AI_BUFFER_FMT_FLAG_IS_IO (1 << 27)
#define AI_BUFFER_FMT_GET_SIGN(format) (((ai_u32)(format) >> 23) & 1u)
#define AI_BUFFER_FMT_GET_TYPE(format) (((ai_u32)(format) >> 17) & 0xFu)
#define AI_BUFFER_FMT_GET_BITS(format) (((ai_u32)(format) >> 7) & 0x7Fu)
#define AI_BUFFER_FMT_GET_FBITS(format) ((ai_i32)((ai_u32)(format) & 0x7Fu) - 64)
#define AI_BUFFER_FMT_GET_FLOAT(format)                                                            \
    (AI_BUFFER_FMT_GET_TYPE(format) == (ai_u32)AI_BUFFER_FMT_TYPE_FLOAT ? 1u : 0u)

enum {
    AI_BUFFER_FMT_TYPE_NONE = 0,
    AI_BUFFER_FMT_TYPE_FLOAT = 1,
    AI_BUFFER_FMT_TYPE_Q = 2,
    AI_BUFFER_FMT_TYPE_BOOL = 3,
};

enum {
    AI_BUFFER_FORMAT_NONE = 0x00000040,
    AI_BUFFER_FORMAT_FLOAT = 0x00821040,
    AI_BUFFER_FORMAT_U1 = 0x000400C0,
    AI_BUFFER_FORMAT_U8 = 0x00040440,
    AI_BUFFER_FORMAT_U16 = 0x00040840,
    AI_BUFFER_FORMAT_U32 = 0x00041040,
    AI_BUFFER_FORMAT_S1 = 0x008400C0,
    AI_BUFFER_FORMAT_S8 = 0x00840440,
    AI_BUFFER_FORMAT_S16 = 0x00840840,
    AI_BUFFER_FORMAT_S32 = 0x00841040,
    AI_BUFFER_FORMAT_Q = 0x00840040,
    AI_BUFFER_FORMAT_Q7 = 0x00840447,
    AI_BUFFER_FORMAT_Q15 = 0x0084084F,
    AI_BUFFER_FORMAT_UQ = 0x00040040,
    AI_BUFFER_FORMAT_UQ7 = 0x00040447,
    AI_BUFFER_FORMAT_UQ15 = 0x0004084F,
    AI_BUFFER_FORMAT_BOOL = 0x00060440,
};

/* ---- Shapes -------------------------------------------------------------------------------- */

enum {
    AI_SHAPE_BATCH = 0,
    AI_SHAPE_IN_CHANNEL = 0,
    AI_SHAPE_TIME = 0,
    AI_SHAPE_CHANNEL = 1,
    AI_SHAPE_WIDTH = 2,
    AI_SHAPE_HEIGHT = 3,
    AI_SHAPE_DEPTH = 4,
    AI_SHAPE_EXTENSION = 5,
};

#define AI_SHAPE_BCWH 0x01u

typedef struct {
    uint32_t type : 8;  /* AI_SHAPE_BCWH */
    uint32_t size : 24; /* number of dimensions */
    ai_shape_dimension *data;
} ai_buffer_shape;

/* ---- Quantization meta-information --------------------------------------------------------- */

typedef struct {
    const ai_float *scale;
    const void *zeropoint;
} ai_intq_info;

typedef struct {
    ai_u16 flags;
    ai_u16 size;
    const ai_intq_info *info;
} ai_intq_info_list;

typedef struct {
    ai_u32 flags;
    const ai_intq_info_list *intq_info;
} ai_buffer_meta_info;

#define AI_BUFFER_META_HAS_INTQ_INFO (1u << 0)
#define AI_BUFFER_META_FLAG_SCALE_FLOAT (1u << 0)
#define AI_BUFFER_META_FLAG_ZEROPOINT_U8 (1u << 1)
#define AI_BUFFER_META_FLAG_ZEROPOINT_S8 (1u << 2)
#define AI_BUFFER_META_FLAG_ZEROPOINT_U16 (1u << 3)
#define AI_BUFFER_META_FLAG_ZEROPOINT_S16 (1u << 4)

/* ---- Buffers ------------------------------------------------------------------------------- */

typedef struct {
    ai_buffer_format format;
    ai_handle data;
    ai_buffer_meta_info *meta_info;
    ai_flags flags;
    ai_size size; /* elements, all batches */
    ai_buffer_shape shape;
} ai_buffer;

typedef struct {
    ai_u16 flags;
    ai_u16 size;
    ai_buffer *buffer;
} ai_buffer_array;

#define AI_BUFFER_FORMAT(buffer) AI_BUFFER_FMT_MASK((buffer)->format)
#define AI_BUFFER_DATA(buffer, type) ((type *)((buffer)->data))
#define AI_BUFFER_FLAGS(buffer) ((buffer)->flags)
#define AI_BUFFER_META_INFO(buffer) ((buffer)->meta_info)
#define AI_BUFFER_SHAPE_TYPE(buffer) ((buffer)->shape.type)
#define AI_BUFFER_SHAPE_SIZE(buffer) ((buffer)->shape.size)
#define AI_BUFFER_SHAPE_ELEM(buffer, axis)                                                         \
    (((buffer)->shape.data != NULL && (ai_size)(axis) < AI_BUFFER_SHAPE_SIZE(buffer))              \
         ? (buffer)->shape.data[(axis)]                                                            \
         : 1u)
#define AI_BUFFER_SET_SHAPE_ELEM(buffer, axis, value)                                              \
    do {                                                                                           \
        if ((buffer)->shape.data != NULL && (ai_size)(axis) < AI_BUFFER_SHAPE_SIZE(buffer)) {      \
            (buffer)->shape.data[(axis)] = (ai_shape_dimension)(value);                            \
        }                                                                                          \
    } while (0)
#define AI_BUFFER_N_BATCHES(buffer) AI_BUFFER_SHAPE_ELEM(buffer, AI_SHAPE_BATCH)
#define AI_BUFFER_CHANNELS(buffer) AI_BUFFER_SHAPE_ELEM(buffer, AI_SHAPE_CHANNEL)
#define AI_BUFFER_WIDTH(buffer) AI_BUFFER_SHAPE_ELEM(buffer, AI_SHAPE_WIDTH)
#define AI_BUFFER_HEIGHT(buffer) AI_BUFFER_SHAPE_ELEM(buffer, AI_SHAPE_HEIGHT)
#define AI_BUFFER_SIZE(buffer) ai_buffer_get_size((buffer), true)
#define AI_BUFFER_SIZE_UNPAD(buffer) ai_buffer_get_size((buffer), false)
#define AI_BUFFER_BYTE_SIZE(count, format) ai_buffer_get_byte_size((count), (format))

#define AI_BUFFER_META_INFO_INTQ(meta)                                                             \
    ((((meta) != NULL) && (((meta)->flags & AI_BUFFER_META_HAS_INTQ_INFO) != 0u))                  \
         ? (meta)->intq_info                                                                       \
         : NULL)
#define AI_BUFFER_META_INFO_INTQ_GET_SIZE(meta)                                                    \
    ((AI_BUFFER_META_INFO_INTQ(meta) != NULL) ? AI_BUFFER_META_INFO_INTQ(meta)->size : 0u)
#define AI_BUFFER_META_INFO_INTQ_GET_SCALE(meta, position)                                         \
    (((position) < AI_BUFFER_META_INFO_INTQ_GET_SIZE(meta))                                        \
         ? AI_BUFFER_META_INFO_INTQ(meta)->info->scale[(position)]                                 \
         : 0.0f)
#define AI_BUFFER_META_INFO_INTQ_GET_ZEROPOINT(meta, position)                                     \
    (((position) >= AI_BUFFER_META_INFO_INTQ_GET_SIZE(meta)) ? 0                                   \
     : ((AI_BUFFER_META_INFO_INTQ(meta)->flags & AI_BUFFER_META_FLAG_ZEROPOINT_U8) != 0u)          \
         ? (ai_i32)((const ai_u8 *)AI_BUFFER_META_INFO_INTQ(meta)->info->zeropoint)[(position)]    \
         : (ai_i32)((const ai_i8 *)AI_BUFFER_META_INFO_INTQ(meta)->info->zeropoint)[(position)])
#define AI_BUFFER_META_INFO_INIT(flags_, info_) {.flags = (flags_), .intq_info = (info_)}

#define AI_BUFFER_SHAPE_INIT(type_, size_, ...)                                                    \
    {                                                                                              \
        .type = (type_), .size = (size_), .data = (ai_shape_dimension[]) {                         \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define AI_BUFFER_SHAPE_INIT_FROM_ARRAY(type_, size_, array_)                                      \
    {.type = (type_), .size = (size_), .data = (array_)}
#define AI_BUFFER_INIT(flags_, format_, shape_, size_, meta_, data_)                               \
    {.format = (ai_buffer_format)(format_),                                                        \
     .data = (ai_handle)(data_),                                                                   \
     .meta_info = (meta_),                                                                         \
     .flags = (flags_),                                                                            \
     .size = (size_),                                                                              \
     .shape = AI_PACK(shape_)}
#define AI_BUFFER_INIT_STATIC(flags_, format_, shape_, size_, meta_, ...)                          \
    AI_BUFFER_INIT(flags_, format_, AI_PACK(shape_), size_, meta_,                                 \
                   ((ai_uptr[]){(ai_uptr)(__VA_ARGS__)}))
#define AI_BUFFER_OBJ_INIT(format_, height_, width_, channels_, batches_, data_)                   \
    {.format = (ai_buffer_format)(format_),                                                        \
     .data = (ai_handle)(data_),                                                                   \
     .meta_info = NULL,                                                                            \
     .flags = AI_FLAG_NONE,                                                                        \
     .size = (ai_size)(height_) * (ai_size)(width_) * (ai_size)(channels_),                        \
     .shape =                                                                                      \
         AI_BUFFER_SHAPE_INIT(AI_SHAPE_BCWH, 4, (batches_), (channels_), (width_), (height_))}

#define AI_BUFFER_ARRAY_OBJ_INIT(flags_, size_, buffers_)                                          \
    {.flags = (ai_u16)(flags_), .size = (ai_u16)(size_), .buffer = (buffers_)}
#define AI_BUFFER_ARRAY_OBJ_INIT_STATIC(flags_, size_, ...)                                        \
    {                                                                                              \
        .flags = (ai_u16)(flags_), .size = (ai_u16)(size_), .buffer = (ai_buffer[]) {              \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define AI_BUFFER_ARRAY_FLAGS(array) (((array) != NULL) ? (array)->flags : AI_FLAG_NONE)
#define AI_BUFFER_ARRAY_SIZE(array) (((array) != NULL) ? (array)->size : 0u)
#define AI_BUFFER_ARRAY_SANE(array) ai_buffer_array_sane(array)
#define AI_BUFFER_ARRAY_ITEM(array, position)                                                      \
    ((((array) != NULL) && ((ai_u32)(position) < (array)->size)) ? &(array)->buffer[(position)]    \
                                                                 : NULL)
#define AI_BUFFER_ARRAY_ITEM_SET_ADDRESS(array, position, address)                                 \
    ai_buffer_array_item_set_address((array), (position), (address))

/* ---- Parameters and reports ---------------------------------------------------------------- */

/* Two forms share these 56 bytes; the first word tells them apart: AI_MAGIC_SIGNATURE for the map
 * form, a buffer format otherwise. */
__extension__ typedef union {
    __extension__ struct {
        ai_buffer params;
        ai_buffer activations;
    };
    __extension__ struct {
        ai_signature map_signature;
        ai_buffer_array map_weights;
        ai_buffer_array map_activations;
    };
} ai_network_params;

#define AI_NETWORK_PARAMS_INIT(params_, activations_)                                              \
    {.params = AI_PACK(params_), .activations = AI_PACK(activations_)}
#define AI_NETWORK_BUFFERS_INIT(weights_, activations_)                                            \
    {.map_signature = AI_MAGIC_SIGNATURE,                                                          \
     .map_weights = AI_PACK(weights_),                                                             \
     .map_activations = AI_PACK(activations_)}

typedef struct {
    ai_u8 major;
    ai_u8 minor;
    ai_u8 micro;
    ai_u8 reserved;
} ai_platform_version;

typedef struct {
    const char *model_name;
    const char *model_signature;
    const char *model_datetime;
    const char *compile_datetime;
    const char *runtime_revision;
    ai_platform_version runtime_version;
    const char *tool_revision;
    ai_platform_version tool_version;
    ai_platform_version tool_api_version;
    ai_platform_version api_version;
    ai_platform_version interface_api_version;
    ai_macc n_macc;
    ai_u16 n_inputs;
    ai_u16 n_outputs;
    ai_buffer *inputs;
    ai_buffer *outputs;
    __extension__ union {
        __extension__ struct {
            ai_buffer params;
            ai_buffer activations;
        };
        __extension__ struct {
            ai_signature map_signature;
            ai_buffer_array map_weights;
            ai_buffer_array map_activations;
        };
    };
    ai_u32 n_nodes;
    ai_signature signature;
} ai_network_report;

/* The layout is an interface: programs and libraries built apart from this header rely on it. */
#if defined(__arm__) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
_Static_assert(sizeof(ai_error) == 4, "ai_error");
_Static_assert(sizeof(ai_buffer_shape) == 8, "ai_buffer_shape");
_Static_assert(sizeof(ai_buffer) == 28, "ai_buffer");
_Static_assert(offsetof(ai_buffer, data) == 4, "ai_buffer.data");
_Static_assert(offsetof(ai_buffer, meta_info) == 8, "ai_buffer.meta_info");
_Static_assert(offsetof(ai_buffer, flags) == 12, "ai_buffer.flags");
_Static_assert(offsetof(ai_buffer, size) == 16, "ai_buffer.size");
_Static_assert(offsetof(ai_buffer, shape) == 20, "ai_buffer.shape");
_Static_assert(sizeof(ai_buffer_array) == 8, "ai_buffer_array");
_Static_assert(sizeof(ai_network_params) == 56, "ai_network_params");
_Static_assert(offsetof(ai_network_params, activations) == 28, "ai_network_params.activations");
_Static_assert(offsetof(ai_network_params, map_weights) == 4, "ai_network_params.map_weights");
_Static_assert(sizeof(ai_network_report) == 136, "ai_network_report");
_Static_assert(offsetof(ai_network_report, runtime_version) == 0x14, "runtime_version");
_Static_assert(offsetof(ai_network_report, n_macc) == 0x30, "n_macc");
_Static_assert(offsetof(ai_network_report, inputs) == 0x3C, "inputs");
_Static_assert(offsetof(ai_network_report, n_nodes) == 0x7C, "n_nodes");
#endif

/* ---- Functions on buffers ------------------------------------------------------------------ */

AI_API_DECLARE_BEGIN

/* Elements of a buffer by its shape, batches included, 0 when there are 2^32 or more; with_padding
 * has no effect on 8-bit data. */
ai_size ai_buffer_get_size(const ai_buffer *buffer, ai_bool with_padding);

/* Bytes that `count` elements of `format` take. */
ai_size ai_buffer_get_byte_size(ai_size count, ai_buffer_format format);

/* Whether an array has no buffers; whether it can be read, buffers or none; both: some to read. */
ai_bool ai_buffer_array_is_empty(const ai_buffer_array *array);
ai_bool ai_buffer_array_is_valid(const ai_buffer_array *array);
ai_bool ai_buffer_array_sane(const ai_buffer_array *array);

/* Bytes of all buffers of the array. */
ai_size ai_buffer_array_get_byte_size(const ai_buffer_array *array);

/* Give buffer `position` its data; false when there is no such buffer. */
ai_bool ai_buffer_array_item_set_address(ai_buffer_array *array, ai_u32 position,
                                         ai_handle address);

AI_API_DECLARE_END

#endif /* AI_PLATFORM_H */
