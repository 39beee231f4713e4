/* sum_to: the adjoint of broadcasting. x, or x z of equal shapes, summed over the axes in which a tensor of shape `to`
 * would be repeated to x, and times a number: y = scale sum x z. The product saves mul's adjoint a tensor.
 * adjoint: gx = scale g z, gz = scale g x, with g repeated. */
#include "core/cpu/reduce.h"
#include "core/ops/adjoint.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

/* Axes of x that are summed, as bits. */
static unsigned summed(const sdag_shape *x, const sdag_shape *to)
{
    unsigned mask = 0;
    for (int i = 0; i < x->rank; i++) {
        int k = i - (x->rank - to->rank);
        if (k < 0 || (to->d[k] == 1 && x->d[i] != 1)) mask |= 1u << i;
    }
    return mask;
}

/* The last run of axes of a mask; axes of size 1 may lie inside it. */
static void last_run(int *axis, int *n, const sdag_shape *x, unsigned mask)
{
    int end = x->rank, start;
    while (end > 0 && !(mask & 1u << (end - 1))) end--;
    for (start = end; start > 0 && (mask & 1u << (start - 1) || x->d[start - 1] == 1);) start--;
    *axis = start;
    *n = end - start;
}

static sdag_reduce_grid grid_of(const sdag_args *a)
{
    int axis, n;
    const sdag_shape *x = &a->in[0].shape;
    last_run(&axis, &n, x, summed(x, &a->out[0].shape));
    sdag_run r = sdag_run_of(x, axis, n);
    return sdag_reduce_cut(r.before, r.run, r.after);
}

static void sum_to_plan(sdag_tiling *t, const sdag_args *a)
{
    sdag_reduce_grid g = grid_of(a);
    sdag_reduce_plan(t, &g, 1);
}

static void sum_to_run(const sdag_args *a)
{
    sdag_reduce_grid g = grid_of(a);
    const sdag_attr_expand *o = a->attr;
    sdag_reduce_sum(&g, a->stage, a->tile, SDAG_DATA_F32(a->in[0]), a->n_in > 1 ? SDAG_DATA_F32(a->in[1]) : NULL,
                    o->scale, SDAG_DATA_F32(a->out[0]), a->workspace);
}

static bool sum_to_shape(sdag_shaping *s)
{
    const sdag_attr_expand *o = s->attr;
    const sdag_shape *x = &s->in[0].shape;
    sdag_shape both;
    char text[SDAG_SHAPE_TEXT];
    int axis, n;
    if (!sdag_rule_same(s)) return false;
    s->out[0].shape = o->to;
    if (!sdag_shape_broadcast(&both, *x, o->to) || !sdag_shape_equal(both, *x))
        return sdag_shape_fail(s, "%s cannot be repeated to it", sdag_shape_text(text, SDAG_DT_F32, o->to));
    unsigned mask = summed(x, &o->to);
    last_run(&axis, &n, x, mask);
    for (int i = 0; i < axis; i++)
        if (mask & 1u << i) return sdag_shape_fail(s, "the summed axes are not neighbours");
    return true;
}

static void sum_to_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    sdag_shape s = sdag_shape_at(b, o->in[0]);
    sdag_val g = sdag_expand_scaled(b, gout[0], s, ((const sdag_attr_expand *)o->attr)->scale);
    for (int i = 0; i < o->n_in; i++)
        if (wants[i]) gin[i] = o->n_in == 1 ? g : sdag_op_mul(b, g, o->in[1 - i]);
}

static const sdag_attr_expand some[] = {
    {{1, {5}}, 1}, {{0}, -2},     {{2, {3, 1}}, 0.5f}, {{3, {2, 1, 5}}, 1},
    {{1, {9}}, 1}, {{1, {1}}, 1}, {{2, {1, 1037}}, 1}, {{3, {1, 3, 1}}, 1},
};

const sdag_op sdag_opdef_sum_to = {
    .name = "sum_to",
    .math = "y = sum of x over repeated axes",
    .n_in = 1,
    .n_in_max = 2,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_expand),
    .split = SDAG_SPLIT_PLAN,
    .shape = sum_to_shape,
    .cpu = {.plan = sum_to_plan, .run = sum_to_run},
    .grad = sum_to_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &some[0]},
                                     {.in = {"f32[2,3,5]"}, .attr = &some[0]},
                                     {.in = {"f32[3,5]", "f32[3,5]"}, .attr = &some[1]},
                                     {.in = {"f32[]"}, .attr = &some[1]},
                                     {.in = {"f32[3,7]", "f32[3,7]"}, .attr = &some[2]},
                                     {.in = {"f32[2,7,5]"}, .attr = &some[3]},
                                     {.in = {"f32[20011,9]", "f32[20011,9]"}, .attr = &some[4]},
                                     {.in = {"f32[140003]"}, .attr = &some[5]},
                                     {.in = {"f32[151,1037]"}, .attr = &some[6]},
                                     {.in = {"f32[1,3,5]"}, .attr = &some[7]},
                                     {0}},
};

sdag_val sdag_sum_product_to(sdag_build *b, sdag_val x, sdag_val z, sdag_shape to, float scale)
{
    if (sdag_build_failed(b)) return 0;
    sdag_shape s = sdag_shape_at(b, x);
    if (z && (sdag_shape_equal(s, to) || !sdag_shape_equal(s, sdag_shape_at(b, z)))) {
        x = sdag_op_mul(b, x, z);
        z = 0;
    }
    if (sdag_shape_equal(s, to)) return sdag_op_affine(b, x, scale, 0);
    for (;;) { /* all runs of axes but the first, from the end */
        int axis, n;
        unsigned mask = summed(&s, &to);
        last_run(&axis, &n, &s, mask);
        if (!(mask & ((1u << axis) - 1))) break;
        for (int i = 0; i < n; i++) s.d[axis + i] = 1;
        x = sdag_emit(b, &sdag_opdef_sum_to, z ? 2 : 1, (sdag_val[]){x, z}, &(sdag_attr_expand){s, 1}, NULL);
        z = 0;
    }
    return sdag_emit(b, &sdag_opdef_sum_to, z ? 2 : 1, (sdag_val[]){x, z}, &(sdag_attr_expand){to, scale}, NULL);
}

sdag_val sdag_op_sum_to(sdag_build *b, sdag_val x, sdag_shape to) { return sdag_sum_product_to(b, x, 0, to, 1); }
