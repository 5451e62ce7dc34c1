/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_words.h"

#include "nn_packed_assembly.h"

#if NN_PACKED_ASSEMBLY

__attribute__((naked, noinline)) void nn_move_words(__attribute__((unused)) ai_u32 *to,
                                                    __attribute__((unused)) const ai_u32 *from,
                                                    __attribute__((unused)) ai_i32 count) {
    __asm__(".syntax unified\n"
            "push {r4-r10, lr}\n"
            "subs r2, #8\n"
            "blt 2f\n"
            "1:\n"
            "ldm r1!, {r3-r10}\n"
            "subs r2, #8\n"
            "stm r0!, {r3-r10}\n"
            "bge 1b\n"
            "2:\n"
            "adds r2, #8\n"
            "beq 4f\n"
            "3:\n"
            "ldr r3, [r1], #4\n"
            "subs r2, #1\n"
            "str r3, [r0], #4\n"
            "bne 3b\n"
            "4:\n"
            "pop {r4-r10, pc}\n");
}

#else

/* The empty instruction keeps compilers from calling memmove, which may go by bytes. */
void nn_move_words(ai_u32 *to, const ai_u32 *from, ai_i32 count) {
    for (ai_i32 i = 0; i < count; i++) {
        to[i] = from[i];
        __asm__ volatile("" ::: "memory");
    }
}

#endif
