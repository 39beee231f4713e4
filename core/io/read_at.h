/* Reading at a place in a file, by any number of threads at once. */
#ifndef SDAG_IO_READ_AT_H
#define SDAG_IO_READ_AT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* n bytes from offset; fewer only where the file ends. -1: errno says why. */
ssize_t sdag_read_at(int fd, void *buf, size_t n, uint64_t offset);

#endif
