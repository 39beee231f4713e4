#include "core/io/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/io/read_at.h"

typedef struct reading {
    sdag_log *log;
    sdag_loc loc;
    const char *path;
} reading;

static sdag_status broken(const reading *r, const char *what)
{
    return sdag_fail(r->log, SDAG_IO, r->loc, "cannot read '%s': %s", r->path, what);
}

static sdag_status read_open(sdag_text_file *f, const reading *r, int fd, size_t limit)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return broken(r, strerror(errno));
    if (!S_ISREG(st.st_mode)) return broken(r, "it is not a regular file");
    if ((uintmax_t)st.st_size > limit)
        return sdag_fail(r->log, SDAG_IO, r->loc, "'%s' has %ju bytes, more than the limit of %zu", r->path,
                         (uintmax_t)st.st_size, limit);
    size_t size = (size_t)st.st_size;
    f->at = sdag_alloc(size + 1);
    if (!f->at) return SDAG_NOMEM;
    ssize_t n = sdag_read_at(fd, f->at, size, 0);
    if (n < 0) return broken(r, strerror(errno));
    f->n = (size_t)n;
    return f->n == size ? SDAG_OK : broken(r, "it became shorter while it was read");
}

sdag_status sdag_text_file_read(sdag_text_file *f, sdag_log *log, sdag_loc loc, const char *path, size_t limit)
{
    const reading r = {log, loc, path};
    *f = (sdag_text_file){0};
    int fd = sdag_open_at(AT_FDCWD, path, 0);
    if (fd < 0) return broken(&r, strerror(errno));
    sdag_status s = read_open(f, &r, fd, limit);
    close(fd);
    if (s) sdag_text_file_free(f);
    return s;
}

void sdag_text_file_free(sdag_text_file *f)
{
    sdag_free(f->at);
    *f = (sdag_text_file){0};
}
