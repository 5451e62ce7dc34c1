#include "console.h"

#include "board.h"

void console_text(const char *text) {
    while (*text != '\0') {
        size_t length = 0;
        while (text[length] != '\0' && text[length] != '\n') {
            ++length;
        }
        if (length > 0) {
            board_console_write(text, length);
        }
        text += length;
        if (*text == '\n') {
            board_console_write("\r\n", 2);
            ++text;
        }
    }
}

void console_unsigned(uint32_t value) {
    char digits[10]; /* 2^32 - 1 has ten */
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0);
    board_console_write(&digits[first], sizeof digits - first);
}

void console_signed(int32_t value) {
    uint32_t magnitude = (uint32_t)value;
    if (value < 0) {
        board_console_write("-", 1);
        magnitude = 0u - magnitude; /* defined for INT32_MIN too */
    }
    console_unsigned(magnitude);
}

void console_hex(uint32_t value) {
    char digits[10] = "0x";
    for (size_t i = 0; i < 8; ++i) {
        const uint32_t nibble = (value >> (28u - 4u * i)) & 0xFu;
        digits[2 + i] = (char)(nibble < 10u ? '0' + nibble : 'a' + (nibble - 10u));
    }
    board_console_write(digits, sizeof digits);
}

void console_percent(uint32_t part, uint32_t whole) {
    if (whole == 0) {
        console_text("- %");
        return;
    }
    /* Long division, four digits after the point: a 64-bit division would pull in its own code. */
    uint32_t hundredths = part / whole;
    uint32_t remainder = part % whole;
    for (int i = 0; i < 4; ++i) {
        remainder *= 10u;
        hundredths = 10u * hundredths + remainder / whole;
        remainder %= whole;
    }
    if (2u * remainder >= whole) {
        ++hundredths;
    }
    const uint32_t decimals = hundredths % 100u;
    const char text[] = {'.', (char)('0' + decimals / 10u), (char)('0' + decimals % 10u), ' ', '%'};
    console_unsigned(hundredths / 100u);
    board_console_write(text, sizeof text);
}
