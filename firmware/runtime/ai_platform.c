/* SPDX-License-Identifier: Apache-2.0 */
#include "ai_platform.h"

ai_size ai_buffer_get_size(const ai_buffer *buffer, ai_bool with_padding) {
    AI_UNUSED(with_padding);
    if (buffer == NULL) {
        return 0u;
    }
    if (buffer->shape.data == NULL) {
        return buffer->size;
    }
    const ai_shape_dimension *next = buffer->shape.data;
    const ai_shape_dimension *end = next + buffer->shape.size;
    ai_size count = 1u;
    while (next != end) {
        const ai_u64 product = (ai_u64)count * *next++;
        if ((product >> 32) != 0u) {
            return 0u;
        }
        count = (ai_size)product;
    }
    return count;
}

ai_size ai_buffer_get_byte_size(ai_size count, ai_buffer_format format) {
    return (ai_size)(((ai_u64)count * AI_BUFFER_FMT_GET_BITS(format) + 7u) / 8u);
}

ai_bool ai_buffer_array_is_empty(const ai_buffer_array *array) {
    return array == NULL || array->size == 0u;
}

ai_bool ai_buffer_array_is_valid(const ai_buffer_array *array) {
    return array != NULL && (array->size == 0u || array->buffer != NULL);
}

ai_bool ai_buffer_array_sane(const ai_buffer_array *array) {
    return ai_buffer_array_is_valid(array) && !ai_buffer_array_is_empty(array);
}

ai_size ai_buffer_array_get_byte_size(const ai_buffer_array *array) {
    ai_size bytes = 0u;
    if (ai_buffer_array_sane(array)) {
        for (ai_u32 i = 0; i < array->size; i++) {
            bytes += ai_buffer_get_byte_size(array->buffer[i].size, array->buffer[i].format);
        }
    }
    return bytes;
}

ai_bool ai_buffer_array_item_set_address(ai_buffer_array *array, ai_u32 position,
                                         ai_handle address) {
    if (!ai_buffer_array_sane(array) || position >= array->size) {
        return false;
    }
    array->buffer[position].data = address;
    return true;
}
