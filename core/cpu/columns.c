#include "core/cpu/columns.h"

#include <math.h>
#include <string.h>

#include "core/cpu/simd.h"

/* TILE: elements of a rectangle; WIDE: its widest; LINE: shortest line that is worth a loop of its own.
 * BLOCK: lines that are added in float; LANES: floats of the widest vector. */
enum { TILE = 65536, WIDE = 256, LINE = 128, BLOCK = 64, LANES = 16 };

/* ---- the cut ---- */

/* Rows that are laid side by side when the rectangle is as wide as the matrix, to make whole vectors. */
static int64_t fold_of(int64_t cols)
{
    if (cols >= LINE || cols < 1) return 1;
    int64_t fold = 1;
    while (cols * fold % LANES && cols < LINE / 2) fold++;
    return fold * ((LINE + cols * fold - 1) / (cols * fold));
}

sdag_grid sdag_grid_of(int64_t rows, int64_t cols)
{
    sdag_grid g = {.rows = rows, .cols = cols};
    g.tile_cols = cols > WIDE ? WIDE : cols > 0 ? cols : 1;
    int64_t most = TILE / g.tile_cols;
    g.row_tiles = rows > most ? (rows + most - 1) / most : 1;
    g.col_tiles = cols > WIDE ? (cols + WIDE - 1) / WIDE : 1;
    g.tile_rows = (rows + g.row_tiles - 1) / g.row_tiles;
    g.row_tiles = g.tile_rows ? (rows + g.tile_rows - 1) / g.tile_rows : 1; /* even tiles may be fewer */
    g.tiles = g.row_tiles * g.col_tiles;
    int64_t line = g.tile_cols * (g.tile_cols == cols ? fold_of(cols) : 1);
    g.scratch = (size_t)line * (7 * sizeof(float) + 2 * sizeof(double));
    return g;
}

sdag_rect sdag_grid_rect(const sdag_grid *g, int64_t tile)
{
    sdag_rect r = {.cols = g->cols, .row_tile = tile / g->col_tiles};
    r.row0 = r.row_tile * g->tile_rows;
    r.rows = g->rows - r.row0 < g->tile_rows ? g->rows - r.row0 : g->tile_rows;
    r.col0 = tile % g->col_tiles * g->tile_cols;
    r.n = g->cols - r.col0 < g->tile_cols ? g->cols - r.col0 : g->tile_cols;
    return r;
}

/* The rectangle as lines: n of w elements, stride apart; the last one may be shorter. */
typedef struct lines {
    int64_t at, n, w, last, stride;
} lines;

static lines lines_of(const sdag_rect *r)
{
    lines l = {.at = r->row0 * r->cols + r->col0, .n = r->rows, .w = r->n, .last = r->n, .stride = r->cols};
    int64_t all = r->rows * r->n;
    if (r->n == r->cols && all > 0) {
        l.w = l.stride = r->n * fold_of(r->n);
        l.n = (all + l.w - 1) / l.w;
        l.last = all - (l.n - 1) * l.w;
    }
    return l;
}

/* to[w] = from[n] again and again. */
static void repeat(float *to, const float *from, int64_t n, int64_t w)
{
    for (int64_t at = 0; at < w; at += n) memcpy(to + at, from, (size_t)n * sizeof *to);
}

/* out[c] = sum of from at c, c + n, c + 2n, ... */
static void fold(double *out, const double *from, int64_t n, int64_t w)
{
    for (int64_t c = 0; c < n; c++) {
        double s = 0;
        for (int64_t j = c; j < w; j += n) s += from[j];
        out[c] = s;
    }
}

/* Sums over lines, two for each column: floats over a block of lines, doubles over blocks. */
typedef struct sums {
    double *s0, *s1;
    float *p0, *p1;
} sums;

/* Takes them from scratch, which is moved on. */
static sums sums_new(void **scratch, int64_t w)
{
    double *d = *scratch;
    float *f = (float *)(d + 2 * w);
    memset(d, 0, (size_t)w * 2 * sizeof *d);
    memset(f, 0, (size_t)w * 2 * sizeof *f);
    *scratch = f + 2 * w;
    return (sums){d, d + w, f, f + w};
}

SDAG_INLINE void sums_close(const sums *t, int64_t w)
{
    SDAG_SIMD
    for (int64_t j = 0; j < w; j++) {
        t->s0[j] += (double)t->p0[j];
        t->s1[j] += (double)t->p1[j];
        t->p0[j] = t->p1[j] = 0;
    }
}

/* ---- moments ---- */

/* Adds x - k and (x - k)^2 of n lines (a constant). */
SDAG_INLINE void moments_of(const int n, const sums *t, const float *k, const float *x, int64_t stride, int64_t w)
{
    float *p0 = t->p0, *p1 = t->p1;
    SDAG_SIMD
    for (int64_t j = 0; j < w; j++) {
        float s = 0, q = 0;
        for (int i = 0; i < n; i++) {
            const float d = x[i * stride + j] - k[j];
            s += d;
            q += d * d;
        }
        p0[j] += s;
        p1[j] += q;
    }
}

SDAG_CLONES static void col_moments(const sums *t, const float *k, const float *x, const lines *l)
{
    const int64_t whole = l->last == l->w ? l->n : l->n - 1;
    x += l->at;
    for (int64_t i = 0; i < whole; i += BLOCK) {
        const int64_t end = whole - i < BLOCK ? whole : i + BLOCK;
        int64_t r = i;
        for (; r + 4 <= end; r += 4) moments_of(4, t, k, x + r * l->stride, l->stride, l->w);
        for (; r < end; r++) moments_of(1, t, k, x + r * l->stride, l->stride, l->w);
        sums_close(t, l->w);
    }
    if (whole == l->n) return;
    moments_of(1, t, k, x + whole * l->stride, l->stride, l->last);
    sums_close(t, l->w);
}

void sdag_col_moments(double *mean, double *m2, const sdag_rect *r, const float *x, void *scratch)
{
    /* Sums of distances from the first row: what is common to a column does not swamp its variance. */
    const lines l = lines_of(r);
    const float *first = x + l.at;
    const sums t = sums_new(&scratch, l.w);
    float *k = scratch;
    repeat(k, first, r->n, l.w);
    col_moments(&t, k, x, &l);
    fold(mean + r->col0, t.s0, r->n, l.w);
    fold(m2 + r->col0, t.s1, r->n, l.w);
    const double n = (double)r->rows;
    for (int64_t c = 0; c < r->n; c++) {
        double sum = mean[r->col0 + c], rest = m2[r->col0 + c] - sum * sum / n;
        mean[r->col0 + c] = (double)first[c] + sum / n;
        m2[r->col0 + c] = rest < 0 ? 0 : rest;
    }
}

void sdag_col_join(float *mean, float *var, const sdag_grid *g, const double *means, const double *m2s, int64_t c0,
                   int64_t c1)
{
    for (int64_t c = c0; c < c1; c++) {
        double m = means[c], m2 = m2s[c], n = (double)(g->rows < g->tile_rows ? g->rows : g->tile_rows);
        for (int64_t t = 1; t < g->row_tiles; t++) {
            int64_t left = g->rows - t * g->tile_rows;
            double nt = (double)(left < g->tile_rows ? left : g->tile_rows), d = means[t * g->cols + c] - m;
            m += d * nt / (n + nt);
            m2 += m2s[t * g->cols + c] + d * d * n * nt / (n + nt);
            n += nt;
        }
        mean[c] = (float)m;
        var[c] = (float)(m2 / (double)g->rows);
    }
}

/* ---- normalising ---- */

/* Vectors over the columns of a line. */
typedef struct coefs {
    float *m, *a, *b, *d0, *d1;
} coefs;

static void coefs_of(coefs *k, const sdag_rect *t, const sdag_norm *n, const float *d0, const float *d1, int64_t w,
                     void *scratch)
{
    float *p = scratch;
    *k = (coefs){p, p + w, p + 2 * w, p + 3 * w, p + 4 * w};
    for (int64_t c = 0; c < t->n; c++) {
        int64_t i = t->col0 + c;
        float a = (n->gamma ? n->gamma[i] : 1.0f) / sqrtf(n->var[i] + n->eps), b = n->beta ? n->beta[i] : 0.0f;
        float e0 = d0 ? d0[i] : 0.0f, e1 = d1 ? d1[i] : 0.0f;
        for (int64_t j = c; j < w; j += t->n)
            k->m[j] = n->mean[i], k->a[j] = a, k->b[j] = b, k->d0[j] = e0, k->d1[j] = e1;
    }
}

/* Written so that NaN passes through the comparison. */
SDAG_INLINE void norm_body(const bool res, const bool relu, float *y, const float *x, const float *r, const coefs *k,
                           const lines *l)
{
    const float *m = k->m, *a = k->a, *b = k->b;
    for (int64_t i = 0; i < l->n; i++) {
        const int64_t at = l->at + i * l->stride, w = i + 1 < l->n ? l->w : l->last;
        float *yi = y + at;
        const float *xi = x + at, *ri = res ? r + at : NULL;
        SDAG_SIMD
        for (int64_t j = 0; j < w; j++) {
            float v = (xi[j] - m[j]) * a[j] + b[j];
            if (res) v += ri[j];
            yi[j] = relu && v < 0 ? 0 : v;
        }
    }
}

#define NORM(name, res, relu)                                                                              \
    SDAG_CLONES static void name(float *y, const float *x, const float *r, const coefs *k, const lines *l) \
    {                                                                                                      \
        norm_body(res, relu, y, x, r, k, l);                                                               \
    }
NORM(norm_plain, false, false)
NORM(norm_relu, false, true)
NORM(norm_res, true, false)
NORM(norm_res_relu, true, true)

void sdag_norm_rect(float *y, const sdag_rect *t, const sdag_norm *n, const float *x, const float *r, void *scratch)
{
    const lines l = lines_of(t);
    coefs k;
    coefs_of(&k, t, n, NULL, NULL, l.w, scratch);
    if (r) (n->relu ? norm_res_relu : norm_res)(y, x, r, &k, &l);
    else (n->relu ? norm_relu : norm_plain)(y, x, r, &k, &l);
}

/* ---- the adjoint ---- */

typedef enum { KEEP, SIGN, SEEN } mask; /* no relu; its sign from x; its sign from y */

/* g, or 0 where the relu gave 0; NaN counts as kept. */
SDAG_INLINE float masked(const mask how, float g, float x, float m, float a, float b, float y)
{
    if (how == SIGN) return (x - m) * a + b <= 0 ? 0 : g;
    if (how == SEEN) return y <= 0 ? 0 : g;
    return g;
}

/* Adds g and g (x - m) of n lines (a constant), and writes g to gr when keep. */
SDAG_INLINE void grads_of(const int n, const mask how, const bool keep, const sums *t, const float *gy, const float *x,
                          const float *y, float *gr, const coefs *k, int64_t stride, int64_t w)
{
    const float *m = k->m, *a = k->a, *b = k->b;
    float *p0 = t->p0, *p1 = t->p1;
    SDAG_SIMD
    for (int64_t j = 0; j < w; j++) {
        float s = 0, q = 0;
        for (int i = 0; i < n; i++) {
            const int64_t at = i * stride + j;
            const float g = masked(how, gy[at], x[at], m[j], a[j], b[j], y[at]);
            s += g;
            q += g * (x[at] - m[j]);
            if (keep) gr[at] = g;
        }
        p0[j] += s;
        p1[j] += q;
    }
}

SDAG_INLINE void grads_body(const mask how, const bool keep, const sums *t, const float *gy, const float *x,
                            const float *y, float *gr, const coefs *k, const lines *l)
{
    const int64_t whole = l->last == l->w ? l->n : l->n - 1;
    if (how != SEEN) y = x; /* not read */
    if (!keep) gr = NULL;
    for (int64_t i = 0; i < l->n; i += BLOCK) {
        const int64_t end = l->n - i < BLOCK ? l->n : i + BLOCK;
        for (int64_t r = i; r < end;) {
            const int64_t at = l->at + r * l->stride, four = r + 4 <= end && r + 4 <= whole;
            float *to = keep ? gr + at : NULL;
            if (four) grads_of(4, how, keep, t, gy + at, x + at, y + at, to, k, l->stride, l->w);
            else grads_of(1, how, keep, t, gy + at, x + at, y + at, to, k, l->stride, r < whole ? l->w : l->last);
            r += four ? 4 : 1;
        }
        sums_close(t, l->w);
    }
}

#define GRADS(name, how, keep)                                                                              \
    SDAG_CLONES static void name(const sums *t, const float *gy, const float *x, const float *y, float *gr, \
                                 const coefs *k, const lines *l)                                            \
    {                                                                                                       \
        grads_body(how, keep, t, gy, x, y, gr, k, l);                                                       \
    }
GRADS(norm_grads_keep, KEEP, false)
GRADS(norm_grads_sign, SIGN, false)
GRADS(norm_grads_seen, SEEN, false)
GRADS(norm_grads_seen_gr, SEEN, true)

static mask mask_of(const sdag_norm *n, const float *y) { return !n->relu ? KEEP : y ? SEEN : SIGN; }

void sdag_norm_sums(double *sg, double *sx, const sdag_rect *t, const sdag_norm *n, const float *gy, const float *x,
                    const float *y, float *gr, void *scratch)
{
    const lines l = lines_of(t);
    const sums s = sums_new(&scratch, l.w);
    coefs k;
    coefs_of(&k, t, n, NULL, NULL, l.w, scratch);
    switch (mask_of(n, y)) {
    case KEEP: norm_grads_keep(&s, gy, x, y, gr, &k, &l); break;
    case SIGN: norm_grads_sign(&s, gy, x, y, gr, &k, &l); break;
    case SEEN: (gr ? norm_grads_seen_gr : norm_grads_seen)(&s, gy, x, y, gr, &k, &l); break;
    }
    fold(sg + t->col0, s.s0, t->n, l.w);
    fold(sx + t->col0, s.s1, t->n, l.w);
}

SDAG_INLINE void back_body(const mask how, float *gx, const float *gy, const float *x, const float *y, const coefs *k,
                           const lines *l)
{
    const float *m = k->m, *a = k->a, *b = k->b, *d0 = k->d0, *d1 = k->d1;
    for (int64_t i = 0; i < l->n; i++) {
        const int64_t at = l->at + i * l->stride, w = i + 1 < l->n ? l->w : l->last;
        float *out = gx + at;
        const float *gi = gy + at, *xi = x + at, *yi = how == SEEN ? y + at : x + at;
        SDAG_SIMD
        for (int64_t j = 0; j < w; j++) {
            float g = masked(how, gi[j], xi[j], m[j], a[j], b[j], yi[j]);
            out[j] = a[j] * g - d0[j] - (xi[j] - m[j]) * d1[j];
        }
    }
}

#define BACK(name, how)                                                                                      \
    SDAG_CLONES static void name(float *gx, const float *gy, const float *x, const float *y, const coefs *k, \
                                 const lines *l)                                                             \
    {                                                                                                        \
        back_body(how, gx, gy, x, y, k, l);                                                                  \
    }
BACK(norm_back_keep, KEEP)
BACK(norm_back_sign, SIGN)
BACK(norm_back_seen, SEEN)

void sdag_norm_back(float *gx, const sdag_rect *t, const sdag_norm *n, const float *gy, const float *x, const float *y,
                    const float *d0, const float *d1, void *scratch)
{
    const lines l = lines_of(t);
    coefs k;
    coefs_of(&k, t, n, d0, d1, l.w, scratch);
    switch (mask_of(n, y)) {
    case KEEP: norm_back_keep(gx, gy, x, y, &k, &l); break;
    case SIGN: norm_back_sign(gx, gy, x, y, &k, &l); break;
    case SEEN: norm_back_seen(gx, gy, x, y, &k, &l); break;
    }
}
