/* norm_apply: batch_norm with given statistics, as in inference.
 *   y = relu?( (x - mean) gamma / sqrt(var + eps) + beta + r )             x f32[...,C], mean, var f32[C]
 * The adjoint is batch_norm's (norm_grad.c) without the terms that come through the statistics. */
#include "core/ops/norm.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"

static bool norm_apply_shape(sdag_shaping *s) { return sdag_norm_shape(s, true); }

static sdag_grid grid_of(const sdag_args *a)
{
    return sdag_grid_of(sdag_rows(&a->in[0].shape), sdag_last(&a->in[0].shape));
}

static void norm_apply_plan(sdag_tiling *t, const sdag_args *a)
{
    const sdag_grid g = grid_of(a);
    t->tiles[0] = g.tiles;
    t->scratch = g.scratch;
}

static void norm_apply_run(const sdag_args *a)
{
    const sdag_attr_norm *o = a->attr;
    const sdag_grid g = grid_of(a);
    const sdag_rect r = sdag_grid_rect(&g, a->tile);
    const sdag_norm_args v = sdag_norm_args_of(a, true);
    const sdag_norm n = {SDAG_DATA_F32(a->in[1]), SDAG_DATA_F32(a->in[2]), v.gamma, v.beta, o->eps, o->relu};
    sdag_norm_rect(SDAG_DATA_F32(a->out[0]), &r, &n, v.x, v.r, a->scratch);
}

static void norm_apply_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                            sdag_val *gin)
{
    const sdag_attr_norm *k = o->attr;
    sdag_norm_vals v = sdag_norm_unpack(o->in, k, true);
    sdag_norm_grads g;
    v.y = o->out[0];
    sdag_norm_adjoint(b, &g, &v, k->eps, k->relu, true, gout[0], 0, 0, k->residual && wants[o->n_in - 1],
                      wants[1] || wants[2]);
    int i = 0;
    gin[i++] = g.x;
    gin[i++] = g.mean;
    gin[i++] = g.var;
    if (k->gamma) gin[i++] = g.gamma;
    if (k->beta) gin[i++] = g.beta;
    if (k->residual) gin[i] = g.r;
    for (i = 0; i < o->n_in; i++)
        if (!wants[i]) gin[i] = 0;
}

static const sdag_attr_norm plain = {1e-5f, 0, 0, 0, 0}, relu = {1e-3f, 1, 1, 1, 0}, shortcut = {1e-5f, 0, 1, 1, 1},
                            block = {1e-5f, 1, 1, 1, 1};

const sdag_op sdag_opdef_norm_apply = {
    .name = "norm_apply",
    .math = "y = relu?((x - mean) gamma / sqrt(var + eps) + beta + r)",
    .n_in = 3,
    .n_in_max = 6,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_norm),
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_PLAN,
    .shape = norm_apply_shape,
    .cpu = {.plan = norm_apply_plan, .run = norm_apply_run},
    .grad = norm_apply_grad,
    .check =
        (const sdag_op_check[]){
            {.in = {"f32[1,3]", "f32[3]", "f32[3]>0"}, .attr = &plain},
            {.in = {"f32[2,1,2,7]", "f32[7]", "f32[7]>0", "f32[7]", "f32[7]"}, .attr = &relu},
            {.in = {"f32[3,5]", "f32[5]", "f32[5]>0", "f32[5]", "f32[5]", "f32[3,5]"}, .attr = &shortcut},
            {.in = {"f32[3,1,5]", "f32[5]", "f32[5]>0", "f32[5]", "f32[5]", "f32[3,1,5]"}, .attr = &block},
            {.in = {"f32[5,1400,17]", "f32[17]", "f32[17]>0", "f32[17]", "f32[17]"}, .attr = &relu},
            {0}},
};

sdag_val sdag_op_norm_apply(sdag_build *b, sdag_val x, sdag_val mean, sdag_val var, sdag_val gamma, sdag_val beta,
                            sdag_val r, bool with_relu, float eps)
{
    const sdag_attr_norm o = {eps, with_relu, gamma != 0, beta != 0, r != 0};
    const sdag_norm_vals v = {.x = x, .mean = mean, .var = var, .gamma = gamma, .beta = beta, .r = r};
    sdag_val in[6];
    const int n = sdag_norm_pack(in, &v, true);
    return sdag_emit(b, &sdag_opdef_norm_apply, n, in, &o, NULL);
}
