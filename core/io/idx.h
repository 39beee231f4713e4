/* IDX, the format of MNIST: a typed array with a tiny header, gzipped or not.
 *
 *   sdag_idx x;
 *   s = sdag_idx_read(&x, log, loc, "train-images-idx3-ubyte.gz");   // x.rank 3, x.dim {60000, 28, 28}
 *   sdag_idx_free(&x);
 *
 * Header: 0, 0, type (8 is unsigned byte), rank; then each dimension as a big-endian 32-bit number
 * (LeCun, Cortes, Burges: "The MNIST database of handwritten digits"). Only unsigned bytes are read; rank 1 (labels),
 * 3 (grey images [N,H,W]) and 4 (images [N,H,W,C]). Whether labels are in range is the caller's question. */
#ifndef SDAG_IO_IDX_H
#define SDAG_IO_IDX_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/log.h"

typedef struct sdag_idx {
    int rank;
    size_t dim[4]; /* 1 beyond the rank */
    size_t count;  /* product of dim */
    uint8_t *data; /* u8[dim], row-major; owned */
} sdag_idx;

/* SDAG_IO, naming the file: cannot be read, not IDX, another type or rank, an empty dimension, more data or less than
 * the header says, damaged gzip. x is zero after a failure. */
sdag_status sdag_idx_read(sdag_idx *x, sdag_log *log, sdag_loc loc, const char *path);
void sdag_idx_free(sdag_idx *x);

#endif
