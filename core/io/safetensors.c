#include "core/io/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/io/json_memory.h"
#include "core/io/read_at.h"

#define HEADER_MAX 100000000 /* of the reference implementation */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "data are read as they lie in the file");

struct sdag_st {
    int fd;
    char *path;
    sdag_log *log; /* while opening */
    sdag_loc loc;
    json_t *root;  /* owns the names */
    uint64_t data; /* where the data begin in the file */
    sdag_st_entry *entry;
    sdag_st_pair *meta;
    int n, n_meta;
};

static const struct {
    const char *name;
    size_t size;
} dtypes[SDAG_ST_DTYPES] = {
    [SDAG_ST_F32] = {"F32", 4}, [SDAG_ST_F16] = {"F16", 2},         [SDAG_ST_BF16] = {"BF16", 2},
    [SDAG_ST_F64] = {"F64", 8}, [SDAG_ST_I64] = {"I64", 8},         [SDAG_ST_I32] = {"I32", 4},
    [SDAG_ST_U8] = {"U8", 1},   [SDAG_ST_BOOL] = {"BOOL", 1},       [SDAG_ST_I8] = {"I8", 1},
    [SDAG_ST_I16] = {"I16", 2}, [SDAG_ST_U16] = {"U16", 2},         [SDAG_ST_U32] = {"U32", 4},
    [SDAG_ST_U64] = {"U64", 8}, [SDAG_ST_F8_E4M3] = {"F8_E4M3", 1}, [SDAG_ST_F8_E5M2] = {"F8_E5M2", 1},
};

const char *sdag_st_dtype_name(sdag_st_dtype t) { return dtypes[t].name; }
size_t sdag_st_dtype_size(sdag_st_dtype t) { return dtypes[t].size; }

static sdag_status broken(const sdag_st *st, const char *fmt, ...) SDAG_PRINTF(2, 3);
static sdag_status broken(const sdag_st *st, const char *fmt, ...)
{
    char what[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return sdag_fail(st->log, SDAG_IO, st->loc, "cannot read '%s': %s", st->path, what);
}

/* ---- the header: one entry ---- */

static sdag_status read_dtype(const sdag_st *st, sdag_st_entry *e, const json_t *v)
{
    const char *text = json_string_value(v);
    if (!text) return broken(st, "entry '%s': dtype is not a string", e->name);
    for (int t = 0; t < SDAG_ST_DTYPES; t++) {
        if (strcmp(text, dtypes[t].name) != 0) continue;
        e->dtype = (sdag_st_dtype)t;
        return SDAG_OK;
    }
    return broken(st, "entry '%s': unknown dtype '%s'", e->name, text);
}

static sdag_status read_shape(const sdag_st *st, sdag_st_entry *e, const json_t *v)
{
    if (!json_is_array(v)) return broken(st, "entry '%s': shape is not a list", e->name);
    if (json_array_size(v) > SDAG_ST_RANK)
        return broken(st, "entry '%s': rank %zu, at most %d", e->name, json_array_size(v), SDAG_ST_RANK);
    e->rank = (int)json_array_size(v);
    e->count = 1;
    for (int i = 0; i < e->rank; i++) {
        const json_t *d = json_array_get(v, (size_t)i);
        if (!json_is_integer(d) || json_integer_value(d) < 0)
            return broken(st, "entry '%s': a dimension is not a number from 0", e->name);
        e->shape[i] = json_integer_value(d);
        if (!sdag_mul_size(&e->count, e->count, (size_t)e->shape[i]))
            return broken(st, "entry '%s': its shape is too large", e->name);
    }
    return SDAG_OK;
}

static sdag_status read_offsets(const sdag_st *st, sdag_st_entry *e, const json_t *v, uint64_t room)
{
    const json_t *from = json_array_get(v, 0), *to = json_array_get(v, 1); /* NULL when v is no list */
    size_t bytes;
    if (json_array_size(v) != 2 || !json_is_integer(from) || !json_is_integer(to))
        return broken(st, "entry '%s': data_offsets are not two numbers", e->name);
    json_int_t begin = json_integer_value(from), end = json_integer_value(to);
    if (begin < 0 || end < begin || (uint64_t)end > room)
        return broken(st, "entry '%s': data_offsets [%lld, %lld] are not within the %ju bytes of data%s", e->name,
                      (long long)begin, (long long)end, (uintmax_t)room, begin < end ? ": it may be truncated" : "");
    e->begin = (uint64_t)begin;
    e->bytes = (uint64_t)(end - begin);
    if (!sdag_mul_size(&bytes, e->count, dtypes[e->dtype].size) || bytes != e->bytes)
        return broken(st, "entry '%s': its shape does not fit its %ju bytes", e->name, (uintmax_t)e->bytes);
    return SDAG_OK;
}

static sdag_status read_entry(const sdag_st *st, sdag_st_entry *e, const char *name, const json_t *v, uint64_t room)
{
    const json_t *dtype = json_object_get(v, "dtype"), *shape = json_object_get(v, "shape");
    const json_t *offsets = json_object_get(v, "data_offsets");
    e->name = name;
    if (!json_is_object(v) || json_object_size(v) != 3 || !dtype || !shape || !offsets)
        return broken(st, "entry '%s': expected dtype, shape and data_offsets, and nothing else", name);
    sdag_status s = read_dtype(st, e, dtype);
    if (s == SDAG_OK) s = read_shape(st, e, shape);
    if (s == SDAG_OK) s = read_offsets(st, e, offsets, room);
    return s;
}

/* ---- the header: all of it ---- */

static int by_place(const void *a, const void *b)
{
    const sdag_st_entry *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes; /* the empty ones first */
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const sdag_st_entry *)a)->name, ((const sdag_st_entry *)b)->name);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const sdag_st_pair *)a)->key, ((const sdag_st_pair *)b)->key);
}

/* Every byte of the data belongs to one entry. */
static sdag_status check_places(sdag_st *st, uint64_t room)
{
    uint64_t at = 0;
    if (st->n) qsort(st->entry, (size_t)st->n, sizeof *st->entry, by_place);
    for (int i = 0; i < st->n; i++) {
        const sdag_st_entry *e = &st->entry[i];
        if (e->begin != at)
            return broken(st, "entry '%s': its data %s", e->name, e->begin < at ? "overlap another's" : "leave a hole");
        at += e->bytes;
    }
    if (at != room) return broken(st, "%ju bytes behind the data", (uintmax_t)(room - at));
    return SDAG_OK;
}

static sdag_status read_meta(sdag_st *st, json_t *v)
{
    const char *key;
    json_t *value;
    if (!json_is_object(v)) return broken(st, "__metadata__ is not a map");
    st->meta = sdag_alloc_array(json_object_size(v), sizeof *st->meta);
    if (!st->meta) return SDAG_NOMEM;
    json_object_foreach(v, key, value)
    {
        if (!json_is_string(value)) return broken(st, "__metadata__: the value of '%s' is not a string", key);
        st->meta[st->n_meta++] = (sdag_st_pair){key, json_string_value(value)};
    }
    if (st->n_meta) qsort(st->meta, (size_t)st->n_meta, sizeof *st->meta, by_key);
    return SDAG_OK;
}

static sdag_status read_entries(sdag_st *st, uint64_t room)
{
    const char *name;
    json_t *v;
    sdag_status s = SDAG_OK;
    st->entry = sdag_alloc_array(json_object_size(st->root), sizeof *st->entry);
    if (!st->entry) return SDAG_NOMEM;
    json_object_foreach(st->root, name, v)
    {
        if (strcmp(name, "__metadata__") == 0) s = read_meta(st, v);
        else s = read_entry(st, &st->entry[st->n++], name, v, room);
        if (s) return s;
    }
    s = check_places(st, room);
    if (s == SDAG_OK && st->n) qsort(st->entry, (size_t)st->n, sizeof *st->entry, by_name);
    return s;
}

static sdag_status parse_header(sdag_st *st, const char *text, size_t len, uint64_t room)
{
    json_error_t e;
    if (text[0] != '{') return broken(st, "it is not a safetensors file: its header is not JSON");
    sdag_json_begin();
    st->root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
    if (sdag_json_starved()) return SDAG_NOMEM;  /* even where jansson went on: it may have lost a letter of a name */
    if (st->root) return read_entries(st, room); /* an object, by its first byte */
    return broken(st, "its header is not valid JSON: %s", e.text);
}

static sdag_status read_header(sdag_st *st)
{
    struct stat f;
    uint64_t len = 0;
    if (fstat(st->fd, &f) != 0) return broken(st, "%s", strerror(errno));
    if (!S_ISREG(f.st_mode)) return broken(st, "it is not a regular file");
    uint64_t size = (uint64_t)f.st_size;
    ssize_t n = sdag_read_at(st->fd, &len, sizeof len, 0);
    if (n < 0) return broken(st, "%s", strerror(errno));
    if (n < (ssize_t)sizeof len) return broken(st, "it is truncated");
    if (len < 2 || len > HEADER_MAX)
        return broken(st, "it is not a safetensors file: header of %ju bytes", (uintmax_t)len);
    if (size < 8 || len > size - 8) return broken(st, "it is truncated: %ju bytes", (uintmax_t)size);
    char *text = sdag_alloc((size_t)len);
    if (!text) return SDAG_NOMEM;
    st->data = 8 + len;
    n = sdag_read_at(st->fd, text, (size_t)len, 8);
    sdag_status s = n == (ssize_t)len ? parse_header(st, text, (size_t)len, size - st->data)
                    : n < 0           ? broken(st, "%s", strerror(errno))
                                      : broken(st, "it is truncated");
    sdag_free(text);
    return s;
}

sdag_status sdag_st_open(sdag_st **out, sdag_log *log, sdag_loc loc, const char *path)
{
    sdag_st *st = sdag_alloc(sizeof *st);
    *out = NULL;
    if (!st) return SDAG_NOMEM;
    *st = (sdag_st){.fd = -1, .log = log, .loc = loc, .path = sdag_alloc(strlen(path) + 1)};
    sdag_status s = st->path ? SDAG_OK : SDAG_NOMEM;
    if (s == SDAG_OK) {
        strcpy(st->path, path);
        st->fd = sdag_open_at(AT_FDCWD, path, 0);
        s = st->fd < 0 ? broken(st, "%s", strerror(errno)) : read_header(st);
    }
    if (s) sdag_st_close(st);
    else *out = st;
    return s;
}

void sdag_st_close(sdag_st *st)
{
    if (!st) return;
    if (st->fd >= 0) close(st->fd);
    json_decref(st->root);
    sdag_free(st->entry);
    sdag_free(st->meta);
    sdag_free(st->path);
    sdag_free(st);
}

/* ---- what is in it ---- */

int sdag_st_count(const sdag_st *st) { return st->n; }
const sdag_st_entry *sdag_st_at(const sdag_st *st, int i) { return &st->entry[i]; }
int sdag_st_meta_count(const sdag_st *st) { return st->n_meta; }
const sdag_st_pair *sdag_st_meta_at(const sdag_st *st, int i) { return &st->meta[i]; }

const sdag_st_entry *sdag_st_find(const sdag_st *st, const char *name)
{
    sdag_st_entry key = {.name = name};
    return st->n ? bsearch(&key, st->entry, (size_t)st->n, sizeof key, by_name) : NULL;
}

const char *sdag_st_meta(const sdag_st *st, const char *key)
{
    sdag_st_pair want = {key, NULL}, *p = NULL;
    if (st->n_meta) p = bsearch(&want, st->meta, (size_t)st->n_meta, sizeof want, by_key);
    return p ? p->value : NULL;
}

/* ---- data ---- */

static float from_f16(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023, bits;
    float f;
    if (exponent == 0) { /* zero and subnormal: fraction * 2^-24, exact */
        f = (float)fraction * 0x1p-24f;
        memcpy(&bits, &f, 4);
        bits |= sign;
    } else {
        bits = sign | (exponent == 31 ? 255u : exponent + 112u) << 23 | fraction << 13;
    }
    memcpy(&f, &bits, 4);
    return f;
}

static float from_bf16(uint16_t h)
{
    uint32_t bits = (uint32_t)h << 16;
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

/* to[k]: where the conversion of one piece goes; piece: n elements, aligned. */
static void to_f32(void *to, const void *piece, size_t n, sdag_st_dtype t)
{
    float *f = to;
    const uint16_t *h = piece;
    const double *d = piece;
    if (t == SDAG_ST_F16)
        for (size_t i = 0; i < n; i++) f[i] = from_f16(h[i]);
    else if (t == SDAG_ST_BF16)
        for (size_t i = 0; i < n; i++) f[i] = from_bf16(h[i]);
    else
        for (size_t i = 0; i < n; i++) f[i] = (float)d[i];
}

static void to_i64(void *to, const void *piece, size_t n, sdag_st_dtype t)
{
    int64_t *v = to;
    const int32_t *w = piece;
    const uint8_t *b = piece;
    if (t == SDAG_ST_I32)
        for (size_t i = 0; i < n; i++) v[i] = w[i];
    else
        for (size_t i = 0; i < n; i++) v[i] = b[i];
}

static sdag_status fail_read(const sdag_st *st, const sdag_st_entry *e, sdag_log *log, const char *what)
{
    return sdag_fail(log, SDAG_IO, st->loc, "cannot read '%s' of '%s': %s", e->name, st->path, what);
}

static sdag_status read_bytes(const sdag_st *st, const sdag_st_entry *e, uint64_t from, void *to, size_t n,
                              sdag_log *log)
{
    ssize_t k = sdag_read_at(st->fd, to, n, st->data + e->begin + from);
    if (k < 0) return fail_read(st, e, log, strerror(errno));
    return (size_t)k == n ? SDAG_OK : fail_read(st, e, log, "the file has become shorter");
}

/* All elements through a small piece; each is the size of an element of to. */
static sdag_status read_converted(const sdag_st *st, const sdag_st_entry *e, char *to, size_t each, sdag_log *log,
                                  void (*convert)(void *to, const void *piece, size_t n, sdag_st_dtype t))
{
    double piece[1024];
    size_t size = dtypes[e->dtype].size, most = sizeof piece / size;
    for (size_t done = 0; done < e->count;) {
        size_t n = e->count - done < most ? e->count - done : most;
        sdag_status s = read_bytes(st, e, done * size, piece, n * size, log);
        if (s) return s;
        convert(to + done * each, piece, n, e->dtype);
        done += n;
    }
    return SDAG_OK;
}

sdag_status sdag_st_read_raw(const sdag_st *st, const sdag_st_entry *e, void *to, size_t n, sdag_log *log)
{
    if (n != e->bytes) return fail_read(st, e, log, "it has another size");
    return read_bytes(st, e, 0, to, n, log);
}

sdag_status sdag_st_read_f32(const sdag_st *st, const sdag_st_entry *e, float *to, size_t n, sdag_log *log)
{
    if (n != e->count) return fail_read(st, e, log, "it has another number of elements");
    if (e->dtype == SDAG_ST_F32) return read_bytes(st, e, 0, to, (size_t)e->bytes, log);
    if (e->dtype != SDAG_ST_F16 && e->dtype != SDAG_ST_BF16 && e->dtype != SDAG_ST_F64)
        return fail_read(st, e, log, "its elements are not floating-point numbers");
    return read_converted(st, e, (char *)to, sizeof *to, log, to_f32);
}

sdag_status sdag_st_read_i64(const sdag_st *st, const sdag_st_entry *e, int64_t *to, size_t n, sdag_log *log)
{
    if (n != e->count) return fail_read(st, e, log, "it has another number of elements");
    if (e->dtype == SDAG_ST_I64) return read_bytes(st, e, 0, to, (size_t)e->bytes, log);
    if (e->dtype != SDAG_ST_I32 && e->dtype != SDAG_ST_U8 && e->dtype != SDAG_ST_BOOL)
        return fail_read(st, e, log, "its elements are not whole numbers");
    return read_converted(st, e, (char *)to, sizeof *to, log, to_i64);
}
