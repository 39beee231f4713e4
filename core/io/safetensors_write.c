/* The writing half of safetensors.h. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/io/json_memory.h"
#include "core/io/safetensors.h"

typedef struct writing {
    sdag_log *log;
    const char *path;
    const sdag_st_tensor **order; /* the tensors as they lie in the file */
    size_t *bytes;                /* of each */
    int n;
    const sdag_st_pair **meta; /* by key */
    int n_meta;
    char *header; /* padded */
    size_t len;
} writing;

static sdag_status refuse(const writing *w, const char *name, const char *what)
{
    return sdag_fail(w->log, SDAG_FAILED, SDAG_NOLOC, "cannot write '%s' into '%s': %s", name, w->path, what);
}

/* ---- order ---- */

/* Large elements first: then every tensor is aligned to its element, which readers that map the file rely on. */
static int by_size_and_name(const void *a, const void *b)
{
    const sdag_st_tensor *x = *(const sdag_st_tensor *const *)a, *y = *(const sdag_st_tensor *const *)b;
    size_t m = sdag_st_dtype_size(x->dtype), n = sdag_st_dtype_size(y->dtype);
    return m != n ? (m < n ? 1 : -1) : strcmp(x->name, y->name);
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(const sdag_st_pair *const *)a)->key, (*(const sdag_st_pair *const *)b)->key);
}

/* Well-formed UTF-8 (RFC 3629): no overlong forms, surrogates or code points past 10FFFF. */
static bool is_utf8(const char *text)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        int n = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;
        if (n == 0) return false;
        uint32_t code = n == 1 ? *p : *p & (0x7fu >> n);
        for (int i = 1; i < n; i++) {
            if (p[i] >> 6 != 2) return false; /* the NUL at the end too */
            code = code << 6 | (p[i] & 0x3f);
        }
        if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
        p += n;
    }
    return true;
}

static sdag_status measure(const writing *w, size_t *bytes, const sdag_st_tensor *t)
{
    if (!is_utf8(t->name)) return refuse(w, t->name, "the name is not UTF-8");
    if (strcmp(t->name, "__metadata__") == 0) return refuse(w, t->name, "the name is reserved");
    if (t->rank < 0 || t->rank > SDAG_ST_RANK) return refuse(w, t->name, "its rank is not from 0 to 8");
    *bytes = sdag_st_dtype_size(t->dtype);
    for (int i = 0; i < t->rank; i++)
        if (t->shape[i] < 0 || !sdag_mul_size(bytes, *bytes, (size_t)t->shape[i]))
            return refuse(w, t->name, "its shape is negative or too large");
    return SDAG_OK;
}

static sdag_status sort(writing *w, const sdag_st_tensor *t, const sdag_st_pair *meta)
{
    w->order = sdag_alloc_array((size_t)w->n, sizeof(void *));
    w->bytes = sdag_alloc_array((size_t)w->n, sizeof *w->bytes);
    w->meta = sdag_alloc_array((size_t)w->n_meta, sizeof(void *));
    if (!w->order || !w->bytes || !w->meta) return SDAG_NOMEM;
    for (int i = 0; i < w->n; i++) w->order[i] = &t[i];
    for (int i = 0; i < w->n_meta; i++) w->meta[i] = &meta[i];
    if (w->n) qsort(w->order, (size_t)w->n, sizeof(void *), by_size_and_name);
    if (w->n_meta) qsort(w->meta, (size_t)w->n_meta, sizeof(void *), by_key);
    sdag_status s = SDAG_OK;
    for (int i = 0; i < w->n && s == SDAG_OK; i++) s = measure(w, &w->bytes[i], w->order[i]);
    for (int i = 0; i < w->n_meta && s == SDAG_OK; i++)
        if (!is_utf8(meta[i].key) || !is_utf8(meta[i].value)) s = refuse(w, meta[i].key, "the text is not UTF-8");
    return s;
}

/* ---- header ---- */

/* Puts v, which it owns, under a new key; NULL stands for memory that ran out while v was made. */
static sdag_status put(const writing *w, json_t *to, const char *key, json_t *v)
{
    if (!v) return SDAG_NOMEM;
    if (json_object_get(to, key)) {
        json_decref(v);
        return refuse(w, key, "the name is used twice");
    }
    return json_object_set_new(to, key, v) == 0 ? SDAG_OK : SDAG_NOMEM;
}

static sdag_status put_meta(const writing *w, json_t *root)
{
    json_t *map = json_object();
    sdag_status s = map ? SDAG_OK : SDAG_NOMEM;
    for (int i = 0; i < w->n_meta && s == SDAG_OK; i++)
        s = put(w, map, w->meta[i]->key, json_string(w->meta[i]->value));
    if (s == SDAG_OK) return put(w, root, "__metadata__", map);
    json_decref(map);
    return s;
}

static json_t *describe(const sdag_st_tensor *t, size_t begin, size_t end)
{
    json_t *shape = json_array();
    for (int i = 0; i < t->rank && shape; i++) {
        if (json_array_append_new(shape, json_integer(t->shape[i])) == 0) continue;
        json_decref(shape);
        shape = NULL;
    }
    if (!shape) return NULL;
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", sdag_st_dtype_name(t->dtype), "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)end);
}

static sdag_status put_all(const writing *w, json_t *root)
{
    size_t at = 0;
    sdag_status s = w->n_meta ? put_meta(w, root) : SDAG_OK;
    for (int i = 0; i < w->n && s == SDAG_OK; i++) {
        const sdag_st_tensor *t = w->order[i];
        size_t end;
        if (!sdag_add_size(&end, at, w->bytes[i]) || end > INT64_MAX) return refuse(w, t->name, "too many bytes");
        s = put(w, root, t->name, describe(t, at, end));
        at = end;
    }
    return s;
}

/* Compact, and padded with spaces so that the data begin at a multiple of 8. */
static sdag_status print_header(writing *w, json_t *root)
{
    const size_t flags = JSON_COMPACT;
    size_t n = json_dumpb(root, NULL, 0, flags);
    if (n == 0) return SDAG_NOMEM;
    w->len = (n + 7) / 8 * 8;
    w->header = sdag_alloc(w->len);
    if (!w->header || json_dumpb(root, w->header, n, flags) != n) return SDAG_NOMEM;
    memset(w->header + n, ' ', w->len - n);
    return SDAG_OK;
}

static sdag_status make_header(writing *w)
{
    sdag_json_begin();
    json_t *root = json_object();
    sdag_status s = root ? put_all(w, root) : SDAG_NOMEM;
    if (s == SDAG_OK) s = print_header(w, root);
    if (s == SDAG_OK && sdag_json_starved()) s = SDAG_NOMEM;
    json_decref(root);
    return s;
}

/* ---- file ---- */

static sdag_status write_file(const writing *w)
{
    sdag_outfile o;
    uint64_t len = w->len;
    sdag_status s = sdag_out_open(&o, w->log, w->path);
    if (s) return s;
    sdag_out_write(&o, &len, sizeof len);
    sdag_out_write(&o, w->header, w->len);
    for (int i = 0; i < w->n; i++) sdag_out_write(&o, w->order[i]->data, w->bytes[i]);
    return sdag_out_commit(&o, w->log);
}

sdag_status sdag_st_write(sdag_log *log, const char *path, const sdag_st_tensor *t, int n, const sdag_st_pair *meta,
                          int n_meta)
{
    writing w = {.log = log, .path = path, .n = n, .n_meta = n_meta};
    sdag_status s = sort(&w, t, meta);
    if (s == SDAG_OK) s = make_header(&w);
    if (s == SDAG_OK) s = write_file(&w);
    sdag_free(w.order);
    sdag_free(w.bytes);
    sdag_free(w.meta);
    sdag_free(w.header);
    return s;
}
