#include "core/io/npy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"

/* Magic, version, length, text, and spaces up to here. Longest text: 46 bytes of keys, 8 numbers of 20 digits. */
enum { HEADER = 256, TEXT_AT = 10 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are written as they lie in memory");

static const struct {
    const char *descr;
    size_t size;
} dtypes[] = {
    [SDAG_NPY_F32] = {"<f4", 4},
    [SDAG_NPY_I32] = {"<i4", 4},
    [SDAG_NPY_I64] = {"<i8", 8},
    [SDAG_NPY_U8] = {"|u1", 1},
};

/* NumPy enhancement proposal 1: a Python literal, padded with spaces, a newline last. (3,) is a tuple, (3) is not. */
static void make_header(char h[HEADER], const sdag_npy *w)
{
    char shape[SDAG_NPY_RANK * 24 + 32], text[HEADER];
    int n = snprintf(shape, sizeof shape, "%" PRId64 ",", w->rows);
    for (int i = 0; i < w->rank; i++)
        n += snprintf(shape + n, sizeof shape - (size_t)n, " %" PRId64 "%s", w->shape[i], i + 1 < w->rank ? "," : "");
    int len = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                       dtypes[w->dtype].descr, shape);
    memset(h, ' ', HEADER);
    memcpy(h, "\x93NUMPY\x01\x00", 8);
    h[8] = (char)((HEADER - TEXT_AT) & 255);
    h[9] = (char)((HEADER - TEXT_AT) >> 8);
    memcpy(h + TEXT_AT, text, (size_t)len);
    h[HEADER - 1] = '\n';
}

/* Past the buffer of sdag_outfile, so that the place can be written again whatever of the rows lies there still. */
static void put_header(sdag_npy *w, bool again)
{
    char h[HEADER];
    make_header(h, w);
    for (size_t done = 0; done < HEADER && !w->out.err;) {
        ssize_t k =
            again ? pwrite(w->out.fd, h + done, HEADER - done, (off_t)done) : write(w->out.fd, h + done, HEADER - done);
        if (k < 0 && errno != EINTR) w->out.err = errno;
        if (k == 0) w->out.err = EIO;
        if (k > 0) done += (size_t)k;
    }
}

sdag_status sdag_npy_open(sdag_npy *w, sdag_log *log, const char *path, sdag_npy_dtype dtype, int rank,
                          const int64_t *shape)
{
    *w = (sdag_npy){.out.fd = -1, .dtype = dtype, .rank = rank, .row = dtypes[dtype].size};
    bool fits = rank >= 0 && rank <= SDAG_NPY_RANK;
    for (int i = 0; fits && i < rank; i++) {
        w->shape[i] = shape[i];
        fits = shape[i] >= 0 && sdag_mul_size(&w->row, w->row, (size_t)shape[i]);
    }
    if (!fits) return sdag_fail(log, SDAG_FAILED, SDAG_NOLOC, "cannot write '%s': rows of an impossible shape", path);
    sdag_status s = sdag_out_open(&w->out, log, path);
    if (s == SDAG_OK) put_header(w, false);
    return s;
}

void sdag_npy_rows(sdag_npy *w, const void *data, size_t rows)
{
    size_t bytes;
    if (!sdag_mul_size(&bytes, w->row, rows)) {
        if (!w->out.err) w->out.err = EOVERFLOW;
        return;
    }
    sdag_out_write(&w->out, data, bytes);
    w->rows += (int64_t)rows;
}

sdag_status sdag_npy_commit(sdag_npy *w, sdag_log *log)
{
    if (w->out.fd >= 0) put_header(w, true);
    return sdag_out_commit(&w->out, log);
}

void sdag_npy_abandon(sdag_npy *w) { sdag_out_abandon(&w->out); }
