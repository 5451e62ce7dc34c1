/* The development machine as a board: console on stdout, results in the file $NN_RESULTS. */
#define _POSIX_C_SOURCE 200809L
#include "board.h"

#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void board_init(void) {
}

void board_console_write(const char *data, size_t size) {
    (void)fwrite(data, 1, size, stdout);
    (void)fflush(stdout);
}

static bool input_ended;

int board_console_read(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    unsigned char byte;
    if (poll(&input, 1, 0) != 1) {
        return -1;
    }
    const ssize_t count = read(STDIN_FILENO, &byte, 1);
    input_ended = count == 0;
    return count == 1 ? byte : -1;
}

/* Behind the end of the input nothing will ever come: whoever talked to us is gone. */
void board_console_wait(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (input_ended) {
        exit(EXIT_SUCCESS);
    }
    (void)poll(&input, 1, -1);
}

/* A desktop processor's cycles say nothing about a microcontroller's. */
uint32_t board_cycles(void) {
    return 0;
}

/* Write beside `path` and rename, so that a reader sees all bytes or no file. */
static bool write_whole(const char *path, const void *data, size_t size) {
    char temporary[PATH_MAX];
    const int length = snprintf(temporary, sizeof temporary, "%s.part", path);
    if (length < 0 || (size_t)length >= sizeof temporary) {
        return false;
    }
    FILE *file = fopen(temporary, "wb");
    if (file == NULL) {
        return false;
    }
    const bool written = size == 0 || fwrite(data, 1, size, file) == size;
    const bool closed = fclose(file) == 0;
    return written && closed && rename(temporary, path) == 0;
}

_Noreturn void board_finish(int32_t status, const void *results, uint32_t size) {
    const char *path = getenv("NN_RESULTS");
    if (path != NULL && !write_whole(path, results, size)) {
        perror(path);
        status = EXIT_FAILURE;
    }
    exit(status);
}
