/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv_tables_rows.h"

#include "nn_conv_tables_loop.h"

/* Two channels stand in a word as low + 65536 * high, so that words are added as they are: what is
 * added to each low channel keeps it from borrowing of the high one, LOW to all elements, LAST to
 * the fifth and sixth one, of which each transformed one has one. Constants of the layer take it
 * back (codegen/kernels/conv/tables.py). */
#define LOW 128
#define LAST 2176

#if NN_PACKED_ASSEMBLY

#define NN_TEXT_OF(number) NN_QUOTED(number)
#define TAKE_LOW "mov r12, #" NN_TEXT_OF(LOW) "\n"
#define TAKE_LAST "mov lr, #" NN_TEXT_OF(LAST) "\n"

/* Six elements of two channels at r0, pixels [sp] bytes apart, to six words at r1, [sp, #4] bytes
 * apart: twelve additions. What is added to low lanes is in r12 and lr. `turn`: which bytes. */
#define SIX(turn)                                                                                  \
    "ldr.w r8, [sp]\n"                                                                             \
    "ldr.w r2, [r0]\n"                                                                             \
    "add.w r9, r0, r8\n"                                                                           \
    "ldr.w r4, [r0, r8, lsl #1]\n"                                                                 \
    "ldr.w r6, [r0, r8, lsl #2]\n"                                                                 \
    "ldr.w r3, [r0, r8]\n"                                                                         \
    "sxtab16 r4, r12, r4" turn "\n"                                                                \
    "ldr.w r5, [r9, r8, lsl #1]\n"                                                                 \
    "sxtab16 r6, lr, r6" turn "\n"                                                                 \
    "ldr.w r7, [r9, r8, lsl #2]\n"                                                                 \
    "sxtab16 r2, r12, r2" turn "\n"                                                                \
    "sub.w r8, r6, r4\n"                                                                           \
    "sxtab16 r3, r12, r3" turn "\n"                                                                \
    "sub.w r10, r2, r4\n"                                                                          \
    "sxtab16 r5, r12, r5" turn "\n"                                                                \
    "ldr.w r2, [sp, #4]\n"                                                                         \
    "add.w r10, r8, r10, lsl #2\n"                                                                 \
    "sub.w r9, r5, r3\n"                                                                           \
    "sxtab16 r7, lr, r7" turn "\n"                                                                 \
    "str.w r10, [r1]\n"                                                                            \
    "sub.w r6, r6, r4, lsl #2\n"                                                                   \
    "sub.w r7, r7, r5\n"                                                                           \
    "sub.w r5, r5, r3, lsl #2\n"                                                                   \
    "add.w r10, r1, r2\n"                                                                          \
    "add.w r11, r8, r9, lsl #1\n"                                                                  \
    "add.w r3, r6, r5\n"                                                                           \
    "sub.w r8, r8, r9, lsl #1\n"                                                                   \
    "str.w r3, [r1, r2]\n"                                                                         \
    "sub.w r7, r7, r9, lsl #2\n"                                                                   \
    "sub.w r4, r6, r5\n"                                                                           \
    "str.w r11, [r10, r2, lsl #1]\n"                                                               \
    "str.w r4, [r1, r2, lsl #1]\n"                                                                 \
    "str.w r8, [r1, r2, lsl #2]\n"                                                                 \
    "str.w r7, [r10, r2, lsl #2]\n"

#define EVEN_SIX SIX("")
#define ODD_SIX SIX(", ror #8")

/* The stack: bytes of a pixel; bytes from a place to the next one, from a pair of channels to the
 * next one; where the tile's pixel ends; bytes from behind the last pair to the next tile's first;
 * tiles that are left. */
__attribute__((naked, noinline)) NN_SECTION(NN_SECTION_KERNELS) void nn_conv_tables_transform(
    __attribute__((unused)) const nn_conv_tables_rows *rows,
    __attribute__((unused)) const ai_i8 *bytes, __attribute__((unused)) ai_i32 row) {
    __asm__(".syntax unified\n"
            "push {r4-r11, lr}\n"
            "sub sp, #24\n"
            "ldm r0, {r4-r7}\n"
            "mov r0, r1\n"
            "mul r2, r2, r7\n"
            "mul r6, r6, r7\n"
            "lsls r3, r5, #2\n"
            "lsls r6, r6, #2\n"
            "str r7, [sp, #20]\n"
            "mul r5, r5, r6\n"
            "str r3, [sp]\n"
            "lsls r5, r5, #1\n"
            "str r6, [sp, #8]\n"
            "str r5, [sp, #4]\n"
            "rsb r5, r5, #4\n"
            "str r5, [sp, #16]\n"
            "add.w r1, r4, r2, lsl #2\n" TAKE_LOW TAKE_LAST "1:\n"
            "ldr r2, [sp]\n"
            "add r2, r0\n"
            "str r2, [sp, #12]\n"
            "2:\n" EVEN_SIX "ldr r2, [sp, #8]\n"
            "add r1, r2\n" ODD_SIX "ldr r2, [sp, #8]\n"
            "adds r0, #4\n"
            "ldr r3, [sp, #12]\n"
            "add r1, r2\n"
            "cmp r0, r3\n"
            "bne 2b\n"
            "ldr r2, [sp]\n"
            "ldr r3, [sp, #16]\n"
            "ldr r4, [sp, #20]\n"
            "add.w r2, r2, r2, lsl #1\n"
            "add r1, r3\n"
            "add r0, r2\n"
            "subs r4, #1\n"
            "str r4, [sp, #20]\n"
            "bne 1b\n"
            "add sp, #24\n"
            "pop {r4-r11, pc}\n");
}

__attribute__((naked, noinline))
NN_SECTION(NN_SECTION_KERNELS) void nn_conv_tables_move(__attribute__((unused))
                                                        const nn_conv_tables_rows *rows) {
    __asm__(".syntax unified\n"
            "push {r4-r9, lr}\n"
            "ldm r0, {r4-r7}\n"
            "mul r1, r6, r7\n"
            "lsls r7, r7, #1\n"
            "add.w r5, r5, r5, lsl #1\n"
            "subs r2, r1, r7\n"
            "lsls r0, r5, #2\n"
            "lsls r1, r1, #2\n"
            "mov r8, r4\n"
            "mov r9, r7\n"
            "1:\n"
            "mov r12, r8\n"
            "add.w lr, r8, r2, lsl #2\n"
            "mov r3, r9\n"
            "tst r3, #2\n"
            "beq 2f\n"
            "ldrd r4, r5, [lr], #8\n"
            "subs r3, #2\n"
            "strd r4, r5, [r12], #8\n"
            "beq 3f\n"
            "2:\n"
            "ldm lr!, {r4-r7}\n"
            "subs r3, #4\n"
            "stm r12!, {r4-r7}\n"
            "bne 2b\n"
            "3:\n"
            "add r8, r1\n"
            "subs r0, #1\n"
            "bne 1b\n"
            "pop {r4-r9, pc}\n");
}

#else

#include "nn_dsp.h"

/* `apart` words between places. */
static void transform(const ai_u32 d[6], ai_u32 *wide, ai_i32 apart) {
    const ai_u32 u = d[4] - d[2];
    const ai_u32 p = d[3] - d[1];
    const ai_u32 v = d[4] - 4u * d[2];
    const ai_u32 q = d[3] - 4u * d[1];
    wide[0] = u + 4u * (d[0] - d[2]);
    wide[apart] = v + q;
    wide[2 * apart] = v - q;
    wide[3 * apart] = u + 2u * p;
    wide[4 * apart] = u - 2u * p;
    wide[5 * apart] = d[5] - d[3] - 4u * p;
}

/* Bytes 0 and 2 of a word, with their signs, to each half; in the low one with what is added. */
static ai_u32 two_channels(ai_u32 word, ai_u32 added) {
    const ai_u32 even = nn_even(word);
    return (even & 0xFFFF0000u) | ((even + added) & 0xFFFFu);
}

void nn_conv_tables_transform(const nn_conv_tables_rows *rows, const ai_i8 *bytes, ai_i32 row) {
    const ai_i32 between = rows->rows * rows->tiles;
    const ai_i32 apart = 2 * rows->fours * between;
    const ai_i32 pixel = 4 * rows->fours;
    for (ai_i32 tile = 0; tile < rows->tiles; tile++) {
        ai_u32 *wide = rows->wide + row * rows->tiles + tile;
        for (ai_i32 pair = 0; pair < 2 * rows->fours; pair++) {
            ai_u32 elements[6];
            for (ai_i32 i = 0; i < 6; i++) {
                const ai_u32 word = nn_word(bytes + (4 * tile + i) * pixel + pair / 2 * 4);
                elements[i] = two_channels(word >> 8 * (pair % 2), i < 4 ? LOW : LAST);
            }
            transform(elements, wide + pair * between, apart);
        }
    }
}

void nn_conv_tables_move(const nn_conv_tables_rows *rows) {
    const ai_i32 between = rows->rows * rows->tiles;
    ai_u32 *wide = rows->wide;
    for (ai_i32 left = 12 * rows->fours; left > 0; left--) {
        for (ai_i32 i = 0; i < 2 * rows->tiles; i++) {
            wide[i] = wide[i + between - 2 * rows->tiles];
        }
        wide += between;
    }
}

#endif
