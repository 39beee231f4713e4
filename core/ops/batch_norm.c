/* batch_norm (Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1), with an optional residual and relu fused:
 *   mean_c = mean of x over all axes but the last,  var_c = mean of (x - mean_c)^2         x f32[...,C]
 *   y = relu?( (x - mean) gamma / sqrt(var + eps) + beta + r )
 * Results: y, mean f32[C], var f32[C].
 * Stage 0 takes mean and variance of tiles of rows, stage 1 joins them in order, stage 2 normalises. A matrix of one
 * tile of rows does all of it at once. Both passes over x read it once, whatever C is (core/cpu/columns.h).
 * The adjoint (norm_grad.c) reads x, not y; y itself can be had again from x by norm_apply, bit for bit. */
#include "core/ops/norm.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"

enum { JOIN = 64 }; /* columns of a tile of stage 1 */

static bool batch_norm_shape(sdag_shaping *s)
{
    if (!sdag_norm_shape(s, false)) return false;
    if (sdag_rows(&s->in[0].shape) < 2)
        return sdag_shape_fail(
            s, "batch statistics of one value per channel: the variance would be 0; use a larger batch");
    s->out[1] = s->out[2] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = SDAG_SHAPE(sdag_last(&s->in[0].shape))};
    return true;
}

static sdag_grid grid_of(const sdag_args *a)
{
    return sdag_grid_of(sdag_rows(&a->in[0].shape), sdag_last(&a->in[0].shape));
}

static void batch_norm_plan(sdag_tiling *t, const sdag_args *a)
{
    const sdag_grid g = grid_of(a);
    t->stages = g.row_tiles > 1 ? 3 : 1;
    t->tiles[0] = t->tiles[2] = g.tiles;
    t->tiles[1] = (g.cols + JOIN - 1) / JOIN;
    t->workspace =
        (size_t)(g.row_tiles * g.cols) * 2 * sizeof(double); /* means, sums of squares: f64[row_tiles,C] each */
    t->scratch = g.scratch;
}

static void batch_norm_run(const sdag_args *a)
{
    const sdag_attr_norm *o = a->attr;
    const sdag_grid g = grid_of(a);
    const sdag_norm_args v = sdag_norm_args_of(a, false);
    double *means = a->workspace, *m2s = means + g.row_tiles * g.cols;
    float *y = SDAG_DATA_F32(a->out[0]), *mean = SDAG_DATA_F32(a->out[1]), *var = SDAG_DATA_F32(a->out[2]);
    if (a->stage == 1) {
        const int64_t c0 = a->tile * JOIN;
        sdag_col_join(mean, var, &g, means, m2s, c0, g.cols < c0 + JOIN ? g.cols : c0 + JOIN);
        return;
    }
    const sdag_rect r = sdag_grid_rect(&g, a->tile);
    if (a->stage == 0) {
        sdag_col_moments(means + r.row_tile * g.cols, m2s + r.row_tile * g.cols, &r, v.x, a->scratch);
        if (g.row_tiles > 1) return;
        sdag_col_join(mean, var, &g, means, m2s, r.col0, r.col0 + r.n);
    }
    const sdag_norm n = {mean, var, v.gamma, v.beta, o->eps, o->relu};
    sdag_norm_rect(y, &r, &n, v.x, v.r, a->scratch);
}

static sdag_norm_vals vals_of(const sdag_program_op *o)
{
    sdag_norm_vals v = sdag_norm_unpack(o->in, o->attr, false);
    v.y = o->out[0], v.mean = o->out[1], v.var = o->out[2];
    return v;
}

static void batch_norm_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                            sdag_val *gin)
{
    const sdag_attr_norm *k = o->attr;
    const sdag_norm_vals v = vals_of(o);
    sdag_norm_grads g;
    sdag_norm_adjoint(b, &g, &v, k->eps, k->relu, false, gout[0], gout[1], gout[2], k->residual && wants[o->n_in - 1],
                      false);
    int i = 0;
    gin[i++] = g.x;
    if (k->gamma) gin[i++] = g.gamma;
    if (k->beta) gin[i++] = g.beta;
    if (k->residual) gin[i] = g.r;
    for (i = 0; i < o->n_in; i++)
        if (!wants[i]) gin[i] = 0;
}

static sdag_val batch_norm_again(sdag_build *b, const sdag_program_op *o)
{
    const sdag_attr_norm *k = o->attr;
    const sdag_norm_vals v = vals_of(o);
    return sdag_op_norm_apply(b, v.x, v.mean, v.var, v.gamma, v.beta, v.r, k->relu, k->eps);
}

static const sdag_attr_norm plain = {1e-5f, 0, 0, 0, 0}, scaled = {1e-5f, 0, 1, 1, 0}, relu = {1e-3f, 1, 1, 1, 0},
                            shortcut = {1e-5f, 0, 1, 1, 1}, block = {1e-5f, 1, 1, 1, 1}, shifted = {1e-5f, 1, 0, 1, 0};

const sdag_op sdag_opdef_batch_norm = {
    .name = "batch_norm",
    .math = "y = relu?((x - mean) gamma / sqrt(var + eps) + beta + r)",
    .n_in = 1,
    .n_in_max = 4,
    .n_out = 3,
    .attr_size = sizeof(sdag_attr_norm),
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_PLAN,
    .shape = batch_norm_shape,
    .cpu = {.plan = batch_norm_plan, .run = batch_norm_run},
    .grad = batch_norm_grad,
    .again = batch_norm_again,
    .check =
        (const sdag_op_check[]){
            {.in = {"f32[5,3]"}, .attr = &plain, .training = 1},
            {.in = {"f32[2,1,2,7]", "f32[7]", "f32[7]"}, .attr = &scaled, .training = 1},
            {.in = {"f32[9,1]", "f32[1]", "f32[1]"}, .attr = &relu, .training = 1},
            {.in = {"f32[3,2,2,5]", "f32[5]", "f32[5]", "f32[3,2,2,5]"}, .attr = &shortcut, .training = 1},
            {.in = {"f32[3,3,1,6]", "f32[6]", "f32[6]", "f32[3,3,1,6]"}, .attr = &block, .training = 1},
            {.in = {"f32[7,4]", "f32[4]"}, .attr = &shifted, .training = 1},
            {.in = {"f32[31,3,47,16]", "f32[16]", "f32[16]"}, .attr = &relu, .training = 1},
            {.in = {"f32[21847,3]", "f32[3]", "f32[3]"}, .attr = &scaled, .training = 1},
            {.in = {"f32[23,3,11,100]", "f32[100]", "f32[100]", "f32[23,3,11,100]"}, .attr = &block, .training = 1},
            {.in = {"f32[3,301]", "f32[301]", "f32[301]"}, .attr = &relu, .training = 1},
            {.in = {"f32[259,300]", "f32[300]", "f32[300]", "f32[259,300]"}, .attr = &block, .training = 1},
            {0}},
};

sdag_val sdag_op_batch_norm(sdag_build *b, sdag_val x, sdag_val gamma, sdag_val beta, sdag_val r, bool with_relu,
                            float eps, sdag_val *mean, sdag_val *var)
{
    const sdag_attr_norm o = {eps, with_relu, gamma != 0, beta != 0, r != 0};
    sdag_val in[4], out[3];
    const int n = sdag_norm_pack(in, &(sdag_norm_vals){.x = x, .gamma = gamma, .beta = beta, .r = r}, false);
    sdag_val y = sdag_emit(b, &sdag_opdef_batch_norm, n, in, &o, out);
    if (mean) *mean = out[1];
    if (var) *var = out[2];
    return y;
}
