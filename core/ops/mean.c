/* mean over a run of axes of f32[before, run, after]: y = sum_r x_r / run; NaN of nothing.
 * adjoint: gx = g / run, repeated. */
#include "core/cpu/reduce.h"
#include "core/ops/adjoint.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/reduction.h"

static sdag_reduce_grid grid_of(const sdag_args *a)
{
    sdag_run r = sdag_reduction_run(a);
    return sdag_reduce_cut(r.before, r.run, r.after);
}

static void mean_plan(sdag_tiling *t, const sdag_args *a)
{
    sdag_reduce_grid g = grid_of(a);
    sdag_reduce_plan(t, &g, 1);
}

static void mean_run(const sdag_args *a)
{
    sdag_reduce_grid g = grid_of(a);
    sdag_reduce_sum(&g, a->stage, a->tile, SDAG_DATA_F32(a->in[0]), NULL, 1.0f / (float)g.run, SDAG_DATA_F32(a->out[0]),
                    a->workspace);
}

static void mean_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    const sdag_attr_reduce *m = o->attr;
    sdag_shape s = sdag_shape_at(b, o->in[0]);
    sdag_run r = sdag_run_of(&s, m->axis, m->n);
    if (wants[0])
        gin[0] = sdag_expand_scaled(b, sdag_reduction_spread(b, gout[0], o->in[0], m), s, 1.0f / (float)r.run);
}

static const sdag_attr_reduce some[] = {
    {.axis = 0, .n = 1}, {.axis = 1, .n = 1, .keep = 1}, {.axis = 0, .n = 3}, {.axis = 1, .n = 2}, {.axis = 0, .n = 0}};

const sdag_op sdag_opdef_mean = {
    .name = "mean",
    .math = "y = sum x / n",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_reduce),
    .split = SDAG_SPLIT_PLAN,
    .shape = sdag_reduction_shape,
    .cpu = {.plan = mean_plan, .run = mean_run},
    .grad = mean_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &some[0]},
                                     {.in = {"f32[3,5,2]"}, .attr = &some[1]},
                                     {.in = {"f32[1,3,5]"}, .attr = &some[2]},
                                     {.in = {"f32[]"}, .attr = &some[4]},
                                     {.in = {"f32[65,4,4,33]"}, .attr = &some[3]},
                                     {.in = {"f32[57,31,83]"}, .attr = &some[2]},
                                     {0}},
};

sdag_val sdag_op_mean(sdag_build *b, sdag_val x, int n, const int *axes, bool keep)
{
    return sdag_reduction_emit(b, &sdag_opdef_mean, x, sdag_reduction_axes(b, "mean", x, n, axes), keep);
}

sdag_val sdag_op_mean_all(sdag_build *b, sdag_val x) { return sdag_op_mean(b, x, 0, NULL, false); }
