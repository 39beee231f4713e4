/* The adjoint of batch_norm and norm_apply (y = relu?( a (x - mean) + beta + r ), a = gamma / sqrt(var + eps)) in one
 * op. g      = gy, or 0 where the relu gave 0 gbeta  = sum g,   ggamma = sum g (x - mean) / sqrt(var + eps) sums over
 * the N rows gx     = a (g - gbeta / N - (x - mean) / sqrt(var + eps) ggamma / N) + gmean / N + 2 (x - mean) gvar / N
 *   gr     = g
 * With given statistics (inference) only a g is left of gx.
 * Stage 0 sums tiles of rows, stage 1 adds the tiles up in order, stage 2 writes gx. Nothing but x is kept from the
 * forward pass: without a residual the relu's sign is found again from x; with one it is read from y. */
#include <math.h>

#include "core/ops/norm.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

enum { JOIN = 64 }; /* columns of a tile of stage 1 */

/* Arguments: gy, x, mean, var, then what is marked here, in this order. */
typedef struct norm_grad_attr {
    float eps;
    int32_t relu, given; /* given: the statistics do not depend on x */
    int32_t gamma, beta, y, gmean, gvar;
} norm_grad_attr;

typedef struct norm_grad_args {
    const float *gy, *x, *y, *gmean, *gvar;
    float *gr, *gx, *ggamma, *gbeta;
    sdag_norm n;
} norm_grad_args;

/* With a residual behind a relu, gr is computed first and comes first: it may take the memory of gy. */
static norm_grad_args args_of(const sdag_args *a)
{
    const norm_grad_attr *o = a->attr;
    norm_grad_args v = {.gy = SDAG_DATA_F32(a->in[0]), .x = SDAG_DATA_F32(a->in[1])};
    v.n = (sdag_norm){.mean = SDAG_DATA_F32(a->in[2]), .var = SDAG_DATA_F32(a->in[3]), .eps = o->eps, .relu = o->relu};
    int i = 4, r = a->n_out == 4;
    if (o->gamma) v.n.gamma = SDAG_DATA_F32(a->in[i++]);
    if (o->beta) v.n.beta = SDAG_DATA_F32(a->in[i++]);
    if (o->y) v.y = SDAG_DATA_F32(a->in[i++]);
    if (o->gmean) v.gmean = SDAG_DATA_F32(a->in[i++]);
    if (o->gvar) v.gvar = SDAG_DATA_F32(a->in[i]);
    if (r) v.gr = SDAG_DATA_F32(a->out[0]);
    v.gx = SDAG_DATA_F32(a->out[r]);
    v.ggamma = SDAG_DATA_F32(a->out[r + 1]);
    v.gbeta = SDAG_DATA_F32(a->out[r + 2]);
    return v;
}

static sdag_grid grid_of(const sdag_args *a)
{
    return sdag_grid_of(sdag_rows(&a->in[1].shape), sdag_last(&a->in[1].shape));
}

static bool norm_grad_shape(sdag_shaping *s)
{
    s->out[0] = s->out[1] = s->out[2] = s->in[1];
    s->out[1].shape = s->out[2].shape = s->in[2].shape;
    return true;
}

static bool norm_grad_r_shape(sdag_shaping *s)
{
    s->out[0] = s->out[1] = s->out[2] = s->out[3] = s->in[1];
    s->out[2].shape = s->out[3].shape = s->in[2].shape;
    return true;
}

static void norm_grad_plan(sdag_tiling *t, const sdag_args *a)
{
    const sdag_grid g = grid_of(a);
    t->stages = g.row_tiles > 1 ? 3 : 1;
    t->tiles[0] = t->tiles[2] = g.tiles;
    t->tiles[1] = (g.cols + JOIN - 1) / JOIN;
    /* sg, sx f64[row_tiles,C], then d0, d1 f32[C] */
    t->workspace = (size_t)(g.row_tiles * g.cols) * 2 * sizeof(double) + (size_t)g.cols * 2 * sizeof(float);
    t->scratch = g.scratch;
}

typedef struct sums {
    double *g, *x;
    float *d0, *d1;
} sums;

static sums sums_of(void *workspace, const sdag_grid *g)
{
    double *p = workspace;
    const int64_t n = g->row_tiles * g->cols;
    return (sums){.g = p, .x = p + n, .d0 = (float *)(p + 2 * n), .d1 = (float *)(p + 2 * n) + g->cols};
}

/* Adds the tiles up for the columns [c0,c1), and prepares what stage 2 subtracts. */
static void join(const norm_grad_args *v, const norm_grad_attr *o, const sums *w, const sdag_grid *g, int64_t c0,
                 int64_t c1)
{
    for (int64_t c = c0; c < c1; c++) {
        double sg = 0, sx = 0, n = (double)g->rows;
        for (int64_t t = 0; t < g->row_tiles; t++) sg += w->g[t * g->cols + c], sx += w->x[t * g->cols + c];
        double inv = 1 / sqrt((double)v->n.var[c] + (double)o->eps), a = inv * (v->n.gamma ? (double)v->n.gamma[c] : 1);
        v->gbeta[c] = (float)sg;
        v->ggamma[c] = (float)(sx * inv);
        double d0 = a * sg / n, d1 = a * sx * inv * inv / n;
        if (v->gmean) d0 -= (double)v->gmean[c] / n;
        if (v->gvar) d1 -= 2 * (double)v->gvar[c] / n;
        w->d0[c] = o->given ? 0 : (float)d0;
        w->d1[c] = o->given ? 0 : (float)d1;
    }
}

static void back(const norm_grad_args *v, const sums *w, const sdag_rect *r, void *scratch)
{
    sdag_norm n = v->n;
    if (v->gr) n.relu = false; /* gr is masked already */
    sdag_norm_back(v->gx, r, &n, v->gr ? v->gr : v->gy, v->x, v->y, w->d0, w->d1, scratch);
}

static void norm_grad_run(const sdag_args *a)
{
    const sdag_grid g = grid_of(a);
    const norm_grad_args v = args_of(a);
    const sums w = sums_of(a->workspace, &g);
    if (a->stage == 1) {
        join(&v, a->attr, &w, &g, a->tile * JOIN, g.cols < (a->tile + 1) * JOIN ? g.cols : (a->tile + 1) * JOIN);
        return;
    }
    const sdag_rect r = sdag_grid_rect(&g, a->tile);
    if (a->stage == 0) {
        const int64_t row = r.row_tile * g.cols;
        sdag_norm_sums(w.g + row, w.x + row, &r, &v.n, v.gy, v.x, v.y, v.gr, a->scratch);
        if (g.row_tiles > 1) return;
        join(&v, a->attr, &w, &g, r.col0, r.col0 + r.n);
    }
    back(&v, &w, &r, a->scratch);
}

static const sdag_op norm_grad_op = {
    .name = "batch_norm_grad",
    .math = "gx, ggamma, gbeta of batch_norm",
    .n_in = 4,
    .n_in_max = 8,
    .n_out = 3,
    .attr_size = sizeof(norm_grad_attr),
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_PLAN,
    .shape = norm_grad_shape,
    .cpu = {.plan = norm_grad_plan, .run = norm_grad_run},
};

static const sdag_op norm_grad_r_op = {
    .name = "batch_norm_grad_r",
    .math = "gr, gx, ggamma, gbeta of batch_norm",
    .n_in = 4,
    .n_in_max = 9,
    .n_out = 4,
    .attr_size = sizeof(norm_grad_attr),
    .flags = SDAG_OP_INPLACE | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_PLAN,
    .shape = norm_grad_r_shape,
    .cpu = {.plan = norm_grad_plan, .run = norm_grad_run},
};

/* The statistics as arguments: gmean = -a gbeta, gvar = -gamma ggamma / (2 (var + eps)), vectors of C. */
static void stats_adjoint(sdag_build *b, sdag_norm_grads *out, const sdag_norm_vals *v, float eps)
{
    sdag_val moved = sdag_op_affine(b, v->var, 1, eps);
    sdag_val gm = sdag_op_div(b, out->beta, sdag_op_sqrt(b, moved)), gv = sdag_op_div(b, out->gamma, moved);
    if (v->gamma) gm = sdag_op_mul(b, gm, v->gamma), gv = sdag_op_mul(b, gv, v->gamma);
    out->mean = sdag_op_affine(b, gm, -1, 0);
    out->var = sdag_op_affine(b, gv, -0.5f, 0);
}

void sdag_norm_adjoint(sdag_build *b, sdag_norm_grads *out, const sdag_norm_vals *v, float eps, bool relu, bool given,
                       sdag_val gy, sdag_val gmean, sdag_val gvar, bool wants_r, bool wants_stats)
{
    const bool seen = relu && v->r, sign = relu && !v->r;
    const norm_grad_attr o = {.eps = eps,
                              .relu = relu,
                              .given = given,
                              .gamma = v->gamma != 0,
                              .beta = sign && v->beta,
                              .y = seen,
                              .gmean = gmean != 0,
                              .gvar = gvar != 0};
    if (!gy) gy = sdag_filled(b, sdag_shape_at(b, v->x), 0);
    sdag_val in[SDAG_IN_MAX] = {gy, v->x, v->mean, v->var}, g[4];
    int n = 4;
    if (o.gamma) in[n++] = v->gamma;
    if (o.beta) in[n++] = v->beta;
    if (o.y) in[n++] = v->y;
    if (o.gmean) in[n++] = gmean;
    if (o.gvar) in[n++] = gvar;
    *out = (sdag_norm_grads){0};
    if (seen && wants_r) {
        out->r = sdag_emit(b, &norm_grad_r_op, n, in, &o, g);
        out->x = g[1], out->gamma = g[2], out->beta = g[3];
    } else {
        out->x = sdag_emit(b, &norm_grad_op, n, in, &o, g);
        out->gamma = g[1], out->beta = g[2];
        out->r = v->r ? gy : 0;
    }
    if (wants_stats) stats_adjoint(b, out, v, eps);
}
