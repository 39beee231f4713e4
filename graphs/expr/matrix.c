/* Functions of formulas over matrices, and of classes. */
#include <math.h>

#include "graphs/expr/functions.h"

enum { EYE_MAX = 8192 }; /* 256 MiB of constants are enough */

/* ---- matrices */

static bool is_square(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_shape s = sdag_expr_arg_shape(x, a, 0);
    if (sdag_build_failed(x->b)) return false;
    if (s.rank >= 2 && s.d[s.rank - 1] == s.d[s.rank - 2]) return true;
    sdag_expr_fail(x, "%s of %s, expected a square matrix", x->term->name, sdag_expr_shape_text(x, a->at[0]));
    return false;
}

static sdag_expr_value diag(sdag_exprs *x, const sdag_expr_args *a)
{
    if (!is_square(x, a)) return sdag_expr_tensor(0);
    return sdag_expr_tensor(sdag_op_diagonal(x->b, sdag_expr_force_f32(x, a->at[0])));
}

static sdag_expr_value trace(sdag_exprs *x, const sdag_expr_args *a)
{
    static const int last = -1;
    sdag_expr_value d = diag(x, a);
    return sdag_build_failed(x->b) ? d : sdag_expr_tensor(sdag_op_sum(x->b, d.val, 1, &last, false));
}

static sdag_expr_value offdiag(sdag_exprs *x, const sdag_expr_args *a)
{
    double value = 0;
    if (!is_square(x, a) || (a->n > 1 && !sdag_expr_arg_number(x, a, 1, "what stands on the diagonal", &value)))
        return sdag_expr_tensor(0);
    return sdag_expr_tensor(sdag_op_mask_diag(x->b, sdag_expr_force_f32(x, a->at[0]), (float)value));
}

static sdag_expr_value eye(sdag_exprs *x, const sdag_expr_args *a)
{
    int64_t n;
    if (!sdag_expr_arg_whole(x, a, 0, "the size of eye", 1, EYE_MAX, &n) || !sdag_expr_room(x, n * n))
        return sdag_expr_tensor(0);
    float *at = SDAG_NEWS(x->b->arena, float, n *n);
    for (int64_t i = 0; i < n; i++) at[i * (n + 1)] = 1;
    return sdag_expr_tensor(sdag_const(x->b, SDAG_DT_F32, SDAG_SHAPE(n, n), at));
}

static sdag_expr_value transpose(sdag_exprs *x, const sdag_expr_args *a) { return sdag_expr_transposed(x, a->at[0]); }

/* ---- classes */

static sdag_expr_value cross_entropy(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_val v = sdag_expr_force_f32(x, a->at[0]), target = sdag_expr_force(x, a->at[1]);
    sdag_shape s = sdag_shape_at(x->b, v), t = sdag_shape_at(x->b, target);
    if (sdag_build_failed(x->b)) return sdag_expr_tensor(0);
    bool hard = sdag_value_at(x->b, target)->dtype == SDAG_DT_I32;
    if (hard && s.rank > 0) s.rank--;
    if (!sdag_shape_equal(s, t) || sdag_shape_at(x->b, v).rank == 0) {
        sdag_expr_fail(
            x,
            "cross_entropy of %s with %s: the targets are whole numbers, one a row, or shares of the classes, as "
            "many as there are values",
            sdag_expr_shape_text(x, a->at[0]), sdag_expr_shape_text(x, a->at[1]));
        return sdag_expr_tensor(0);
    }
    return sdag_expr_tensor(hard ? sdag_op_softmax_xent(x->b, v, target, -100)
                                 : sdag_op_softmax_xent_soft(x->b, v, target));
}

static sdag_expr_value onehot(sdag_exprs *x, const sdag_expr_args *a)
{
    int64_t n;
    sdag_val v = sdag_expr_force(x, a->at[0]);
    if (!sdag_expr_arg_whole(x, a, 1, "the number of classes", 1, 1 << 20, &n) || sdag_build_failed(x->b))
        return sdag_expr_tensor(0);
    if (sdag_value_at(x->b, v)->dtype != SDAG_DT_I32) {
        sdag_expr_fail(x, "onehot of %s, expected whole numbers such as labels", sdag_expr_shape_text(x, a->at[0]));
        return sdag_expr_tensor(0);
    }
    sdag_shape s = sdag_shape_at(x->b, v);
    if (s.rank == SDAG_RANK_MAX) sdag_expr_fail(x, "more than %d axes", SDAG_RANK_MAX);
    if (!sdag_expr_room(x, n)) return sdag_expr_tensor(0);
    s.d[s.rank++] = 1;
    int32_t *at = SDAG_NEWS(x->b->arena, int32_t, n);
    for (int64_t i = 0; i < n; i++) at[i] = (int32_t)i;
    sdag_val all = sdag_const(x->b, SDAG_DT_I32, SDAG_SHAPE(n), at);
    return sdag_expr_tensor(sdag_op_equal(x->b, sdag_op_reshape(x->b, v, s), all));
}

static sdag_expr_value arange(sdag_exprs *x, const sdag_expr_args *a)
{
    int64_t n;
    if (!sdag_expr_arg_whole(x, a, 0, "the length of arange", 1, 1 << 24, &n) || !sdag_expr_room(x, 4 * n))
        return sdag_expr_tensor(0);
    double *at = SDAG_NEWS(x->b->arena, double, n);
    for (int64_t i = 0; i < n; i++) at[i] = (double)i;
    return (sdag_expr_value){.kind = SDAG_EXPR_INTS, .n = (int)n, .list = at};
}

/* clang-format off */
const sdag_expr_function sdag_expr_matrix_functions[] = {
    SDAG_EXPR_ROW("transpose",   "x", 1, 1, 0, OTHER, transpose, "the last two axes swapped; also written x'"),
    SDAG_EXPR_ROW("diag",        "x", 1, 1, 0, OTHER, diag, "the diagonal of a square matrix, as a vector"),
    SDAG_EXPR_ROW("trace",       "x", 1, 1, 0, OTHER, trace, "the sum of the diagonal"),
    SDAG_EXPR_ROW("offdiag",     "x, value=0", 1, 2, 0, OTHER, offdiag, "a square matrix with value on its diagonal: offdiag(c) is what stands beside it, offdiag(s, -inf) takes every row's own column out of a softmax"),
    SDAG_EXPR_ROW("eye",         "n", 1, 1, 0, OTHER, eye, "the identity, f32[n,n]"),
    SDAG_EXPR_ROW("cross_entropy", "x, target", 2, 2, 0, OTHER, cross_entropy, "of every row: -log_softmax(x)[target]; target: whole numbers, -100 counts as 0; or shares of the classes, which get no gradient"),
    SDAG_EXPR_ROW("onehot",      "x, n", 2, 2, 0, OTHER, onehot, "whole numbers 0 .. n-1 as rows with a single 1"),
    SDAG_EXPR_ROW("arange",      "n", 1, 1, 0, OTHER, arange, "the whole numbers 0 .. n-1"),
    {0},
};
/* clang-format on */
