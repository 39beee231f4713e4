#include "core/io/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/io/folder.h"
#include "core/io/read_at.h"
#include "core/io/tar.h"

typedef struct klass {
    char *name;
    int first, count; /* the files of a class lie together, because names are sorted */
} klass;

struct sdag_files {
    bool packed;     /* in an archive */
    sdag_tar tar;    /* packed: with its names */
    int dir;         /* not packed: the root, or -1 */
    char *root;      /* packed: "train/", or ""; not packed: the path of dir */
    sdag_names here; /* not packed */
    const sdag_names *names;
    size_t skip; /* bytes of the names before the root */
    uint64_t largest;
    klass *classes; /* sorted by name */
    int n_classes;
    int *label; /* of each file */
};

int sdag_files_count(const sdag_files *f) { return (int)f->names->n; }
const char *sdag_files_name(const sdag_files *f, int i) { return sdag_names_text(f->names, (size_t)i) + f->skip; }
uint64_t sdag_files_size(const sdag_files *f, int i) { return f->names->at[i].size; }
uint64_t sdag_files_largest(const sdag_files *f) { return f->largest; }
int sdag_files_classes(const sdag_files *f) { return f->n_classes; }
const char *sdag_files_class(const sdag_files *f, int label) { return f->classes[label].name; }
int sdag_files_label(const sdag_files *f, int i) { return f->label[i]; }

/* ---- reading ---- */

static sdag_status read_whole(int fd, void *buf, size_t size, char *why)
{
    char extra;
    for (size_t done = 0; done <= size;) { /* one byte past the end, which must not be there */
        ssize_t n = done < size ? read(fd, (char *)buf + done, size - done) : read(fd, &extra, 1);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return sdag_why(why, SDAG_IO, "cannot read the file: %m");
        if (n == 0 && done == size) return SDAG_OK;
        if (n == 0) break;
        done += (size_t)n;
    }
    return sdag_why(why, SDAG_IO, "the file has changed its size since the start");
}

sdag_status sdag_files_read(const sdag_files *f, int i, void *buf, size_t cap, size_t *len, char why[SDAG_WHY])
{
    if (f->packed) return sdag_tar_read(&f->tar, (size_t)i, buf, cap, len, why);
    uint64_t size = sdag_files_size(f, i);
    if (size > cap) return sdag_why(why, SDAG_FAILED, "file has %ju bytes, the buffer %zu", (uintmax_t)size, cap);
    int fd = sdag_open_at(f->dir, sdag_files_name(f, i), 0);
    if (fd < 0) return sdag_why(why, SDAG_IO, "cannot open the file: %m");
    *len = (size_t)size;
    sdag_status s = read_whole(fd, buf, *len, why);
    close(fd);
    return s;
}

/* ---- classes ---- */

static int by_class_name(const void *a, const void *b)
{
    return strcmp(((const klass *)a)->name, ((const klass *)b)->name);
}

/* Bytes of the first folder in name; 0: none. */
static size_t folder_len(const char *name)
{
    const char *slash = strchr(name, '/');
    return slash ? (size_t)(slash - name) : 0;
}

static sdag_status add_class(sdag_files *f, int *cap, const char *name, size_t len, int first)
{
    if (f->n_classes == *cap) {
        int more_cap = *cap ? *cap * 2 : 16;
        klass *more = sdag_realloc(f->classes, (size_t)more_cap, sizeof *more);
        if (!more) return SDAG_NOMEM;
        f->classes = more;
        *cap = more_cap;
    }
    char *copy = sdag_alloc(len + 1);
    if (!copy) return SDAG_NOMEM;
    memcpy(copy, name, len);
    f->classes[f->n_classes++] = (klass){copy, first, 0};
    return SDAG_OK;
}

/* Sorting files by their whole names is not sorting classes ("a b/" comes before "a/"), hence the second sort. */
static sdag_status find_classes(sdag_files *f)
{
    int n = sdag_files_count(f), cap = 0;
    f->label = sdag_alloc_array((size_t)n, sizeof *f->label);
    if (!f->label) return SDAG_NOMEM;
    const char *open = NULL; /* the class of the file before */
    size_t open_len = 0;
    for (int i = 0; i < n; i++) {
        const char *name = sdag_files_name(f, i);
        size_t len = folder_len(name);
        f->label[i] = -1;
        if (len && (len != open_len || memcmp(name, open, len) != 0)) {
            sdag_status s = add_class(f, &cap, name, len, i);
            if (s) return s;
        }
        open = name;
        open_len = len;
        if (len) f->classes[f->n_classes - 1].count++;
    }
    if (f->n_classes) qsort(f->classes, (size_t)f->n_classes, sizeof *f->classes, by_class_name);
    for (int c = 0; c < f->n_classes; c++)
        for (int i = 0; i < f->classes[c].count; i++) f->label[f->classes[c].first + i] = c;
    return SDAG_OK;
}

/* ---- opening ---- */

/* a, then '/' and b where both have text; without '/' at the end. */
static char *join(const char *a, const char *b)
{
    size_t na = strlen(a), nb = strlen(b);
    char *out = sdag_alloc(na + nb + 3);
    if (!out) return NULL;
    memcpy(out, a, na);
    while (nb && b[nb - 1] == '/') nb--;
    if (nb) {
        if (na && a[na - 1] != '/') out[na++] = '/';
        memcpy(out + na, b, nb);
    }
    return out;
}

static bool under_root(const void *root, const char *name)
{
    size_t n = strlen(root);
    return strncmp(name, root, n) == 0 && sdag_name_is_image(name + n);
}

static sdag_status open_tar(sdag_files *f, sdag_log *log, sdag_loc loc, const char *path, const char *sub)
{
    while (strncmp(sub, "./", 2) == 0) sub += 2;
    f->packed = true;
    f->root = join(strcmp(sub, ".") == 0 ? "" : sub, "");
    if (!f->root) return SDAG_NOMEM;
    size_t n = strlen(f->root);
    while (n && f->root[n - 1] == '/') n--;
    strcpy(f->root + n, n ? "/" : "");
    f->skip = strlen(f->root);
    f->names = &f->tar.names;
    return sdag_tar_open(&f->tar, log, loc, path, under_root, f->root, SDAG_TAR_MEMORY);
}

static sdag_status open_dir(sdag_files *f, sdag_log *log, sdag_loc loc, const char *path, const char *sub)
{
    f->root = join(path, sub);
    if (!f->root) return SDAG_NOMEM;
    f->names = &f->here;
    f->dir = sdag_open_at(AT_FDCWD, f->root, O_DIRECTORY);
    if (f->dir < 0) return sdag_fail(log, SDAG_IO, loc, "cannot open '%s': %s", f->root, strerror(errno));
    return sdag_folder_list(&f->here, log, loc, f->root);
}

/* One image: its name is the path, and it belongs to no class. */
static sdag_status open_one(sdag_files *f, const char *path, const struct stat *st)
{
    f->names = &f->here;
    f->dir = AT_FDCWD;
    f->largest = (uint64_t)st->st_size;
    f->label = sdag_alloc_array(1, sizeof *f->label);
    if (!f->label || !sdag_names_add(&f->here, path, (uint64_t)st->st_size, 0)) return SDAG_NOMEM;
    f->label[0] = -1;
    return SDAG_OK;
}

static bool is_image(const char *path)
{
    const char *slash = strrchr(path, '/');
    return sdag_name_is_image(slash ? slash + 1 : path);
}

static sdag_status open_any(sdag_files *f, sdag_log *log, sdag_loc loc, const char *path, const char *sub)
{
    struct stat st;
    if (stat(path, &st) != 0) return sdag_fail(log, SDAG_IO, loc, "cannot open '%s': %s", path, strerror(errno));
    if (S_ISREG(st.st_mode) && is_image(path) && sub[0])
        return sdag_fail(log, SDAG_IO, loc, "'%s' is one image: there is no '%s' below it", path, sub);
    if (S_ISREG(st.st_mode) && is_image(path)) return open_one(f, path, &st);
    sdag_status s = (S_ISDIR(st.st_mode) ? open_dir : open_tar)(f, log, loc, path, sub);
    if (s) return s;
    if (f->names->n == 0)
        return sdag_fail(log, SDAG_IO, loc, "no PNG or JPEG file in '%s'%s%s", path, sub[0] ? " under " : "", sub);
    if (f->names->n > INT_MAX) return sdag_fail(log, SDAG_IO, loc, "more than %d files in '%s'", INT_MAX, path);
    for (size_t i = 0; i < f->names->n; i++)
        if (f->names->at[i].size > f->largest) f->largest = f->names->at[i].size;
    return find_classes(f);
}

sdag_status sdag_files_open(sdag_files **out, sdag_log *log, sdag_loc loc, const char *path, const char *sub)
{
    sdag_files *f = *out = sdag_alloc(sizeof *f);
    if (!f) return SDAG_NOMEM;
    f->dir = f->tar.fd = -1;
    sdag_status s = open_any(f, log, loc, path, sub ? sub : "");
    if (s == SDAG_OK) return SDAG_OK;
    sdag_files_destroy(f);
    *out = NULL;
    return s;
}

void sdag_files_destroy(sdag_files *f)
{
    if (!f) return;
    for (int c = 0; c < f->n_classes; c++) sdag_free(f->classes[c].name);
    sdag_free(f->classes);
    sdag_free(f->label);
    sdag_free(f->root);
    if (f->dir >= 0) close(f->dir);
    sdag_names_free(&f->here);
    sdag_tar_close(&f->tar);
    sdag_free(f);
}
