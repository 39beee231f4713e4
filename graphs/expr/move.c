/* Functions of formulas that move values, and the sizes of values. */
#include <math.h>

#include "graphs/expr/functions.h"

/* ---- moving */

static sdag_expr_value concat(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_val v[SDAG_FORMULA_ARGS_MAX];
    bool whole = true;
    for (int i = 0; i < a->n; i++) {
        v[i] = sdag_expr_force(x, a->at[i]);
        whole = whole && sdag_value_at(x->b, v[i])->dtype == SDAG_DT_I32;
    }
    for (int i = 0; i < a->n && !whole; i++) v[i] = sdag_expr_force_f32(x, a->at[i]);
    if (a->n_axes > 1) sdag_expr_fail(x, "concat works on one axis");
    if (sdag_build_failed(x->b)) return sdag_expr_tensor(0);
    sdag_shape first = sdag_shape_at(x->b, v[0]);
    int axis = sdag_axis(&first, a->n_axes ? a->axes[0] : 0);
    for (int i = 0; i < a->n && axis >= 0; i++) {
        sdag_shape s = sdag_shape_at(x->b, v[i]), want = first;
        if (s.rank == first.rank) want.d[axis] = s.d[axis];
        if (!sdag_shape_equal(s, want)) {
            sdag_expr_fail(x, "%s and %s cannot be joined on axis %d: their other sizes must be equal",
                           sdag_expr_shape_text(x, a->at[0]), sdag_expr_shape_text(x, a->at[i]), axis);
            return sdag_expr_tensor(0);
        }
    }
    if (axis < 0) sdag_expr_fail(x, "%s has no axis %d", sdag_expr_shape_text(x, a->at[0]), a->n_axes ? a->axes[0] : 0);
    return sdag_expr_tensor(sdag_op_concat(x->b, a->n, v, axis));
}

static sdag_expr_value roll(sdag_exprs *x, const sdag_expr_args *a)
{
    int64_t by;
    sdag_shape s = sdag_expr_arg_shape(x, a, 0);
    if (!sdag_expr_arg_whole(x, a, 1, "how far to roll", -1e9, 1e9, &by)) return sdag_expr_tensor(0);
    if (s.rank == 0) sdag_expr_fail(x, "roll of %s, expected rows", sdag_expr_shape_text(x, a->at[0]));
    if (sdag_build_failed(x->b)) return sdag_expr_tensor(0);
    const int64_t n = s.d[0], k = n ? ((by % n) + n) % n : 0; /* row i is what row i - k was */
    if (a->at[0]->kind == SDAG_EXPR_INTS) {
        double *at = SDAG_NEWS(x->b->arena, double, n + 1);
        for (int64_t i = 0; i < n; i++) at[(i + k) % n] = a->at[0]->list[i];
        return (sdag_expr_value){.kind = SDAG_EXPR_INTS, .n = (int)n, .list = at};
    }
    sdag_val v = sdag_expr_force(x, a->at[0]);
    if (!k) return *a->at[0];
    return sdag_expr_tensor(sdag_op_concat(
        x->b, 2, (sdag_val[]){sdag_op_slice(x->b, v, 0, n - k, n), sdag_op_slice(x->b, v, 0, 0, n - k)}, 0));
}

static sdag_expr_value slice(sdag_exprs *x, const sdag_expr_args *a)
{
    int64_t from, to;
    sdag_shape s = sdag_expr_arg_shape(x, a, 0);
    int axis = sdag_axis(&s, a->n_axes ? a->axes[0] : 0);
    if (axis < 0) sdag_expr_fail(x, "%s has no axis %d", sdag_expr_shape_text(x, a->at[0]), a->n_axes ? a->axes[0] : 0);
    if (sdag_build_failed(x->b) ||
        !sdag_expr_arg_whole(x, a, 1, "where the slice begins", 0, (double)s.d[axis], &from) ||
        !sdag_expr_arg_whole(x, a, 2, "where the slice ends", (double)from + 1, (double)s.d[axis], &to))
        return sdag_expr_tensor(0);
    return sdag_expr_tensor(sdag_op_slice(x->b, sdag_expr_force(x, a->at[0]), axis, from, to));
}

static sdag_expr_value reshape(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_shape to = {.rank = a->at[1]->n};
    int64_t have = 1, want = 1;
    int open = 0;
    sdag_shape s = sdag_expr_arg_shape(x, a, 0);
    if (a->at[1]->kind != SDAG_EXPR_LIST || to.rank > SDAG_RANK_MAX) {
        sdag_expr_fail(x, "the second argument of reshape is a list of at most %d sizes, such as [2, -1]",
                       SDAG_RANK_MAX);
        return sdag_expr_tensor(0);
    }
    sdag_shape_count(&have, s);
    for (int i = 0; i < to.rank; i++) {
        double size = a->at[1]->list[i];
        if (size != floor(size) || size < -1 || size > 1e9) sdag_expr_fail(x, "%g is no size", size);
        if (sdag_build_failed(x->b)) return sdag_expr_tensor(0);
        to.d[i] = (int64_t)size;
        open += size < 0;
        if (size >= 0 && __builtin_mul_overflow(want, to.d[i], &want)) want = INT64_MAX;
    }
    if (open > 1 || (open ? !want || have % want : have != want)) {
        sdag_expr_fail(x, "%s has %lld values, which do not fill that shape", sdag_expr_shape_text(x, a->at[0]),
                       (long long)have);
        return sdag_expr_tensor(0);
    }
    return sdag_expr_tensor(sdag_op_reshape(x->b, sdag_expr_force(x, a->at[0]), to));
}

static sdag_expr_value vector_as(sdag_exprs *x, const sdag_expr_args *a, bool column)
{
    sdag_shape s = sdag_expr_arg_shape(x, a, 0);
    sdag_val v = sdag_expr_force(x, a->at[0]);
    if (s.rank != 1) sdag_expr_fail(x, "%s of %s, expected a vector", x->term->name, sdag_expr_shape_text(x, a->at[0]));
    if (sdag_build_failed(x->b)) return sdag_expr_tensor(0);
    return sdag_expr_tensor(sdag_op_reshape(x->b, v, column ? SDAG_SHAPE(s.d[0], 1) : SDAG_SHAPE(1, s.d[0])));
}

static sdag_expr_value column(sdag_exprs *x, const sdag_expr_args *a) { return vector_as(x, a, true); }
static sdag_expr_value row(sdag_exprs *x, const sdag_expr_args *a) { return vector_as(x, a, false); }

static sdag_expr_value gather(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_val v = sdag_expr_force_f32(x, a->at[0]), i = sdag_expr_force(x, a->at[1]);
    if (sdag_build_failed(x->b)) return sdag_expr_tensor(0);
    if (sdag_value_at(x->b, i)->dtype != SDAG_DT_I32) {
        sdag_expr_fail(x, "rows are chosen by whole numbers such as labels, not by %s",
                       sdag_expr_shape_text(x, a->at[1]));
        return sdag_expr_tensor(0);
    }
    return sdag_expr_tensor(sdag_op_gather(x->b, v, i));
}

/* ---- sizes */

static sdag_expr_value rows(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_shape s = sdag_expr_arg_shape(x, a, 0);
    if (s.rank < 1) sdag_expr_fail(x, "%s has no rows", sdag_expr_shape_text(x, a->at[0]));
    return sdag_expr_number(s.rank ? (double)s.d[0] : 1);
}

static sdag_expr_value columns(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_shape s = sdag_expr_arg_shape(x, a, 0);
    if (s.rank < 1) sdag_expr_fail(x, "%s has no columns", sdag_expr_shape_text(x, a->at[0]));
    return sdag_expr_number(s.rank ? (double)s.d[s.rank - 1] : 1);
}

static sdag_expr_value count(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_shape s = sdag_expr_arg_shape(x, a, 0);
    return sdag_expr_number((double)sdag_elems(&s));
}

/* clang-format off */
const sdag_expr_function sdag_expr_move_functions[] = {
    SDAG_EXPR_ROW("concat",      "x, y, ..., axis=0", 1, SDAG_FORMULA_ARGS_MAX, SDAG_EXPR_AXIS, OTHER, concat, "joined on an axis"),
    SDAG_EXPR_ROW("slice",       "x, from, to, axis=0", 3, 3, SDAG_EXPR_AXIS, OTHER, slice, "entries from .. to - 1 of an axis"),
    SDAG_EXPR_ROW("roll",        "x, n", 2, 2, 0, OTHER, roll, "rows moved down by n, those that leave come in again above"),
    SDAG_EXPR_ROW("reshape",     "x, [sizes]", 2, 2, 0, OTHER, reshape, "the same values in another shape; one size may be -1"),
    SDAG_EXPR_ROW("column",      "x", 1, 1, 0, OTHER, column, "a vector [n] as a matrix [n,1]"),
    SDAG_EXPR_ROW("row",         "x", 1, 1, 0, OTHER, row, "a vector [n] as a matrix [1,n]"),
    SDAG_EXPR_ROW("gather",      "x, index", 2, 2, 0, OTHER, gather, "rows of x chosen by whole numbers"),
    SDAG_EXPR_ROW("rows",        "x", 1, 1, 0, COUNTS, rows, "size of the first axis, a number"),
    SDAG_EXPR_ROW("columns",     "x", 1, 1, 0, COUNTS, columns, "size of the last axis"),
    SDAG_EXPR_ROW("count",       "x", 1, 1, 0, COUNTS, count, "how many values x has"),
    {0},
};
/* clang-format on */
