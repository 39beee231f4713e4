/* Functions of formulas that work along axes: reductions, softmax, normalisation. */
#include <math.h>

#include "graphs/expr/functions.h"

/* ---- reductions */

static sdag_expr_value sum(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_val v = sdag_expr_force_f32(x, a->at[0]);
    if (!sdag_expr_axes_exist(x, a)) return sdag_expr_tensor(0);
    return sdag_expr_tensor(sdag_op_sum(x->b, v, a->n_axes, a->axes, a->keep));
}

static sdag_expr_value mean(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_val v = sdag_expr_force_f32(x, a->at[0]);
    if (!sdag_expr_axes_exist(x, a)) return sdag_expr_tensor(0);
    return sdag_expr_tensor(sdag_op_mean(x->b, v, a->n_axes, a->axes, a->keep));
}

static sdag_expr_value var(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_val v = sdag_expr_force_f32(x, a->at[0]);
    if (!sdag_expr_axes_exist(x, a)) return sdag_expr_tensor(0);
    return sdag_expr_tensor(sdag_op_var(x->b, v, a->n_axes, a->axes, a->keep, a->unbiased));
}

static sdag_expr_value std(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_expr_value v = var(x, a);
    if (a->eps > 0) v = sdag_expr_scaled(x, &v, 1, a->eps);
    return sdag_expr_tensor(sdag_op_sqrt(x->b, sdag_expr_force(x, &v)));
}

/* One axis after the other, the last first, so that the numbers of the others stay. */
static sdag_val largest(sdag_exprs *x, const sdag_expr_args *a, sdag_val v)
{
    sdag_shape s = sdag_shape_at(x->b, v);
    unsigned mask = a->n_axes ? 0 : (1u << s.rank) - 1;
    for (int i = 0; i < a->n_axes; i++) mask |= 1u << sdag_axis(&s, a->axes[i]);
    if (!a->n_axes && !a->keep && s.rank > 1)
        return sdag_op_max(x->b, sdag_op_reshape(x->b, v, SDAG_SHAPE(-1)), 0, false);
    for (int axis = s.rank - 1; axis >= 0; axis--)
        if (mask >> axis & 1) v = sdag_op_max(x->b, v, axis, a->keep);
    return v;
}

static sdag_expr_value max(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_val v = sdag_expr_force_f32(x, a->at[0]);
    return sdag_expr_axes_exist(x, a) ? sdag_expr_tensor(largest(x, a, v)) : sdag_expr_tensor(0);
}

static sdag_expr_value min(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_expr_value minus = sdag_expr_scaled(x, a->at[0], -1, 0);
    sdag_val v = sdag_expr_force_f32(x, &minus);
    if (!sdag_expr_axes_exist(x, a)) return sdag_expr_tensor(0);
    sdag_expr_value y = sdag_expr_tensor(largest(x, a, v));
    return sdag_expr_scaled(x, &y, -1, 0);
}

static sdag_expr_value logsumexp(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_val v = sdag_expr_force_f32(x, a->at[0]);
    int axis = sdag_expr_one_axis(x, a);
    return axis < 0 ? sdag_expr_tensor(0) : sdag_expr_tensor(sdag_op_logsumexp(x->b, v, axis, a->keep));
}

/* ---- along the last axis, or one that is moved there and back */

static sdag_expr_value along(sdag_exprs *x, const sdag_expr_args *a, sdag_val (*op)(sdag_build *b, sdag_val v))
{
    sdag_val v = sdag_expr_force_f32(x, a->at[0]);
    int axis = sdag_expr_one_axis(x, a), rank = sdag_shape_at(x->b, v).rank, order[SDAG_RANK_MAX];
    if (axis < 0) return sdag_expr_tensor(0);
    if (axis == rank - 1) return sdag_expr_tensor(op(x->b, v));
    for (int i = 0; i < rank; i++) order[i] = i;
    order[axis] = rank - 1;
    order[rank - 1] = axis;
    v = op(x->b, sdag_op_permute(x->b, v, rank, order));
    return sdag_expr_tensor(sdag_op_permute(x->b, v, rank, order));
}

static sdag_val unit_rows(sdag_build *b, sdag_val v) { return sdag_op_l2norm(b, v, 1e-12f); }

static sdag_expr_value softmax(sdag_exprs *x, const sdag_expr_args *a) { return along(x, a, sdag_op_softmax); }
static sdag_expr_value log_softmax(sdag_exprs *x, const sdag_expr_args *a) { return along(x, a, sdag_op_log_softmax); }
static sdag_expr_value normalize(sdag_exprs *x, const sdag_expr_args *a) { return along(x, a, unit_rows); }

static sdag_expr_value standardize(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_val v = sdag_expr_force_f32(x, a->at[0]);
    if (sdag_shape_at(x->b, v).rank < 2 && v)
        sdag_expr_fail(x, "standardize of %s, expected rows and columns", sdag_expr_shape_text(x, a->at[0]));
    if (sdag_build_failed(x->b)) return sdag_expr_tensor(0);
    return sdag_expr_tensor(
        sdag_op_batch_norm(x->b, v, 0, 0, 0, false, a->eps < 0 ? 1e-5f : (float)a->eps, NULL, NULL));
}

static sdag_expr_value center(sdag_exprs *x, const sdag_expr_args *a)
{
    static const int first = 0;
    sdag_val v = sdag_expr_force_f32(x, a->at[0]);
    if (!sdag_expr_axes_exist(x, a) || (!a->n_axes && sdag_expr_one_axis(x, a) < 0)) return sdag_expr_tensor(0);
    return sdag_expr_tensor(
        sdag_op_sub(x->b, v, sdag_op_mean(x->b, v, a->n_axes ? a->n_axes : 1, a->n_axes ? a->axes : &first, true)));
}

static sdag_expr_value dot(sdag_exprs *x, const sdag_expr_args *a)
{
    static const int last = -1;
    sdag_val v[] = {sdag_expr_force_f32(x, a->at[0]), sdag_expr_force_f32(x, a->at[1])};
    if (!sdag_expr_broadcast(x, 2, v)) return sdag_expr_tensor(0);
    if (sdag_shape_at(x->b, v[0]).rank == 0) {
        sdag_expr_fail(x, "dot of two numbers, expected vectors or rows");
        return sdag_expr_tensor(0);
    }
    sdag_val p = v[0] == v[1] ? sdag_op_square(x->b, v[0]) : sdag_op_mul(x->b, v[0], v[1]);
    return sdag_expr_tensor(sdag_op_sum(x->b, p, 1, &last, false));
}

/* clang-format off */
const sdag_expr_function sdag_expr_reduce_functions[] = {
    SDAG_EXPR_ROW("sum",  "x, axis=all, keep=false", 1, 1, SDAG_EXPR_AXIS | SDAG_EXPR_KEEP, REDUCES, sum, "sum over an axis, or several, axis=[0, 1]; keep: the axis stays, with size 1"),
    SDAG_EXPR_ROW("mean", "x, axis=all, keep=false", 1, 1, SDAG_EXPR_AXIS | SDAG_EXPR_KEEP, REDUCES, mean, "mean"),
    SDAG_EXPR_ROW("max",  "x, axis=all, keep=false", 1, 1, SDAG_EXPR_AXIS | SDAG_EXPR_KEEP, REDUCES, max, "largest; the gradient goes to the first of equals"),
    SDAG_EXPR_ROW("min",  "x, axis=all, keep=false", 1, 1, SDAG_EXPR_AXIS | SDAG_EXPR_KEEP, REDUCES, min, "smallest"),
    SDAG_EXPR_ROW("var",  "x, axis=all, keep=false, unbiased=false", 1, 1, SDAG_EXPR_AXIS | SDAG_EXPR_KEEP | SDAG_EXPR_UNBIASED, REDUCES, var, "variance, divided by n, or by n - 1 with unbiased=true"),
    SDAG_EXPR_ROW("std",  "x, axis=all, keep=false, unbiased=false, eps=0", 1, 1, SDAG_EXPR_AXIS | SDAG_EXPR_KEEP | SDAG_EXPR_UNBIASED | SDAG_EXPR_EPS, REDUCES, std, "sqrt(var(x) + eps)"),
    SDAG_EXPR_ROW("logsumexp",   "x, axis=-1, keep=false", 1, 1, SDAG_EXPR_AXIS | SDAG_EXPR_KEEP, OTHER, logsumexp, "log of the sum of e^x along an axis"),
    SDAG_EXPR_ROW("softmax",     "x, axis=-1", 1, 1, SDAG_EXPR_AXIS, OTHER, softmax, "e^x over its sum along an axis"),
    SDAG_EXPR_ROW("log_softmax", "x, axis=-1", 1, 1, SDAG_EXPR_AXIS, OTHER, log_softmax, "its logarithm"),
    SDAG_EXPR_ROW("normalize",   "x, axis=-1", 1, 1, SDAG_EXPR_AXIS, OTHER, normalize, "rows of length 1: x / max(|x|, 1e-12)"),
    SDAG_EXPR_ROW("standardize", "x, eps=1e-5", 1, 1, SDAG_EXPR_EPS, OTHER, standardize, "columns of mean 0 and variance 1: (x - mean) / sqrt(var + eps), over all axes but the last"),
    SDAG_EXPR_ROW("center",      "x, axis=0", 1, 1, SDAG_EXPR_AXIS, OTHER, center, "x minus its mean along an axis"),
    SDAG_EXPR_ROW("dot",         "x, y", 2, 2, 0, OTHER, dot, "inner products of rows: sum(x * y, axis=-1)"),
    {0},
};
/* clang-format on */
