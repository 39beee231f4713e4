#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file_loose.h"

enum { OUT_BUF = 64 << 10 };

static int open_again(const char *path, int flags, mode_t mode)
{
    int fd;
    do fd = open(path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* ---- reading ---- */

typedef struct reading {
    sdag_arena *a;
    int fd;
    size_t limit, hint; /* most bytes, expected bytes */
    size_t len, cap;
    char *text;
    int err;    /* errno, or 0 */
    bool large; /* longer than limit */
} reading;

/* Reads to the end or one byte past the limit. The size is a hint: files grow, and pipes have none. */
static sdag_status read_all(void *arg)
{
    reading *r = arg;
    size_t most = r->limit < SIZE_MAX - 1 ? r->limit + 1 : r->limit;
    for (;;) {
        if (r->len == r->cap) {
            size_t cap = !r->text ? r->hint + 1 : r->cap > SIZE_MAX / 2 ? most : r->cap * 2;
            if (cap > most) cap = most;
            char *to = sdag_arena_get(r->a, cap + 1);
            if (r->len) memcpy(to, r->text, r->len);
            r->text = to;
            r->cap = cap;
        }
        ssize_t n = read(r->fd, r->text + r->len, r->cap - r->len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) r->err = errno;
        if (n <= 0) break;
        r->len += (size_t)n;
        if (r->len > r->limit) {
            r->large = true;
            break;
        }
    }
    r->text[r->len] = 0;
    return SDAG_OK;
}

sdag_status sdag_file_read(char **text, size_t *len, sdag_arena *a, sdag_log *log, sdag_loc loc, const char *path,
                           size_t limit)
{
    reading r = {.a = a, .limit = limit, .fd = open_again(path, O_RDONLY, 0)};
    struct stat st;
    *text = NULL;
    *len = 0;
    if (r.fd < 0) return sdag_fail(log, SDAG_IO, loc, "cannot open '%s': %s", path, strerror(errno));
    sdag_status s = SDAG_OK;
    if (fstat(r.fd, &st) != 0) {
        r.err = errno;
    } else if (S_ISREG(st.st_mode) && (uintmax_t)st.st_size > limit) {
        r.large = true;
    } else {
        r.hint = S_ISREG(st.st_mode) ? (size_t)st.st_size : 4095;
        s = sdag_arena_try(a, read_all, &r);
    }
    close(r.fd);
    if (s) sdag_arena_escape(a);
    if (r.err) return sdag_fail(log, SDAG_IO, loc, "cannot read '%s': %s", path, strerror(r.err));
    if (r.large) return sdag_fail(log, SDAG_IO, loc, "'%s' is longer than the limit of %zu bytes", path, limit);
    *text = r.text;
    *len = r.len;
    return SDAG_OK;
}

/* ---- writing ---- */

/* The descriptor that a path of the kernel's stands for, such as /dev/stdout: -1 for any other. It is written on as it
 * is, even when a regular file is behind it: nothing is put in the place of the name. */
static int descriptor_of(const char *path)
{
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    if (!strcmp(path, "/dev/stdout")) return STDOUT_FILENO;
    if (!strcmp(path, "/dev/stderr")) return STDERR_FILENO;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        size_t n = strlen(folders[i]);
        char *end;
        if (strncmp(path, folders[i], n) || !path[n]) continue;
        long fd = strtol(path + n, &end, 10);
        return *end || fd < 0 || fd > INT_MAX ? -1 : (int)fd;
    }
    return -1;
}

sdag_status sdag_out_open(sdag_outfile *o, sdag_log *log, const char *path)
{
    struct stat st;
    size_t n = strlen(path) + 32; /* .tmp. and any process id */
    *o = (sdag_outfile){.fd = -1, .path = sdag_alloc(n), .buf = sdag_alloc(OUT_BUF)};
    const int given = descriptor_of(path);
    bool direct = given >= 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
    if (!direct) o->tmp = sdag_alloc(n);
    if (!o->path || !o->buf || (!direct && !o->tmp)) {
        sdag_out_abandon(o);
        return SDAG_NOMEM;
    }
    strcpy(o->path, path);
    if (given >= 0) {
        o->fd = fcntl(given, F_DUPFD_CLOEXEC, 0);
    } else if (direct) {
        o->fd = open_again(path, O_WRONLY, 0);
    } else {
        /* Not O_EXCL: a killed run with the same process id may have left one, and it is ours to overwrite. */
        snprintf(o->tmp, n, "%s.tmp.%ld", path, (long)getpid());
        o->fd = open_again(o->tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0666);
    }
    if (o->fd >= 0) return SDAG_OK;
    int err = errno;
    sdag_out_abandon(o);
    return sdag_fail(log, SDAG_IO, SDAG_NOLOC, "cannot create '%s': %s", path, strerror(err));
}

static void write_all(sdag_outfile *o, const char *p, size_t n)
{
    while (n && !o->err) {
        ssize_t k = write(o->fd, p, n);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) o->err = errno;
        if (k == 0) o->err = EIO; /* a device that takes nothing would be tried for ever */
        if (k <= 0) break;
        p += k;
        n -= (size_t)k;
    }
}

static void flush(sdag_outfile *o)
{
    write_all(o, o->buf, o->fill);
    o->fill = 0;
}

void sdag_out_write(sdag_outfile *o, const void *p, size_t n)
{
    if (o->err || o->fd < 0 || n == 0) return;
    if (n > OUT_BUF - o->fill) flush(o);
    if (n >= OUT_BUF) write_all(o, p, n);
    else {
        memcpy(o->buf + o->fill, p, n);
        o->fill += n;
    }
    o->bytes += n;
}

void sdag_out_printf(sdag_outfile *o, const char *fmt, ...)
{
    char brief[512], *text = brief;
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(brief, sizeof brief, fmt, ap);
    if (n >= (int)sizeof brief) {
        text = sdag_alloc((size_t)n + 1);
        if (text) vsnprintf(text, (size_t)n + 1, fmt, again);
    }
    if (n < 0) o->err = o->err ? o->err : EINVAL;
    else if (!text) o->err = o->err ? o->err : ENOMEM;
    else sdag_out_write(o, text, (size_t)n);
    if (text != brief) sdag_free(text);
    va_end(again);
    va_end(ap);
}

static int sync_fd(int fd)
{
    int rc;
    do rc = fsync(fd);
    while (rc != 0 && errno == EINTR);
    /* pipes, terminals and some network file systems cannot; there is nothing to wait for then */
    return rc == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS ? 0 : errno;
}

/* So that the new name itself survives a power cut. */
static int sync_dir_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    char dir[PATH_MAX];
    if (n >= sizeof dir) return ENAMETOOLONG;
    memcpy(dir, path, n);
    strcpy(dir + n, slash && n == 0 ? "/" : slash ? "" : ".");
    int fd = open_again(dir, O_RDONLY | O_DIRECTORY, 0), err;
    if (fd < 0) return errno == EACCES ? 0 : errno; /* a directory that may be written but not read */
    err = sync_fd(fd);
    close(fd);
    return err;
}

static sdag_status commit(sdag_outfile *o, sdag_log *log, bool sync)
{
    if (o->fd < 0) return sdag_fail(log, SDAG_IO, SDAG_NOLOC, "nothing to commit");
    flush(o);
    if (!o->err && sync) o->err = sync_fd(o->fd);
    int fd = o->fd;
    o->fd = -1;
    if (close(fd) != 0 && errno != EINTR && !o->err) o->err = errno; /* EINTR: closed, and synced before */
    bool renamed = false;
    if (!o->err && o->tmp) {
        renamed = rename(o->tmp, o->path) == 0;
        o->err = !renamed ? errno : sync ? sync_dir_of(o->path) : 0;
    }
    sdag_status s = SDAG_OK;
    if (o->err) s = sdag_fail(log, SDAG_IO, SDAG_NOLOC, "cannot write '%s': %s", o->path, strerror(o->err));
    if (renamed) {
        sdag_free(o->tmp); /* nothing left to unlink */
        o->tmp = NULL;
    }
    sdag_out_abandon(o);
    return s;
}

sdag_status sdag_out_commit(sdag_outfile *o, sdag_log *log) { return commit(o, log, true); }
sdag_status sdag_out_commit_loose(sdag_outfile *o, sdag_log *log) { return commit(o, log, false); }

void sdag_out_abandon(sdag_outfile *o)
{
    bool made = o->fd >= 0 || o->err; /* a failed open has neither */
    if (o->fd >= 0) close(o->fd);
    if (made && o->tmp) unlink(o->tmp);
    sdag_free(o->path);
    sdag_free(o->tmp);
    sdag_free(o->buf);
    *o = (sdag_outfile){.fd = -1};
}

/* ---- directories and paths ---- */

static int make_dir(const char *path)
{
    struct stat st;
    if (mkdir(path, 0777) == 0) return 0;
    int err = errno;
    if (stat(path, &st) == 0) return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
    return err;
}

sdag_status sdag_make_dirs(sdag_log *log, sdag_loc loc, const char *path)
{
    char part[PATH_MAX];
    size_t n = strlen(path);
    int err = n >= sizeof part ? ENAMETOOLONG : 0;
    for (size_t i = 1; i <= n && !err; i++) {
        if (i < n && path[i] != '/') continue;
        memcpy(part, path, i);
        part[i] = 0;
        err = make_dir(part);
    }
    if (!err) return SDAG_OK;
    return sdag_fail(log, SDAG_IO, loc, "cannot make the directory '%s': %s", path, strerror(err));
}

char *sdag_path_join(sdag_arena *a, const char *dir, const char *path)
{
    size_t n = strlen(dir);
    if (n == 0 || path[0] == '/') return sdag_arena_str(a, path);
    return sdag_arena_printf(a, "%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", path);
}

char *sdag_path_dir(sdag_arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return sdag_arena_str(a, "");
    return sdag_arena_copy(a, path, slash == path ? 1 : (size_t)(slash - path));
}
