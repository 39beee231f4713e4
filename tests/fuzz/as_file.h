/* The input of a fuzz target as a file that has a path, without touching the disk. */
#ifndef SDAG_TESTS_AS_FILE_H
#define SDAG_TESTS_AS_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct as_file {
    int fd;
    char path[32];
} as_file;

static inline as_file as_file_open(const uint8_t *data, size_t size)
{
    as_file f = {.fd = memfd_create("fuzz", MFD_CLOEXEC)};
    if (f.fd < 0) abort();
    for (size_t done = 0; done < size;) {
        ssize_t n = write(f.fd, data + done, size - done);
        if (n <= 0) abort();
        done += (size_t)n;
    }
    snprintf(f.path, sizeof f.path, "/proc/self/fd/%d", f.fd);
    return f;
}

static inline void as_file_close(as_file *f) { close(f->fd); }

#endif
