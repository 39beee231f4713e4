/* layer_norm over the last axis (Ba et al. 2016, arXiv:1607.06450).
 *   y = (x - mean) / sqrt(var + eps) gamma + beta,   mean and (biased) variance of the row     x f32[...,D]
 * adjoint, with u = (x - mean) / sqrt(var + eps), g = gy gamma, and means over the row:
 *   gx = (g - mean g - u mean(g u)) / sqrt(var + eps),   ggamma = sum gy u,   gbeta = sum gy   (over rows)
 * Tiles are rows. The adjoint takes the statistics of a row again while it is in the cache, so that x alone is kept;
 * sums over rows go through one slot a tile and are added in order by a second stage. */
#include <math.h>
#include <string.h>

#include "core/cpu/rows.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

/* Elements of a tile of the adjoint, columns of a tile of its second stage, rows whose sums are added in float. */
enum { TILE = 32768, JOIN = 64, BLOCK = 64 };

static bool layer_norm_shape(sdag_shaping *s)
{
    const sdag_attr_layer_norm *o = s->attr;
    const sdag_shape x = s->in[0].shape, vector = SDAG_SHAPE(sdag_last(&x));
    if (!sdag_rule_f32(s)) return false;
    if (!x.rank) return sdag_shape_fail(s, "x must have an axis");
    if (s->n_in != 1 + !!o->gamma + !!o->beta) return sdag_shape_fail(s, "a wrong number of arguments");
    for (int i = 1; i < s->n_in; i++)
        if (!sdag_shape_equal(s->in[i].shape, vector))
            return sdag_shape_fail(s, "gamma and beta must be like a row of x");
    return sdag_shape_like_first(s);
}

SDAG_INLINE void row_stats(float *mean, float *inv, const float *x, float eps, int64_t n)
{
    *mean = (float)(sdag_row_sum(x, n) / (double)n);
    *inv = (float)(1 / sqrt(sdag_row_spread(x, *mean, n) / (double)n + (double)eps));
}

SDAG_CLONES static void layer_norm_rows(float *y, const float *x, const float *gamma, const float *beta, float eps,
                                        int64_t rows, int64_t n)
{
    for (int64_t r = 0; r < rows; r++, x += n, y += n) {
        float mean, inv;
        row_stats(&mean, &inv, x, eps, n);
        SDAG_SIMD
        for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) * inv;
        if (gamma) {
            SDAG_SIMD
            for (int64_t i = 0; i < n; i++) y[i] *= gamma[i];
        }
        if (beta) {
            SDAG_SIMD
            for (int64_t i = 0; i < n; i++) y[i] += beta[i];
        }
    }
}

static void layer_norm_run(const sdag_args *a)
{
    const sdag_attr_layer_norm *o = a->attr;
    const int64_t n = sdag_last(&a->in[0].shape), at = a->lo * n;
    const float *gamma = o->gamma ? SDAG_DATA_F32(a->in[1]) : NULL;
    const float *beta = o->beta ? SDAG_DATA_F32(a->in[1 + !!o->gamma]) : NULL;
    layer_norm_rows(SDAG_DATA_F32(a->out[0]) + at, SDAG_DATA_F32(a->in[0]) + at, gamma, beta, o->eps, a->hi - a->lo, n);
}

/* ---- adjoint: gy, x, [gamma] -> gx, ggamma, gbeta */

static bool layer_norm_grad_shape(sdag_shaping *s)
{
    s->out[0] = s->out[1] = s->out[2] = s->in[0];
    s->out[1].shape = s->out[2].shape = SDAG_SHAPE(sdag_last(&s->in[0].shape));
    return true;
}

typedef struct cut {
    int64_t rows, n, each, tiles; /* each: rows of a tile */
} cut;

static cut cut_of(const sdag_args *a)
{
    cut c = {.rows = sdag_rows(&a->in[0].shape), .n = sdag_last(&a->in[0].shape)};
    c.each = c.n > 0 && c.n < TILE / 16 ? TILE / c.n : 16;
    c.tiles = c.rows > c.each ? (c.rows + c.each - 1) / c.each : 1;
    return c;
}

static void layer_norm_grad_plan(sdag_tiling *t, const sdag_args *a)
{
    const cut c = cut_of(a);
    t->stages = 2;
    t->tiles[0] = c.tiles;
    t->tiles[1] = (c.n + JOIN - 1) / JOIN;
    if (t->tiles[1] < 1) t->tiles[1] = 1;
    t->workspace = (size_t)(c.tiles * c.n) * 2 * sizeof(double); /* sums of gy u and of gy: f64[tiles,D] each */
    t->scratch = (size_t)c.n * 2 * sizeof(float);
}

/* gx of a row; adds gy u and gy to su and sg. */
SDAG_INLINE void grad_row(float *gx, float *su, float *sg, const float *gy, const float *x, const float *gamma,
                          float eps, int64_t n)
{
    float mean, inv, dot = 0, sum = 0;
    row_stats(&mean, &inv, x, eps, n);
#pragma omp simd reduction(+ : dot, sum)
    for (int64_t i = 0; i < n; i++) {
        const float u = (x[i] - mean) * inv, g = gamma ? gy[i] * gamma[i] : gy[i];
        su[i] += gy[i] * u;
        sg[i] += gy[i];
        sum += g;
        dot += g * u;
    }
    const float m0 = sum / (float)n, m1 = dot / (float)n;
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) {
        const float u = (x[i] - mean) * inv, g = gamma ? gy[i] * gamma[i] : gy[i];
        gx[i] = (g - m0 - u * m1) * inv;
    }
}

SDAG_CLONES static void layer_norm_grad_rows(float *gx, double *su, double *sg, float *part, const float *gy,
                                             const float *x, const float *gamma, float eps, int64_t rows, int64_t n)
{
    memset(su, 0, (size_t)n * sizeof *su);
    memset(sg, 0, (size_t)n * sizeof *sg);
    for (int64_t r = 0; r < rows; r += BLOCK) {
        memset(part, 0, (size_t)n * 2 * sizeof *part);
        for (int64_t i = r; i < rows && i < r + BLOCK; i++)
            grad_row(gx + i * n, part, part + n, gy + i * n, x + i * n, gamma, eps, n);
        for (int64_t i = 0; i < n; i++) {
            su[i] += (double)part[i];
            sg[i] += (double)part[n + i];
        }
    }
}

static void layer_norm_grad_run(const sdag_args *a)
{
    const sdag_attr_layer_norm *o = a->attr;
    const cut c = cut_of(a);
    double *su = a->workspace, *sg = su + c.tiles * c.n;
    if (a->stage == 0) {
        const int64_t lo = a->tile * c.each, rows = c.rows - lo < c.each ? c.rows - lo : c.each, at = lo * c.n;
        layer_norm_grad_rows(SDAG_DATA_F32(a->out[0]) + at, su + a->tile * c.n, sg + a->tile * c.n, a->scratch,
                             SDAG_DATA_F32(a->in[0]) + at, SDAG_DATA_F32(a->in[1]) + at,
                             o->gamma ? SDAG_DATA_F32(a->in[2]) : NULL, o->eps, rows, c.n);
        return;
    }
    for (int64_t i = a->tile * JOIN; i < c.n && i < (a->tile + 1) * JOIN; i++) {
        double u = 0, g = 0;
        for (int64_t t = 0; t < c.tiles; t++) u += su[t * c.n + i], g += sg[t * c.n + i];
        SDAG_DATA_F32(a->out[1])[i] = (float)u;
        SDAG_DATA_F32(a->out[2])[i] = (float)g;
    }
}

static const sdag_op layer_norm_grad_op = {
    .name = "layer_norm_grad",
    .math = "gx, ggamma, gbeta of layer_norm",
    .n_in = 2,
    .n_in_max = 3,
    .n_out = 3,
    .attr_size = sizeof(sdag_attr_layer_norm),
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_PLAN,
    .shape = layer_norm_grad_shape,
    .cpu = {.plan = layer_norm_grad_plan, .run = layer_norm_grad_run},
};

static void layer_norm_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                            sdag_val *gin)
{
    const sdag_attr_layer_norm *k = o->attr;
    if (!gout[0]) return;
    sdag_val in[] = {gout[0], o->in[0], k->gamma ? o->in[1] : 0}, g[3];
    sdag_emit(b, &layer_norm_grad_op, k->gamma ? 3 : 2, in, k, g);
    int i = 0;
    gin[i++] = g[0];
    if (k->gamma) gin[i++] = g[1];
    if (k->beta) gin[i] = g[2];
    for (i = 0; i < o->n_in; i++)
        if (!wants[i]) gin[i] = 0;
}

static const sdag_attr_layer_norm plain = {1e-5f, 0, 0}, scaled = {1e-5f, 1, 0}, full = {1e-3f, 1, 1};

const sdag_op sdag_opdef_layer_norm = {
    .name = "layer_norm",
    .math = "y = (x - mean) / sqrt(var + eps) gamma + beta, over a row",
    .n_in = 1,
    .n_in_max = 3,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_layer_norm),
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ROWS,
    .shape = layer_norm_shape,
    .cpu = {.run = layer_norm_run},
    .grad = layer_norm_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &plain},
                                     {.in = {"f32[2,1,7]", "f32[7]"}, .attr = &scaled},
                                     {.in = {"f32[4,2,6]", "f32[6]", "f32[6]"}, .attr = &full},
                                     {.in = {"f32[1,33]", "f32[33]", "f32[33]"}, .attr = &full},
                                     {.in = {"f32[531,127]", "f32[127]", "f32[127]"}, .attr = &full},
                                     {0}},
};

sdag_val sdag_op_layer_norm(sdag_build *b, sdag_val x, sdag_val gamma, sdag_val beta, float eps)
{
    sdag_val in[3] = {x};
    int n = 1;
    if (gamma) in[n++] = gamma;
    if (beta) in[n++] = beta;
    return sdag_emit(b, &sdag_opdef_layer_norm, n, in, &(sdag_attr_layer_norm){eps, gamma != 0, beta != 0}, NULL);
}
