/* sum over a run of axes of f32[before, run, after]: y = sum_r x_r.
 * adjoint: gx = g, repeated. Sums over axes that are not neighbours are a chain. */
#include "core/cpu/reduce.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/reduction.h"

static sdag_reduce_grid grid_of(const sdag_args *a)
{
    sdag_run r = sdag_reduction_run(a);
    return sdag_reduce_cut(r.before, r.run, r.after);
}

static void sum_plan(sdag_tiling *t, const sdag_args *a)
{
    sdag_reduce_grid g = grid_of(a);
    sdag_reduce_plan(t, &g, 1);
}

static void sum_run(const sdag_args *a)
{
    sdag_reduce_grid g = grid_of(a);
    sdag_reduce_sum(&g, a->stage, a->tile, SDAG_DATA_F32(a->in[0]), NULL, 1, SDAG_DATA_F32(a->out[0]), a->workspace);
}

static void sum_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0])
        gin[0] = sdag_op_expand(b, sdag_reduction_spread(b, gout[0], o->in[0], o->attr), sdag_shape_at(b, o->in[0]));
}

static const sdag_attr_reduce some[] = {
    {.axis = 0, .n = 1}, {.axis = 1, .n = 1, .keep = 1}, {.axis = 0, .n = 3}, {.axis = 1, .n = 2}, {.axis = 0, .n = 0}};

const sdag_op sdag_opdef_sum = {
    .name = "sum",
    .math = "y = sum x",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_reduce),
    .split = SDAG_SPLIT_PLAN,
    .shape = sdag_reduction_shape,
    .cpu = {.plan = sum_plan, .run = sum_run},
    .grad = sum_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &some[0]},
                                     {.in = {"f32[3,5,2]"}, .attr = &some[1]},
                                     {.in = {"f32[1,3,5]"}, .attr = &some[2]},
                                     {.in = {"f32[4,3,5]"}, .attr = &some[3]},
                                     {.in = {"f32[]"}, .attr = &some[4]},
                                     {.in = {"f32[1,1]"}, .attr = &some[1]},
                                     {.in = {"f32[5003,31]"}, .attr = &some[0]},
                                     {.in = {"f32[7,20001]"}, .attr = &some[1]},
                                     {.in = {"f32[57,31,83]"}, .attr = &some[2]},
                                     {.in = {"f32[131,3,1029]"}, .attr = &some[1]},
                                     {.in = {"f32[4001,19]"}, .attr = &some[1]},
                                     {.in = {"f32[2,5000,33]"}, .attr = &some[1]},
                                     {0}},
};

sdag_val sdag_op_sum(sdag_build *b, sdag_val x, int n, const int *axes, bool keep)
{
    return sdag_reduction_emit(b, &sdag_opdef_sum, x, sdag_reduction_axes(b, "sum", x, n, axes), keep);
}

sdag_val sdag_op_sum_all(sdag_build *b, sdag_val x) { return sdag_op_sum(b, x, 0, NULL, false); }
