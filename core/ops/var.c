/* var over a run of axes of f32[before, run, after], two passes over what is in the cache:
 *   mean = sum_r x_r / run,   y = sum_r (x_r - mean)^2 / (run - unbiased)          also gives the mean
 * adjoint: gx = g 2 (x - mean) / (run - unbiased), and g_mean / run. */
#include "core/cpu/broadcast.h"
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

static float freedom(const sdag_attr_reduce *o, int64_t run) { return (float)run - (o->unbiased ? 1.0f : 0.0f); }

static void var_plan(sdag_tiling *t, const sdag_args *a)
{
    sdag_reduce_grid g = grid_of(a);
    sdag_reduce_plan(t, &g, 2);
}

static void var_run(const sdag_args *a)
{
    sdag_reduce_grid g = grid_of(a);
    sdag_reduce_var(&g, a->stage, a->tile, SDAG_DATA_F32(a->in[0]), 1.0f / freedom(a->attr, g.run),
                    SDAG_DATA_F32(a->out[0]), SDAG_DATA_F32(a->out[1]), a->workspace);
}

static bool var_shape(sdag_shaping *s)
{
    const sdag_attr_reduce *o = s->attr;
    if (!sdag_reduction_shape(s)) return false;
    s->out[1] = s->out[0];
    sdag_run r = sdag_run_of(&s->in[0].shape, o->axis, o->n);
    return r.run > o->unbiased || sdag_shape_fail(s, "%lld numbers have no variance", (long long)r.run);
}

/* ---- adjoint: x, and mean and g shaped such that they broadcast ---- */

SDAG_ROWS(minus_rows, float, u - v)
SDAG_ROWS(times_rows, float, (u * v))

static void var_grad_run(const sdag_args *a)
{
    const sdag_shape *s = &a->in[0].shape, *m = &a->in[1].shape;
    sdag_broadcast p = sdag_broadcast_of(s, s, m);
    void *out = a->out[0].data;
    enum { PART = 4096 }; /* stays in the first cache between the two steps */
    for (int64_t lo = a->lo; lo < a->hi; lo += PART) {
        int64_t hi = lo + PART < a->hi ? lo + PART : a->hi;
        sdag_broadcast_run(&p, lo, hi, out, a->in[0].data, a->in[1].data, minus_rows);
        sdag_broadcast_run(&p, lo, hi, out, out, a->in[2].data, times_rows);
    }
}

static bool var_grad_shape(sdag_shaping *s) { return sdag_rule_like_first(s); }

static const sdag_op var_grad_op = {
    .name = "var_grad",
    .math = "gx = g (x - mean)",
    .n_in = 3,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = var_grad_shape,
    .cpu = {.run = var_grad_run},
};

static void var_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    const sdag_attr_reduce *m = o->attr;
    sdag_val x = o->in[0];
    sdag_shape s = sdag_shape_at(b, x);
    sdag_run r = sdag_run_of(&s, m->axis, m->n);
    if (!wants[0]) return;
    if (gout[0]) {
        sdag_val g = sdag_op_affine(b, gout[0], 2.0f / freedom(m, r.run), 0);
        gin[0] = sdag_emit(
            b, &var_grad_op, 3,
            (sdag_val[]){x, sdag_reduction_spread(b, o->out[1], x, m), sdag_reduction_spread(b, g, x, m)}, NULL, NULL);
    }
    if (gout[1]) {
        sdag_val g = sdag_expand_scaled(b, sdag_reduction_spread(b, gout[1], x, m), s, 1.0f / (float)r.run);
        gin[0] = gin[0] ? sdag_op_add(b, gin[0], g) : g;
    }
}

static const sdag_attr_reduce some[] = {{.axis = 0, .n = 1},
                                        {.axis = 1, .n = 1, .keep = 1, .unbiased = 1},
                                        {.axis = 0, .n = 3},
                                        {.axis = 1, .n = 2, .unbiased = 1}};

const sdag_op sdag_opdef_var = {
    .name = "var",
    .math = "y = sum (x - mean)^2 / n",
    .n_in = 1,
    .n_out = 2,
    .attr_size = sizeof(sdag_attr_reduce),
    .split = SDAG_SPLIT_PLAN,
    .shape = var_shape,
    .cpu = {.plan = var_plan, .run = var_run},
    .grad = var_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &some[0]},
                                     {.in = {"f32[3,5,2]"}, .attr = &some[1]},
                                     {.in = {"f32[1,3,5]"}, .attr = &some[2]},
                                     {.in = {"f32[4,3,5]"}, .attr = &some[3]},
                                     {.in = {"f32[1,1]"}, .attr = &some[0]},
                                     {.in = {"f32[3,7]"}, .attr = &some[1], .silent = 2},
                                     {.in = {"f32[5003,31]"}, .attr = &some[0]},
                                     {.in = {"f32[7,20001]"}, .attr = &some[1]},
                                     {.in = {"f32[57,31,83]"}, .attr = &some[2]},
                                     {.in = {"f32[131,3,1029]"}, .attr = &some[1]},
                                     {0}},
};

/* Axes that are not neighbours: they are moved to the end first, since variances cannot be chained. */
static sdag_val to_the_end(sdag_build *b, sdag_val x, unsigned mask)
{
    int order[SDAG_RANK_MAX], n = 0, rank = sdag_shape_at(b, x).rank;
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < rank; i++)
            if ((int)(mask >> i & 1) == side) order[n++] = i;
    return sdag_op_permute(b, x, rank, order);
}

sdag_val sdag_op_var(sdag_build *b, sdag_val x, int n, const int *axes, bool keep, bool unbiased)
{
    unsigned mask = sdag_reduction_axes(b, "var", x, n, axes);
    sdag_shape s = sdag_shape_at(b, x), kept = {0};
    int first = 0, many = __builtin_popcount(mask);
    for (int i = 0; i < s.rank; i++)
        if (keep || !(mask >> i & 1)) kept.d[kept.rank++] = mask >> i & 1 ? 1 : s.d[i];
    while (mask && !(mask >> first & 1)) first++;
    if (mask >> first != (1u << many) - 1) {
        x = to_the_end(b, x, mask);
        first = s.rank - many;
    }
    sdag_attr_reduce o = {.axis = first, .n = many, .unbiased = unbiased};
    return sdag_op_reshape(b, sdag_emit1(b, &sdag_opdef_var, x, &o), kept);
}
