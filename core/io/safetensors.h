/* Weights on disk: safetensors, read strictly and written reproducibly.
 *
 *   sdag_st *st;
 *   s = sdag_st_open(&st, log, loc, "resnet18.safetensors");
 *   const sdag_st_entry *e = sdag_st_find(st, "conv1.weight");           // f32[64,3,7,7]
 *   if (e) s = sdag_st_read_f32(st, e, w, e->count, log);
 *   sdag_st_close(st);
 *
 *   sdag_st_tensor t[] = {{"conv1.weight", SDAG_ST_F32, 4, {64, 3, 7, 7}, w},
 *                         {"bn1.num_batches_tracked", SDAG_ST_I64, 0, {0}, &steps}};
 *   sdag_st_pair meta[] = {{"format", "pt"}};
 *   s = sdag_st_write(log, "out.safetensors", t, 2, meta, 1);
 *
 * The format: u64 length of the header (little-endian), the header as JSON, the data. An entry of the header is
 * "name": {"dtype", "shape", "data_offsets": [begin, end]}; "__metadata__" maps strings to strings. Refused on reading:
 * a header over 100,000,000 bytes or not starting with '{', duplicate, missing or unknown keys, unknown types, offsets
 * that do not fit the shape, overlap, leave holes or bytes behind. Names are labels, never paths. The format has no
 * checksum: that the numbers themselves are sound is for the caller to see. */
#ifndef SDAG_IO_SAFETENSORS_H
#define SDAG_IO_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/log.h"

enum { SDAG_ST_RANK = 8 }; /* most dimensions */

typedef enum sdag_st_dtype {
    SDAG_ST_F32,
    SDAG_ST_F16,
    SDAG_ST_BF16,
    SDAG_ST_F64,
    SDAG_ST_I64,
    SDAG_ST_I32,
    SDAG_ST_U8,
    SDAG_ST_BOOL,
    SDAG_ST_I8,
    SDAG_ST_I16,
    SDAG_ST_U16,
    SDAG_ST_U32,
    SDAG_ST_U64, /* from here on: only as raw bytes */
    SDAG_ST_F8_E4M3,
    SDAG_ST_F8_E5M2,
    SDAG_ST_DTYPES
} sdag_st_dtype;

const char *sdag_st_dtype_name(sdag_st_dtype t); /* "F32" */
size_t sdag_st_dtype_size(sdag_st_dtype t);      /* bytes */

typedef struct sdag_st_pair {
    const char *key, *value;
} sdag_st_pair;

/* ---- reading ---- */

typedef struct sdag_st sdag_st;

typedef struct sdag_st_entry {
    const char *name;
    sdag_st_dtype dtype;
    int rank; /* 0: a scalar */
    int64_t shape[SDAG_ST_RANK];
    size_t count;          /* elements; 0 when a dimension is 0 */
    uint64_t begin, bytes; /* in the data */
} sdag_st_entry;

/* Reads and checks the header. SDAG_IO, naming the file and what is wrong. loc is kept for later messages. */
sdag_status sdag_st_open(sdag_st **out, sdag_log *log, sdag_loc loc, const char *path);
void sdag_st_close(sdag_st *st); /* NULL is fine; names end here */

int sdag_st_count(const sdag_st *st);
const sdag_st_entry *sdag_st_at(const sdag_st *st, int i);              /* sorted by name, bytewise */
const sdag_st_entry *sdag_st_find(const sdag_st *st, const char *name); /* NULL: there is none */

int sdag_st_meta_count(const sdag_st *st);
const sdag_st_pair *sdag_st_meta_at(const sdag_st *st, int i); /* sorted by key */
const char *sdag_st_meta(const sdag_st *st, const char *key);  /* NULL: there is none */

/* The elements as float (F32, F16, BF16, F64) or as int64 (I64, I32, U8, BOOL); n must be e->count. F64 is rounded, to
 * infinity where it is too large. Raw: the bytes as they are; n must be e->bytes. Thread-safe; nothing is allocated.
 * SDAG_IO: another type, another n, or the file has changed. */
sdag_status sdag_st_read_f32(const sdag_st *st, const sdag_st_entry *e, float *to, size_t n, sdag_log *log);
sdag_status sdag_st_read_i64(const sdag_st *st, const sdag_st_entry *e, int64_t *to, size_t n, sdag_log *log);
sdag_status sdag_st_read_raw(const sdag_st *st, const sdag_st_entry *e, void *to, size_t n, sdag_log *log);

/* ---- writing ---- */

typedef struct sdag_st_tensor {
    const char *name;
    sdag_st_dtype dtype;
    int rank;
    int64_t shape[SDAG_ST_RANK];
    const void *data; /* row-major; may be NULL when empty */
} sdag_st_tensor;

/* The whole file, or none of it (sdag_outfile). The order of t and meta does not matter: data lie by size of element,
 * the largest first, then by name, so that every tensor is aligned; equal content gives equal bytes.
 * SDAG_FAILED: two equal names, a name that is not UTF-8 or is "__metadata__", a bad shape. SDAG_IO: see file.h. */
sdag_status sdag_st_write(sdag_log *log, const char *path, const sdag_st_tensor *t, int n, const sdag_st_pair *meta,
                          int n_meta);

#endif
