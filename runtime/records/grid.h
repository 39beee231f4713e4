/* A batch of images as one PNG: samples in rows, what belongs to one sample beside each other. */
#ifndef SDAG_RUNTIME_RECORDS_GRID_H
#define SDAG_RUNTIME_RECORDS_GRID_H

#include "core/base/log.h"
#include "core/tensor/tensor.h"

enum { SDAG_GRID_TILES = 8, SDAG_GRID_GAP = 2 }; /* GAP: white pixels around each tile */

typedef struct sdag_grid {
    sdag_tensor tiles[SDAG_GRID_TILES]; /* u8 or f32 [B,H,W,C], C = 1 or 3; the first of rank 4 gives the shape to
                                           others that are flat, f32[B,H*W*C] */
    int n;
    int64_t samples; /* of the B, at least 1 */
    /* set by sdag_grid_write */
    int64_t columns, rows; /* of tiles */
    int64_t side;          /* pixels of a tile, which is square: smaller images stand in its corner */
} sdag_grid;

/* Samples of n tiles that a full row holds: about eight tiles. */
int64_t sdag_grid_abreast(int n);

/* Numbers are shown from 0 to 1. Those of a tile that reach far beyond (normalised images) are stretched to what they
 * span instead. false: not of these shapes, no memory, or not written. */
bool sdag_grid_write(sdag_grid *g, sdag_log *log, const char *path);

#endif
