#include "core/io/idx.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/base/alloc.h"
#include "core/io/read_at.h"

#define MOST_GZIP 1040 /* deflate cannot expand further: 258 bytes from two bits (RFC 1951), and some room */

typedef struct reading {
    sdag_idx *x;
    sdag_log *log;
    sdag_loc loc;
    const char *path;
    uint64_t file_size;
} reading;

static sdag_status broken(const reading *r, const char *what)
{
    return sdag_fail(r->log, SDAG_IO, r->loc, "cannot read '%s': %s", r->path, what);
}

/* Why gzread gave nothing; SDAG_OK at a sound end. */
static sdag_status check(const reading *r, gzFile gz)
{
    int err;
    const char *text = gzerror(gz, &err);
    if (err == Z_OK || err == Z_STREAM_END) return SDAG_OK;
    if (err == Z_MEM_ERROR) return SDAG_NOMEM;
    if (err == Z_BUF_ERROR) return broken(r, "it is truncated");
    return broken(r, err == Z_ERRNO ? strerror(errno) : text);
}

/* Exactly n bytes. gzread counts in ints. */
static sdag_status read_exactly(const reading *r, gzFile gz, uint8_t *to, size_t n)
{
    while (n) {
        int k = gzread(gz, to, n < 1u << 30 ? (unsigned)n : 1u << 30);
        if (k <= 0) {
            sdag_status s = check(r, gz);
            return s ? s : broken(r, "it is truncated");
        }
        to += k;
        n -= (size_t)k;
    }
    return SDAG_OK;
}

static const char *type_name(int type)
{
    switch (type) {
    case 0x09: return "signed bytes";
    case 0x0b: return "16-bit integers";
    case 0x0c: return "32-bit integers";
    case 0x0d: return "32-bit floats";
    case 0x0e: return "64-bit floats";
    default: return NULL;
    }
}

static sdag_status read_header(const reading *r, gzFile gz)
{
    uint8_t b[16];
    sdag_idx *x = r->x;
    sdag_status s = read_exactly(r, gz, b, 4);
    if (s) return s;
    if (b[0] || b[1] || (b[2] != 0x08 && !type_name(b[2]))) return broken(r, "it is not an IDX file");
    if (b[2] != 0x08)
        return sdag_fail(r->log, SDAG_IO, r->loc, "'%s' holds %s, only unsigned bytes are read", r->path,
                         type_name(b[2]));
    if (b[3] != 1 && b[3] != 3 && b[3] != 4)
        return sdag_fail(r->log, SDAG_IO, r->loc, "'%s' has rank %d, expected 1 (labels), 3 or 4 (images)", r->path,
                         b[3]);
    x->rank = b[3];
    s = read_exactly(r, gz, b, 4 * (size_t)x->rank);
    x->count = 1;
    for (int i = 0; i < 4 && s == SDAG_OK; i++) {
        const uint8_t *p = b + 4 * i;
        x->dim[i] = i >= x->rank ? 1 : (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (x->dim[i] == 0) s = broken(r, "it is empty");
        else if (!sdag_mul_size(&x->count, x->count, x->dim[i])) s = broken(r, "its dimensions are too large");
    }
    return s;
}

static sdag_status read_array(const reading *r, gzFile gz)
{
    sdag_idx *x = r->x;
    uint8_t extra;
    sdag_status s = read_header(r, gz);
    if (s) return s;
    /* Before a byte is allocated: a header may lie about terabytes. */
    if (x->count / (gzdirect(gz) ? 1 : MOST_GZIP) > r->file_size) return broken(r, "it is truncated");
    x->data = sdag_alloc(x->count);
    if (!x->data) return SDAG_NOMEM;
    s = read_exactly(r, gz, x->data, x->count);
    if (s) return s;
    /* Reading past the end is also what makes zlib check the sum. */
    if (gzread(gz, &extra, 1) > 0) return broken(r, "there are bytes behind the data");
    return check(r, gz);
}

/* zlib reads files that are not gzipped as they are. */
static sdag_status read_file(const reading *r, int fd)
{
    gzFile gz = gzdopen(fd, "rb");
    if (!gz) {
        close(fd);
        return SDAG_NOMEM;
    }
    gzbuffer(gz, 128 << 10);
    sdag_status s = read_array(r, gz);
    gzclose(gz);
    return s;
}

sdag_status sdag_idx_read(sdag_idx *x, sdag_log *log, sdag_loc loc, const char *path)
{
    reading r = {.x = x, .log = log, .loc = loc, .path = path};
    struct stat st;
    *x = (sdag_idx){0};
    int fd = sdag_open_at(AT_FDCWD, path, 0);
    if (fd < 0) return broken(&r, strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return broken(&r, "it is not a regular file");
    }
    r.file_size = (uint64_t)st.st_size;
    sdag_status s = read_file(&r, fd);
    if (s) sdag_idx_free(x);
    return s;
}

void sdag_idx_free(sdag_idx *x)
{
    sdag_free(x->data);
    *x = (sdag_idx){0};
}
