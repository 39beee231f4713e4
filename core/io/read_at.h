/* Opening, and reading at a place by any number of threads at once; interruptions by signals are retried. */
#ifndef SDAG_IO_READ_AT_H
#define SDAG_IO_READ_AT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* For reading. dir: a directory's descriptor, or AT_FDCWD. more: O_DIRECTORY, or 0. -1: errno says why.
 * A named pipe opens at once, so that the caller can see what it is and refuse. */
int sdag_open_at(int dir, const char *path, int more);

/* n bytes from offset; fewer only where the file ends. -1: errno says why. */
ssize_t sdag_read_at(int fd, void *buf, size_t n, uint64_t offset);

#endif
