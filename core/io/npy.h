/* NumPy's .npy, written row by row: numpy.load reads it, and numpy.load(mmap_mode="r") too.
 *
 *   sdag_npy w;
 *   s = sdag_npy_open(&w, log, "features.npy", SDAG_NPY_F32, 1, (int64_t[]){512});
 *   if (s) return s;
 *   sdag_npy_rows(&w, features, 256);      // f32[256,512]; as often as there are rows
 *   s = sdag_npy_commit(&w, log);          // f32[rows,512]; or sdag_npy_abandon(&w)
 *
 * The number of rows is counted on the way and put into the header at the end. The file appears under its name when
 * it is committed, whole, or not at all (sdag_outfile). Format: version 1.0, little-endian, C order. */
#ifndef SDAG_IO_NPY_H
#define SDAG_IO_NPY_H

#include <stdint.h>

#include "core/base/file.h"

typedef enum sdag_npy_dtype { SDAG_NPY_F32, SDAG_NPY_I32, SDAG_NPY_I64, SDAG_NPY_U8 } sdag_npy_dtype;

enum { SDAG_NPY_RANK = 7 }; /* most dimensions of a row */

typedef struct sdag_npy {
    sdag_outfile out;
    sdag_npy_dtype dtype;
    int rank; /* of a row */
    int64_t shape[SDAG_NPY_RANK];
    size_t row;   /* bytes */
    int64_t rows; /* so far */
} sdag_npy;

/* rank 0: rows are single numbers. SDAG_FAILED: rank or shape impossible. SDAG_IO: see sdag_out_open.
 * Nothing need be released after a failure. */
sdag_status sdag_npy_open(sdag_npy *w, sdag_log *log, const char *path, sdag_npy_dtype dtype, int rank,
                          const int64_t *shape);
void sdag_npy_rows(sdag_npy *w, const void *data, size_t rows); /* errors stay until commit */
sdag_status sdag_npy_commit(sdag_npy *w, sdag_log *log);
void sdag_npy_abandon(sdag_npy *w); /* also fine after commit */

#endif
