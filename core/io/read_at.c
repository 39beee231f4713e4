#include "core/io/read_at.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int sdag_open_at(int dir, const char *path, int more)
{
    int fd;
    do fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | more);
    while (fd < 0 && errno == EINTR);
    return fd;
}

ssize_t sdag_read_at(int fd, void *buf, size_t n, uint64_t offset)
{
    size_t done = 0;
    while (done < n) {
        ssize_t k = pread(fd, (char *)buf + done, n - done, (off_t)(offset + done));
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return -1;
        if (k == 0) break;
        done += (size_t)k;
    }
    return (ssize_t)done;
}
