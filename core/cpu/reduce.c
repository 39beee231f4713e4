#include "core/cpu/reduce.h"

#include <stdbool.h>
#include <string.h>

#include "core/cpu/rows.h"
#include "core/cpu/simd.h"

enum {
    TILE = 65536,     /* elements of a tile */
    CHUNKS_MAX = 128, /* partial sums of one result */
    BLOCK = 64,       /* rows added in float before they go to double */
    WIDE = 64,        /* columns are joined to rows of about this length, see column_sums */
    LONG = 512,       /* a single column of so many rows is summed as a wide one */
    COLS = SDAG_REDUCE_COLS,
};

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

sdag_reduce_grid sdag_reduce_cut(int64_t before, int64_t run, int64_t after)
{
    sdag_reduce_grid g = {.before = before, .run = run, .after = after, .group = 1, .rows = run > 0 ? run : 1};
    g.blocks = after > COLS ? ceil_div(after, COLS) : 1;
    g.cols = after > 0 ? ceil_div(ceil_div(after, g.blocks), 16) * 16 : 1;
    if (g.cols > after) g.cols = after;
    int64_t fit = TILE / (g.cols > 0 ? g.cols : 1);
    if (run > 2 * fit) g.rows = ceil_div(run, ceil_div(run, fit) > CHUNKS_MAX ? CHUNKS_MAX : ceil_div(run, fit));
    g.chunks = run > 0 ? ceil_div(run, g.rows) : 1;
    if (g.chunks == 1 && g.blocks == 1 && run * after < TILE) g.group = TILE / (run * after > 0 ? run * after : 1);
    int64_t per_result = g.chunks * 8;
    g.finish = TILE / per_result > 256 ? TILE / per_result : 256;
    return g;
}

void sdag_reduce_plan(sdag_tiling *t, const sdag_reduce_grid *g, int numbers)
{
    int64_t results = g->before * g->after;
    t->tiles[0] = ceil_div(g->before, g->group) * g->chunks * g->blocks;
    if (t->tiles[0] < 1) t->tiles[0] = 1;
    if (g->chunks == 1) return;
    t->stages = 2;
    t->tiles[1] = results > 0 ? ceil_div(results, g->finish) : 1;
    t->workspace = (size_t)results * (size_t)g->chunks * (size_t)numbers * sizeof(double);
}

/* ---- the loops ---- */

typedef enum { PLAIN, PRODUCT, SPREAD } sum_kind; /* of x; of x z; of (x - center)^2 */

SDAG_INLINE float term(sum_kind kind, const float *x, const float *z, const float *center, int64_t at, int64_t i)
{
    float v = x[at];
    if (kind == PRODUCT) return v * z[at];
    if (kind == SPREAD) v -= center[i];
    return kind == SPREAD ? v * v : v;
}

/* part[i] = sum over `rows` rows that are `pitch` apart; four at a time, to load and store part less often. */
SDAG_INLINE void block_sums(sum_kind kind, float *part, const float *x, const float *z, const float *center,
                            int64_t rows, int64_t pitch, int64_t n)
{
    int64_t r = 0;
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) part[i] = 0;
    for (; r + 4 <= rows; r += 4) {
        int64_t p = r * pitch;
        SDAG_SIMD
        for (int64_t i = 0; i < n; i++)
            part[i] +=
                (term(kind, x, z, center, p + i, i) + term(kind, x, z, center, p + pitch + i, i)) +
                (term(kind, x, z, center, p + 2 * pitch + i, i) + term(kind, x, z, center, p + 3 * pitch + i, i));
    }
    for (; r < rows; r++) {
        int64_t p = r * pitch;
        SDAG_SIMD
        for (int64_t i = 0; i < n; i++) part[i] += term(kind, x, z, center, p + i, i);
    }
}

/* sum[i] over rows of n columns. When columns are few and rows lie end to end, 2^k rows count as one wide row, and the
 * wide sums are folded in halves at the end: a single column is summed this way too. */
SDAG_INLINE void column_sums(sum_kind kind, double *sum, const float *x, const float *z, const float *center,
                             int64_t rows, int64_t pitch, int64_t n)
{
    double wide[COLS];
    float part[COLS], wide_center[COLS];
    int64_t join = 1;
    while (pitch == n && n * join * 2 <= WIDE) join *= 2;
    int64_t m = n * join, many = rows / join, rest = rows - many * join;
    for (int64_t i = 0; i < m && kind == SPREAD; i++) wide_center[i] = center[i % n];
    for (int64_t i = 0; i < m; i++) wide[i] = 0;
    for (int64_t r = 0; r < many; r += BLOCK) {
        int64_t at = r * join * pitch, now = many - r < BLOCK ? many - r : BLOCK;
        block_sums(kind, part, x + at, z ? z + at : NULL, wide_center, now, pitch * join, m);
        SDAG_SIMD
        for (int64_t i = 0; i < m; i++) wide[i] += (double)part[i];
    }
    for (int64_t half = m / 2; join > 1; join /= 2, half /= 2) {
        SDAG_SIMD
        for (int64_t i = 0; i < half; i++) wide[i] += wide[i + half];
    }
    for (int64_t r = rows - rest; r < rows; r++)
        for (int64_t i = 0; i < n; i++) wide[i] += (double)term(kind, x, z, center, r * pitch + i, i);
    memcpy(sum, wide, (size_t)n * sizeof *sum);
}

/* One column, rows end to end: each of `count` runs is a row of its own. */
SDAG_INLINE void row_sums(sum_kind kind, double *sum, const float *x, const float *z, const float *center,
                          int64_t count, int64_t n)
{
    for (int64_t i = 0; i < count; i++) {
        if (kind == PRODUCT) sum[i] = sdag_row_dot(x + i * n, z + i * n, n);
        else if (kind == SPREAD) sum[i] = sdag_row_spread(x + i * n, center[i], n);
        else sum[i] = sdag_row_sum(x + i * n, n);
    }
}

/* A piece of the first stage: `count` sums of f32[rows, n] that lie end to end (1, unless n and pitch are 1). */
typedef struct piece {
    const float *x, *z, *center;
    int64_t count, rows, pitch, n;
} piece;

SDAG_INLINE void piece_sums(sum_kind kind, double *sum, const piece *p)
{
    if (p->pitch == 1 && p->rows < LONG) row_sums(kind, sum, p->x, p->z, p->center, p->count, p->rows);
    else column_sums(kind, sum, p->x, p->z, p->center, p->rows, p->pitch, p->n);
}

SDAG_CLONES static void reduce_plain_sums(double *sum, const piece *p) { piece_sums(PLAIN, sum, p); }

SDAG_CLONES static void reduce_product_sums(double *sum, const piece *p) { piece_sums(PRODUCT, sum, p); }

SDAG_CLONES static void reduce_spread_sums(double *sum, const piece *p) { piece_sums(SPREAD, sum, p); }

/* ---- tiles ---- */

/* Where a tile of the first stage lies: outer indices [from, to), `step` of them at once, a chunk, a block of columns.
 */
typedef struct place {
    int64_t from, to, step, chunk, row, rows, col, cols;
} place;

static place place_of(const sdag_reduce_grid *g, int64_t tile)
{
    int64_t block = tile % g->blocks, chunk = tile / g->blocks % g->chunks, group = tile / g->blocks / g->chunks;
    place p = {.from = group * g->group,
               .to = (group + 1) * g->group,
               .chunk = chunk,
               .row = chunk * g->rows,
               .rows = g->rows,
               .col = block * g->cols,
               .cols = g->cols};
    if (p.to > g->before) p.to = g->before;
    if (p.rows > g->run - p.row) p.rows = g->run - p.row;
    if (p.cols > g->after - p.col) p.cols = g->after - p.col;
    p.step = g->after == 1 && p.rows < LONG ? COLS : 1;
    if (p.cols < 1) p.to = p.from;
    return p;
}

/* The piece at outer index b of the tile; *to: where its results go. */
static piece piece_of(const sdag_reduce_grid *g, const place *p, int64_t b, const float *x, const float *z, int64_t *to)
{
    int64_t at = (b * g->run + p->row) * g->after + p->col;
    *to = b * g->after + p->col;
    return (piece){.x = x + at,
                   .z = z ? z + at : NULL,
                   .count = p->to - b < p->step ? p->to - b : p->step,
                   .rows = p->rows,
                   .pitch = g->after,
                   .n = p->cols};
}

/* Workspace: [chunk][before][after], so that the second stage reads runs of columns. */
static void finish_sum(const sdag_reduce_grid *g, int64_t tile, float scale, float *out, const double *work)
{
    int64_t n = g->before * g->after, hi = (tile + 1) * g->finish < n ? (tile + 1) * g->finish : n;
    for (int64_t i = tile * g->finish; i < hi; i++) {
        double s = 0;
        for (int64_t c = 0; c < g->chunks; c++) s += work[c * n + i];
        out[i] = (float)(s * (double)scale);
    }
}

void sdag_reduce_sum(const sdag_reduce_grid *g, int stage, int64_t tile, const float *x, const float *z, float scale,
                     float *out, double *work)
{
    if (stage == 1) {
        finish_sum(g, tile, scale, out, work);
        return;
    }
    place p = place_of(g, tile);
    double sums[COLS];
    for (int64_t b = p.from; b < p.to; b += p.step) {
        int64_t to;
        piece part = piece_of(g, &p, b, x, z, &to);
        int64_t n = part.count * p.cols;
        if (z) reduce_product_sums(sums, &part);
        else reduce_plain_sums(sums, &part);
        if (g->chunks > 1) memcpy(work + p.chunk * g->before * g->after + to, sums, (size_t)n * sizeof *sums);
        else
            for (int64_t i = 0; i < n; i++) out[to + i] = (float)(sums[i] * (double)scale);
    }
}

/* Chunks are joined as Chan, Golub & LeVeque (1979) have it. */
static void finish_var(const sdag_reduce_grid *g, int64_t tile, float scale, float *var, float *mean,
                       const double *work)
{
    int64_t n = g->before * g->after, hi = (tile + 1) * g->finish < n ? (tile + 1) * g->finish : n;
    const double *means = work, *spreads = work + n * g->chunks;
    for (int64_t i = tile * g->finish; i < hi; i++) {
        double m = means[i], s = spreads[i];
        for (int64_t c = 1; c < g->chunks; c++) {
            double done = (double)(c * g->rows);
            double rows = c + 1 < g->chunks ? (double)g->rows : (double)(g->run - c * g->rows);
            double d = means[c * n + i] - m;
            m += d * rows / (done + rows);
            s += spreads[c * n + i] + d * d * done * rows / (done + rows);
        }
        mean[i] = (float)m;
        var[i] = (float)(s * (double)scale);
    }
}

void sdag_reduce_var(const sdag_reduce_grid *g, int stage, int64_t tile, const float *x, float scale, float *var,
                     float *mean, double *work)
{
    if (stage == 1) {
        finish_var(g, tile, scale, var, mean, work);
        return;
    }
    place p = place_of(g, tile);
    double sums[COLS], spreads[COLS];
    float center[COLS];
    int64_t n = g->before * g->after;
    for (int64_t b = p.from; b < p.to; b += p.step) {
        int64_t to;
        piece part = piece_of(g, &p, b, x, NULL, &to);
        int64_t results = part.count * p.cols;
        reduce_plain_sums(sums, &part);
        for (int64_t i = 0; i < results; i++) center[i] = (float)(sums[i] / (double)p.rows);
        part.center = center;
        reduce_spread_sums(spreads, &part);
        for (int64_t i = 0; i < results; i++) {
            double m = sums[i] / (double)p.rows, d = m - (double)center[i];
            double s = spreads[i] - (double)p.rows * d * d; /* the center was rounded to float */
            if (g->chunks > 1) {
                work[p.chunk * n + to + i] = m;
                work[(g->chunks + p.chunk) * n + to + i] = s;
            } else {
                mean[to + i] = (float)m;
                var[to + i] = (float)(s * (double)scale);
            }
        }
    }
}
