#include "core/io/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/io/read_at.h"

#define UNKNOWN UINT64_MAX

enum { BLOCK = 512 }; /* of the tar format */

typedef struct indexing {
    sdag_tar *t;
    sdag_log *log;
    sdag_loc loc;
    const char *path;
    bool (*keep)(const void *ctx, const char *name);
    const void *ctx;
    size_t limit;       /* most bytes in memory */
    size_t fill, cap;   /* of t->memory */
    uint64_t file_size; /* of the archive */
    uint64_t end;       /* where the last entry of a plain archive ends, or UNKNOWN */
    bool packed;        /* compressed */
    char *clean;        /* the name being looked at; grows */
    size_t clean_cap;
} indexing;

static sdag_status broken(const indexing *x, const char *what)
{
    return sdag_fail(x->log, SDAG_IO, x->loc, "cannot read the archive '%s': %s", x->path, what);
}

/* What libarchive says; where the system failed, what the system says. */
static sdag_status failed(const indexing *x, struct archive *a)
{
    int err = archive_errno(a);
    if (err == ENOMEM) return SDAG_NOMEM;
    bool system = err > 0 && err != EILSEQ && err != EINVAL; /* these two are its own words for a bad format */
    return broken(x, system ? strerror(err) : archive_error_string(a) ? archive_error_string(a) : "it is damaged");
}

/* ---- reading ---- */

sdag_status sdag_tar_read(const sdag_tar *t, size_t i, void *buf, size_t cap, size_t *len, char why[SDAG_WHY])
{
    const sdag_name *f = &t->names.at[i];
    if (f->size > cap) return sdag_why(why, SDAG_FAILED, "file has %ju bytes, the buffer %zu", (uintmax_t)f->size, cap);
    *len = (size_t)f->size;
    if (t->memory) {
        memcpy(buf, t->memory + f->offset, *len);
        return SDAG_OK;
    }
    ssize_t n = sdag_read_at(t->fd, buf, *len, f->offset);
    if (n < 0) return sdag_why(why, SDAG_IO, "cannot read the archive: %m");
    if ((size_t)n < *len) return sdag_why(why, SDAG_IO, "the archive has become shorter");
    return SDAG_OK;
}

/* ---- names ---- */

/* name without empty and "." parts into x->clean: "./cat//1.jpg" and "/cat/1.jpg" are "cat/1.jpg". */
static sdag_status clean_name(indexing *x, const char *name)
{
    size_t n = strlen(name) + 1, out = 0;
    if (n > x->clean_cap) {
        char *more = sdag_realloc(x->clean, n, 2);
        if (!more) return SDAG_NOMEM;
        x->clean = more;
        x->clean_cap = n * 2;
    }
    for (const char *part = name; *part;) {
        size_t k = strcspn(part, "/");
        if (k > 1 || (k == 1 && part[0] != '.')) {
            if (out) x->clean[out++] = '/';
            memcpy(x->clean + out, part, k);
            out += k;
        }
        part += k + (part[k] == '/');
    }
    x->clean[out] = 0;
    return SDAG_OK;
}

/* ---- one entry ---- */

/* libarchive tells where it stands; that this is where the data begin is checked against the disk: the block
 * before must be a header with the right sum (POSIX pax, ustar: chksum is octal at 148, counted as spaces). */
static sdag_status check_header(const indexing *x, uint64_t offset)
{
    uint8_t b[BLOCK];
    int sum = 0, sum_signed = 0, given = 0; /* old writers added signed bytes */
    ssize_t n = offset < BLOCK ? 0 : sdag_read_at(x->t->fd, b, BLOCK, offset - BLOCK);
    if (n < 0) return broken(x, strerror(errno));
    if (n < BLOCK) return broken(x, "it is truncated");
    int i = 148;
    while (i < 156 && b[i] == ' ') i++;
    for (; i < 156 && b[i] >= '0' && b[i] <= '7'; i++) given = given * 8 + (b[i] - '0');
    memset(b + 148, ' ', 8);
    for (i = 0; i < BLOCK; i++) sum += b[i], sum_signed += (int8_t)b[i];
    return given == sum || given == sum_signed ? SDAG_OK : broken(x, "its layout is not understood");
}

static sdag_status add_plain(indexing *x, struct archive *a, uint64_t size, bool wanted)
{
    int64_t at = archive_filter_bytes(a, 0);
    sdag_status s = check_header(x, at < 0 ? 0 : (uint64_t)at);
    if (s) return s;
    if ((uint64_t)at > x->file_size || size > x->file_size - (uint64_t)at) return broken(x, "it is truncated");
    x->end = (uint64_t)at + (size + BLOCK - 1) / BLOCK * BLOCK;
    if (!wanted) return SDAG_OK;
    return sdag_names_add(&x->t->names, x->clean, size, (uint64_t)at) ? SDAG_OK : SDAG_NOMEM;
}

static sdag_status add_packed(indexing *x, struct archive *a, uint64_t size)
{
    if (size > x->limit - x->fill)
        return sdag_fail(x->log, SDAG_IO, x->loc,
                         "the compressed archive '%s' holds more than %zu MiB of files: "
                         "decompress it, a plain .tar is read in place",
                         x->path, x->limit >> 20);
    if (size > x->cap - x->fill) {
        size_t cap = x->fill + (size_t)size;
        cap = cap > x->limit / 2 ? x->limit : cap * 2;
        uint8_t *more = sdag_realloc(x->t->memory, cap, 1);
        if (!more) return SDAG_NOMEM;
        x->t->memory = more;
        x->cap = cap;
    }
    for (size_t done = 0; done < size;) {
        la_ssize_t n = archive_read_data(a, x->t->memory + x->fill + done, (size_t)size - done);
        if (n < 0) return failed(x, a);
        if (n == 0) return broken(x, "it is truncated");
        done += (size_t)n;
    }
    if (!sdag_names_add(&x->t->names, x->clean, size, x->fill)) return SDAG_NOMEM;
    x->fill += (size_t)size;
    return SDAG_OK;
}

static sdag_status add_entry(indexing *x, struct archive *a, struct archive_entry *e)
{
    const char *name = archive_entry_pathname(e);
    if (!name) name = archive_entry_pathname_utf8(e);
    if (!name) return broken(x, "a name in it is not valid");
    sdag_status s = clean_name(x, name);
    if (s) return s;
    bool link = archive_entry_hardlink(e) || archive_entry_filetype(e) == AE_IFLNK;
    bool sparse = archive_entry_sparse_count(e) > 0;
    bool wanted =
        (link || archive_entry_filetype(e) == AE_IFREG) && x->clean[0] && (!x->keep || x->keep(x->ctx, x->clean));
    if (wanted && (link || sparse))
        return sdag_fail(x->log, SDAG_IO, x->loc,
                         "cannot read '%s' of the archive '%s': it is stored as a %s; pack it "
                         "again with tar --dereference --hard-dereference, without --sparse",
                         x->clean, x->path, link ? "link" : "sparse file");
    if (!x->packed && sparse) {
        x->end = UNKNOWN;
        return SDAG_OK;
    }
    uint64_t size = archive_entry_size(e) > 0 ? (uint64_t)archive_entry_size(e) : 0;
    if (!x->packed) return add_plain(x, a, size, wanted);
    return wanted ? add_packed(x, a, size) : SDAG_OK;
}

/* ---- the archive ---- */

/* An archive that was cut between two files reads like a shorter one, but for the block of zeros that must end it. */
static sdag_status check_end(const indexing *x)
{
    uint8_t b[BLOCK];
    if (x->end == UNKNOWN) return SDAG_OK;
    ssize_t n = sdag_read_at(x->t->fd, b, BLOCK, x->end);
    if (n < BLOCK) return broken(x, n < 0 ? strerror(errno) : "it is truncated");
    for (int i = 0; i < BLOCK; i++)
        if (b[i]) return broken(x, "it is damaged");
    return SDAG_OK;
}

static sdag_status index_entries(indexing *x, struct archive *a)
{
    for (;;) {
        struct archive_entry *e;
        int rc = archive_read_next_header(a, &e);
        /* ARCHIVE_WARN: a name outside the locale's alphabet, which we take as bytes. ARCHIVE_RETRY would go on
         * behind a damaged header, without the files that it hides. */
        if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN && rc != ARCHIVE_EOF) return failed(x, a);
        x->packed = archive_filter_code(a, 0) != ARCHIVE_FILTER_NONE;
        if (rc == ARCHIVE_EOF) return x->packed ? SDAG_OK : check_end(x);
        sdag_status s = add_entry(x, a, e);
        if (s) return s;
    }
}

/* Only what libarchive unpacks by itself: for other formats it would start programs. */
static sdag_status index_archive(indexing *x)
{
    struct archive *a = archive_read_new();
    if (!a) return SDAG_NOMEM;
    archive_read_support_format_tar(a);
    archive_read_support_filter_gzip(a);
    archive_read_support_filter_bzip2(a);
    archive_read_support_filter_xz(a);
    archive_read_support_filter_zstd(a);
    sdag_status s = SDAG_OK;
    if (archive_read_open_fd(a, x->t->fd, 64 << 10) != ARCHIVE_OK) s = failed(x, a);
    if (s == SDAG_OK) s = index_entries(x, a);
    archive_read_free(a);
    return s;
}

sdag_status sdag_tar_open(sdag_tar *t, sdag_log *log, sdag_loc loc, const char *path,
                          bool (*keep)(const void *ctx, const char *name), const void *ctx, size_t limit)
{
    indexing x = {.t = t, .log = log, .loc = loc, .path = path, .keep = keep, .ctx = ctx, .limit = limit};
    struct stat st;
    *t = (sdag_tar){.fd = sdag_open_at(AT_FDCWD, path, 0)};
    sdag_status s = SDAG_OK;
    if (t->fd < 0 || fstat(t->fd, &st) != 0) s = broken(&x, strerror(errno));
    else if (!S_ISREG(st.st_mode)) s = broken(&x, "it is not a regular file");
    if (s == SDAG_OK) {
        x.file_size = (uint64_t)st.st_size;
        s = index_archive(&x);
    }
    sdag_free(x.clean);
    if (s) sdag_tar_close(t);
    else sdag_names_sort(&t->names);
    return s;
}

void sdag_tar_close(sdag_tar *t)
{
    if (t->fd >= 0) close(t->fd);
    sdag_free(t->memory);
    sdag_names_free(&t->names);
    *t = (sdag_tar){.fd = -1};
}
