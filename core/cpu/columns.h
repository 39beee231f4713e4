/* Statistics over the rows of a matrix f32[R,C], column by column, and the passes of batch normalisation.
 *
 *   sdag_grid g = sdag_grid_of(rows, cols);         // how the matrix is cut: g.tiles rectangles
 *   sdag_rect r = sdag_grid_rect(&g, tile);         // one of them
 *   sdag_col_moments(count, mean, m2, &r, x, scratch);
 *
 * All passes are bound by memory: each reads its arguments once, whatever C is. A narrow matrix is taken as one with
 * several rows side by side, so that vectors are full for 3 or 16 columns too. Sums run in float over short stretches,
 * in double beyond them. scratch: g.scratch bytes. x, y, ... are the whole matrices; vectors of columns are whole, too.
 */
#ifndef SDAG_CPU_COLUMNS_H
#define SDAG_CPU_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sdag_grid {
    int64_t rows, cols;
    int64_t row_tiles, col_tiles, tiles; /* tiles = row_tiles * col_tiles, numbered row by row */
    int64_t tile_rows, tile_cols;        /* of all but the last */
    size_t scratch;                      /* bytes that one pass over a rectangle needs */
} sdag_grid;

typedef struct sdag_rect {
    int64_t cols;                /* of the matrix */
    int64_t row0, rows, col0, n; /* n: columns of the rectangle */
    int64_t row_tile;
} sdag_rect;

sdag_grid sdag_grid_of(int64_t rows, int64_t cols);
sdag_rect sdag_grid_rect(const sdag_grid *g, int64_t tile);

/* mean[j] and m2[j] = sum_i (x_ij - mean_j)^2 of the rectangle's rows; mean and m2 are whole rows f64[C]. */
void sdag_col_moments(double *mean, double *m2, const sdag_rect *r, const float *x, void *scratch);

/* Joins the moments of consecutive row tiles, given as f64[row_tiles,C], for the columns [c0,c1), in their order
 * (Chan, Golub and LeVeque 1983): mean[c], var[c] (divided by the number of rows). */
void sdag_col_join(float *mean, float *var, const sdag_grid *g, const double *means, const double *m2s, int64_t c0,
                   int64_t c1);

/* A normalisation: y = relu?( (x - mean) gamma / sqrt(var + eps) + beta + r ). */
typedef struct sdag_norm {
    const float *mean, *var;   /* [C] */
    const float *gamma, *beta; /* [C], NULL: 1 and 0 */
    float eps;
    bool relu;
} sdag_norm;

/* r: NULL for none. y may be x or r. */
void sdag_norm_rect(float *y, const sdag_rect *t, const sdag_norm *n, const float *x, const float *r, void *scratch);

/* The two sums of the adjoint, over the rectangle's rows:  sg = sum g,  sx = sum g (x - mean),
 * where g is gy, or 0 where the relu gave 0. The relu's sign is read from y, or found again from x when y is NULL.
 * gr (NULL: not wanted) receives g; it may be gy. */
void sdag_norm_sums(double *sg, double *sx, const sdag_rect *t, const sdag_norm *n, const float *gy, const float *x,
                    const float *y, float *gr, void *scratch);

/* gx = a g - d0 - (x - mean) d1, with a = gamma / sqrt(var + eps); g as above. d0, d1 f32[C], or NULL for 0.
 * gx may be gy or x. */
void sdag_norm_back(float *gx, const sdag_rect *t, const sdag_norm *n, const float *gy, const float *x, const float *y,
                    const float *d0, const float *d1, void *scratch);

#endif
