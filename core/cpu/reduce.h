/* Sums over the middle axis of f32[before, run, after]: fixed order, long sums accurate, cut into tiles.
 *
 *   sdag_reduce_grid g = sdag_reduce_cut(before, run, after);        // from shapes alone
 *   sdag_reduce_plan(t, &g, 1);                                      // tiles and workspace
 *   sdag_reduce_sum(&g, stage, tile, x, NULL, scale, out, workspace);
 *
 * A tile is a block of columns of a chunk of the run; when the run has several chunks, their sums go to the workspace
 * and a second stage adds them in order. Inside a chunk floats are added over 64 rows at most before they go to double.
 */
#ifndef SDAG_CPU_REDUCE_H
#define SDAG_CPU_REDUCE_H

#include "core/cpu/tiling.h"

typedef struct sdag_reduce_grid {
    int64_t before, run, after;
    int64_t group;        /* of `before` in a tile */
    int64_t rows, chunks; /* of the run in a chunk; number of chunks */
    int64_t cols, blocks; /* of `after` in a block (at most SDAG_REDUCE_COLS); number of blocks */
    int64_t finish;       /* results in a tile of the second stage */
} sdag_reduce_grid;

enum { SDAG_REDUCE_COLS = 1024 };

sdag_reduce_grid sdag_reduce_cut(int64_t before, int64_t run, int64_t after);
/* numbers: doubles that a partial result takes. */
void sdag_reduce_plan(sdag_tiling *t, const sdag_reduce_grid *g, int numbers);

/* out[before, after] = scale * sum of x (times z of the same shape, unless NULL). */
void sdag_reduce_sum(const sdag_reduce_grid *g, int stage, int64_t tile, const float *x, const float *z, float scale,
                     float *out, double *workspace);

/* var = sum (x - mean)^2 * scale, mean = sum x / run; both f32[before, after]. Workspace: 2 doubles a partial result.
 */
void sdag_reduce_var(const sdag_reduce_grid *g, int stage, int64_t tile, const float *x, float scale, float *var,
                     float *mean, double *workspace);

#endif
