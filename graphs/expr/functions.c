/* The functions of formulas. One row each: its form, its meaning, and how it becomes operations. */
#include <math.h>
#include <string.h>

#include "graphs/expr/functions.h"

enum { EYE_MAX = 8192 }; /* 256 MiB of constants are enough */

static sdag_expr_value nothing(void) { return sdag_expr_tensor(0); }

static sdag_shape shape_of(sdag_exprs *x, const sdag_expr_args *a, int i) { return sdag_expr_shape_of(x, a->at[i]); }

/* Argument i as a number that is known now. */
static bool number_at(sdag_exprs *x, const sdag_expr_args *a, int i, const char *what, double *out)
{
    if (a->at[i]->kind == SDAG_EXPR_NUMBER) {
        *out = a->at[i]->number;
        return true;
    }
    sdag_expr_fail(x, "%s is %s, expected a number", what, sdag_expr_shape_text(x, a->at[i]));
    return false;
}

static bool whole_at(sdag_exprs *x, const sdag_expr_args *a, int i, const char *what, double min, double max,
                     int64_t *out)
{
    double v;
    if (!number_at(x, a, i, what, &v)) return false;
    if (v == floor(v) && v >= min && v <= max) {
        *out = (int64_t)v;
        return true;
    }
    sdag_expr_fail(x, "%s is %g, expected a whole number of %g .. %g", what, v, min, max);
    return false;
}

/* ---- reductions */

/* The axis that is given, or the last; -1: reported. */
static int one_axis(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_shape s = shape_of(x, a, 0);
    int axis = a->n_axes ? sdag_axis(&s, a->axes[0]) : s.rank - 1;
    if (a->n_axes > 1) sdag_expr_fail(x, "%s works on one axis", x->term->name);
    else if (s.rank == 0)
        sdag_expr_fail(x, "%s of %s, expected at least one axis", x->term->name, sdag_expr_shape_text(x, a->at[0]));
    else if (axis < 0) sdag_expr_fail(x, "%s has no axis %d", sdag_expr_shape_text(x, a->at[0]), a->axes[0]);
    return sdag_build_failed(x->b) ? -1 : axis;
}

static bool axes_exist(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_shape s = shape_of(x, a, 0);
    unsigned seen = 0;
    for (int i = 0; i < a->n_axes; i++) {
        int axis = sdag_axis(&s, a->axes[i]);
        if (axis < 0) sdag_expr_fail(x, "%s has no axis %d", sdag_expr_shape_text(x, a->at[0]), a->axes[i]);
        else if (seen & 1u << axis) sdag_expr_fail(x, "axis %d is given twice", a->axes[i]);
        else seen |= 1u << axis;
    }
    return !sdag_build_failed(x->b);
}

static sdag_expr_value sum(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_val v = sdag_expr_force_f32(x, a->at[0]);
    if (!axes_exist(x, a)) return nothing();
    return sdag_expr_tensor(sdag_op_sum(x->b, v, a->n_axes, a->axes, a->keep));
}

static sdag_expr_value mean(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_val v = sdag_expr_force_f32(x, a->at[0]);
    if (!axes_exist(x, a)) return nothing();
    return sdag_expr_tensor(sdag_op_mean(x->b, v, a->n_axes, a->axes, a->keep));
}

static sdag_expr_value var(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_val v = sdag_expr_force_f32(x, a->at[0]);
    if (!axes_exist(x, a)) return nothing();
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
    return axes_exist(x, a) ? sdag_expr_tensor(largest(x, a, v)) : nothing();
}

static sdag_expr_value min(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_expr_value minus = sdag_expr_scaled(x, a->at[0], -1, 0);
    sdag_val v = sdag_expr_force_f32(x, &minus);
    if (!axes_exist(x, a)) return nothing();
    sdag_expr_value y = sdag_expr_tensor(largest(x, a, v));
    return sdag_expr_scaled(x, &y, -1, 0);
}

static sdag_expr_value logsumexp(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_val v = sdag_expr_force_f32(x, a->at[0]);
    int axis = one_axis(x, a);
    return axis < 0 ? nothing() : sdag_expr_tensor(sdag_op_logsumexp(x->b, v, axis, a->keep));
}

/* ---- along the last axis, or one that is moved there and back */

static sdag_expr_value along(sdag_exprs *x, const sdag_expr_args *a, sdag_val (*op)(sdag_build *b, sdag_val v))
{
    sdag_val v = sdag_expr_force_f32(x, a->at[0]);
    int axis = one_axis(x, a), rank = sdag_shape_at(x->b, v).rank, order[SDAG_RANK_MAX];
    if (axis < 0) return nothing();
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
    if (sdag_build_failed(x->b)) return nothing();
    return sdag_expr_tensor(
        sdag_op_batch_norm(x->b, v, 0, 0, 0, false, a->eps < 0 ? 1e-5f : (float)a->eps, NULL, NULL));
}

static sdag_expr_value center(sdag_exprs *x, const sdag_expr_args *a)
{
    static const int first = 0;
    sdag_val v = sdag_expr_force_f32(x, a->at[0]);
    if (!axes_exist(x, a) || (!a->n_axes && one_axis(x, a) < 0)) return nothing();
    return sdag_expr_tensor(
        sdag_op_sub(x->b, v, sdag_op_mean(x->b, v, a->n_axes ? a->n_axes : 1, a->n_axes ? a->axes : &first, true)));
}

static sdag_expr_value dot(sdag_exprs *x, const sdag_expr_args *a)
{
    static const int last = -1;
    sdag_val v[] = {sdag_expr_force_f32(x, a->at[0]), sdag_expr_force_f32(x, a->at[1])};
    if (!sdag_expr_broadcast(x, 2, v)) return nothing();
    if (sdag_shape_at(x->b, v[0]).rank == 0) {
        sdag_expr_fail(x, "dot of two numbers, expected vectors or rows");
        return nothing();
    }
    sdag_val p = v[0] == v[1] ? sdag_op_square(x->b, v[0]) : sdag_op_mul(x->b, v[0], v[1]);
    return sdag_expr_tensor(sdag_op_sum(x->b, p, 1, &last, false));
}

/* ---- matrices */

static bool is_square(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_shape s = shape_of(x, a, 0);
    if (sdag_build_failed(x->b)) return false;
    if (s.rank >= 2 && s.d[s.rank - 1] == s.d[s.rank - 2]) return true;
    sdag_expr_fail(x, "%s of %s, expected a square matrix", x->term->name, sdag_expr_shape_text(x, a->at[0]));
    return false;
}

static sdag_expr_value diag(sdag_exprs *x, const sdag_expr_args *a)
{
    if (!is_square(x, a)) return nothing();
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
    if (!is_square(x, a) || (a->n > 1 && !number_at(x, a, 1, "what stands on the diagonal", &value))) return nothing();
    return sdag_expr_tensor(sdag_op_mask_diag(x->b, sdag_expr_force_f32(x, a->at[0]), (float)value));
}

static sdag_expr_value eye(sdag_exprs *x, const sdag_expr_args *a)
{
    int64_t n;
    if (!whole_at(x, a, 0, "the size of eye", 1, EYE_MAX, &n)) return nothing();
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
    if (sdag_build_failed(x->b)) return nothing();
    bool hard = sdag_value_at(x->b, target)->dtype == SDAG_DT_I32;
    if (hard && s.rank > 0) s.rank--;
    if (!sdag_shape_equal(s, t) || sdag_shape_at(x->b, v).rank == 0) {
        sdag_expr_fail(
            x,
            "cross_entropy of %s with %s: the targets are whole numbers, one a row, or shares of the classes, as "
            "many as there are values",
            sdag_expr_shape_text(x, a->at[0]), sdag_expr_shape_text(x, a->at[1]));
        return nothing();
    }
    return sdag_expr_tensor(hard ? sdag_op_softmax_xent(x->b, v, target, -100)
                                 : sdag_op_softmax_xent_soft(x->b, v, target));
}

static sdag_expr_value onehot(sdag_exprs *x, const sdag_expr_args *a)
{
    int64_t n;
    sdag_val v = sdag_expr_force(x, a->at[0]);
    if (!whole_at(x, a, 1, "the number of classes", 1, 1 << 20, &n) || sdag_build_failed(x->b)) return nothing();
    if (sdag_value_at(x->b, v)->dtype != SDAG_DT_I32) {
        sdag_expr_fail(x, "onehot of %s, expected whole numbers such as labels", sdag_expr_shape_text(x, a->at[0]));
        return nothing();
    }
    sdag_shape s = sdag_shape_at(x->b, v);
    if (s.rank == SDAG_RANK_MAX) sdag_expr_fail(x, "more than %d axes", SDAG_RANK_MAX);
    if (sdag_build_failed(x->b)) return nothing();
    s.d[s.rank++] = 1;
    int32_t *at = SDAG_NEWS(x->b->arena, int32_t, n);
    for (int64_t i = 0; i < n; i++) at[i] = (int32_t)i;
    sdag_val all = sdag_const(x->b, SDAG_DT_I32, SDAG_SHAPE(n), at);
    return sdag_expr_tensor(sdag_op_equal(x->b, sdag_op_reshape(x->b, v, s), all));
}

static sdag_expr_value arange(sdag_exprs *x, const sdag_expr_args *a)
{
    int64_t n;
    if (!whole_at(x, a, 0, "the length of arange", 1, 1 << 24, &n)) return nothing();
    double *at = SDAG_NEWS(x->b->arena, double, n);
    for (int64_t i = 0; i < n; i++) at[i] = (double)i;
    return (sdag_expr_value){.kind = SDAG_EXPR_INTS, .n = (int)n, .list = at};
}

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
    if (sdag_build_failed(x->b)) return nothing();
    sdag_shape first = sdag_shape_at(x->b, v[0]);
    int axis = sdag_axis(&first, a->n_axes ? a->axes[0] : 0);
    for (int i = 0; i < a->n && axis >= 0; i++) {
        sdag_shape s = sdag_shape_at(x->b, v[i]), want = first;
        if (s.rank == first.rank) want.d[axis] = s.d[axis];
        if (!sdag_shape_equal(s, want)) {
            sdag_expr_fail(x, "%s and %s cannot be joined on axis %d: their other sizes must be equal",
                           sdag_expr_shape_text(x, a->at[0]), sdag_expr_shape_text(x, a->at[i]), axis);
            return nothing();
        }
    }
    if (axis < 0) sdag_expr_fail(x, "%s has no axis %d", sdag_expr_shape_text(x, a->at[0]), a->n_axes ? a->axes[0] : 0);
    return sdag_expr_tensor(sdag_op_concat(x->b, a->n, v, axis));
}

static sdag_expr_value roll(sdag_exprs *x, const sdag_expr_args *a)
{
    int64_t by;
    sdag_shape s = shape_of(x, a, 0);
    if (!whole_at(x, a, 1, "how far to roll", -1e9, 1e9, &by)) return nothing();
    if (s.rank == 0) sdag_expr_fail(x, "roll of %s, expected rows", sdag_expr_shape_text(x, a->at[0]));
    if (sdag_build_failed(x->b)) return nothing();
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
    sdag_shape s = shape_of(x, a, 0);
    int axis = sdag_axis(&s, a->n_axes ? a->axes[0] : 0);
    if (axis < 0) sdag_expr_fail(x, "%s has no axis %d", sdag_expr_shape_text(x, a->at[0]), a->n_axes ? a->axes[0] : 0);
    if (sdag_build_failed(x->b) || !whole_at(x, a, 1, "where the slice begins", 0, (double)s.d[axis], &from) ||
        !whole_at(x, a, 2, "where the slice ends", (double)from + 1, (double)s.d[axis], &to))
        return nothing();
    return sdag_expr_tensor(sdag_op_slice(x->b, sdag_expr_force(x, a->at[0]), axis, from, to));
}

static sdag_expr_value reshape(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_shape to = {.rank = a->at[1]->n};
    int64_t have = 1, want = 1;
    int open = 0;
    sdag_shape s = shape_of(x, a, 0);
    if (a->at[1]->kind != SDAG_EXPR_LIST || to.rank > SDAG_RANK_MAX) {
        sdag_expr_fail(x, "the second argument of reshape is a list of at most %d sizes, such as [2, -1]",
                       SDAG_RANK_MAX);
        return nothing();
    }
    sdag_shape_count(&have, s);
    for (int i = 0; i < to.rank; i++) {
        double size = a->at[1]->list[i];
        if (size != floor(size) || size < -1 || size > 1e9) sdag_expr_fail(x, "%g is no size", size);
        if (sdag_build_failed(x->b)) return nothing();
        to.d[i] = (int64_t)size;
        open += size < 0;
        if (size >= 0 && __builtin_mul_overflow(want, to.d[i], &want)) want = INT64_MAX;
    }
    if (open > 1 || (open ? !want || have % want : have != want)) {
        sdag_expr_fail(x, "%s has %lld values, which do not fill that shape", sdag_expr_shape_text(x, a->at[0]),
                       (long long)have);
        return nothing();
    }
    return sdag_expr_tensor(sdag_op_reshape(x->b, sdag_expr_force(x, a->at[0]), to));
}

static sdag_expr_value vector_as(sdag_exprs *x, const sdag_expr_args *a, bool column)
{
    sdag_shape s = shape_of(x, a, 0);
    sdag_val v = sdag_expr_force(x, a->at[0]);
    if (s.rank != 1) sdag_expr_fail(x, "%s of %s, expected a vector", x->term->name, sdag_expr_shape_text(x, a->at[0]));
    if (sdag_build_failed(x->b)) return nothing();
    return sdag_expr_tensor(sdag_op_reshape(x->b, v, column ? SDAG_SHAPE(s.d[0], 1) : SDAG_SHAPE(1, s.d[0])));
}

static sdag_expr_value column(sdag_exprs *x, const sdag_expr_args *a) { return vector_as(x, a, true); }
static sdag_expr_value row(sdag_exprs *x, const sdag_expr_args *a) { return vector_as(x, a, false); }

static sdag_expr_value gather(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_val v = sdag_expr_force_f32(x, a->at[0]), i = sdag_expr_force(x, a->at[1]);
    if (sdag_build_failed(x->b)) return nothing();
    if (sdag_value_at(x->b, i)->dtype != SDAG_DT_I32) {
        sdag_expr_fail(x, "rows are chosen by whole numbers such as labels, not by %s",
                       sdag_expr_shape_text(x, a->at[1]));
        return nothing();
    }
    return sdag_expr_tensor(sdag_op_gather(x->b, v, i));
}

/* ---- choosing */

static sdag_expr_value clamp(sdag_exprs *x, const sdag_expr_args *a)
{
    double lo, hi;
    if (!number_at(x, a, 1, "the lower bound", &lo) || !number_at(x, a, 2, "the upper bound", &hi)) return nothing();
    if (!(lo <= hi)) sdag_expr_fail(x, "the bounds %g and %g are in the wrong order", lo, hi);
    if (a->at[0]->kind == SDAG_EXPR_NUMBER) return sdag_expr_number(fmin(fmax(a->at[0]->number, lo), hi));
    return sdag_expr_tensor(sdag_op_clamp(x->b, sdag_expr_force_f32(x, a->at[0]), (float)lo, (float)hi));
}

static sdag_expr_value chosen(sdag_exprs *x, sdag_val cond, sdag_val yes, sdag_val no)
{
    sdag_val v[] = {cond, yes, no};
    return sdag_expr_broadcast(x, 3, v) ? sdag_expr_tensor(sdag_op_where(x->b, v[0], v[1], v[2])) : nothing();
}

static sdag_expr_value where(sdag_exprs *x, const sdag_expr_args *a)
{
    if (a->at[0]->kind == SDAG_EXPR_NUMBER) return a->at[0]->number != 0 ? *a->at[1] : *a->at[2];
    return chosen(x, sdag_expr_force_f32(x, a->at[0]), sdag_expr_force_f32(x, a->at[1]),
                  sdag_expr_force_f32(x, a->at[2]));
}

static sdag_expr_value extreme(sdag_exprs *x, const sdag_expr_args *a, bool larger)
{
    sdag_expr_value *u = a->at[0], *v = a->at[1];
    if (u->kind == SDAG_EXPR_NUMBER && v->kind == SDAG_EXPR_NUMBER)
        return sdag_expr_number(larger ? fmax(u->number, v->number) : fmin(u->number, v->number));
    if (u->kind == SDAG_EXPR_NUMBER) {
        sdag_expr_value *t = u;
        u = v;
        v = t;
    }
    sdag_val p = sdag_expr_force_f32(x, u);
    if (v->kind == SDAG_EXPR_NUMBER)
        return sdag_expr_tensor(
            sdag_op_clamp(x->b, p, larger ? (float)v->number : -INFINITY, larger ? INFINITY : (float)v->number));
    sdag_val w[] = {p, sdag_expr_force_f32(x, v)};
    if (!sdag_expr_broadcast(x, 2, w)) return nothing();
    return chosen(x, larger ? sdag_op_less(x->b, w[0], w[1]) : sdag_op_less(x->b, w[1], w[0]), w[1], w[0]);
}

static sdag_expr_value maximum(sdag_exprs *x, const sdag_expr_args *a) { return extreme(x, a, true); }
static sdag_expr_value minimum(sdag_exprs *x, const sdag_expr_args *a) { return extreme(x, a, false); }

/* ---- sizes */

static sdag_expr_value rows(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_shape s = shape_of(x, a, 0);
    if (s.rank < 1) sdag_expr_fail(x, "%s has no rows", sdag_expr_shape_text(x, a->at[0]));
    return sdag_expr_number(s.rank ? (double)s.d[0] : 1);
}

static sdag_expr_value columns(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_shape s = shape_of(x, a, 0);
    if (s.rank < 1) sdag_expr_fail(x, "%s has no columns", sdag_expr_shape_text(x, a->at[0]));
    return sdag_expr_number(s.rank ? (double)s.d[s.rank - 1] : 1);
}

static sdag_expr_value count(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_shape s = shape_of(x, a, 0);
    return sdag_expr_number((double)sdag_elems(&s));
}

/* ---- element by element */

static sdag_val gelu(sdag_build *b, sdag_val v) { return sdag_op_gelu(b, v, false); }
static double gelu_of(double v) { return v * 0.5 * erfc(-v / sqrt(2)); }
static double relu_of(double v) { return v > 0 ? v : 0; }
static double sigmoid_of(double v) { return 1 / (1 + exp(-v)); }
static double softplus_of(double v) { return fmax(v, 0) + log1p(exp(-fabs(v))); }
static double square_of(double v) { return v * v; }
static double same_of(double v) { return v; }

/* clang-format off */
#define EACH(name, op, of, help) {name, "x", help, 1, 1, 0, SDAG_EXPR_EACH, NULL, op, of}
#define CALL(name, form, least, most, named, shape, call, help) {name, form, help, least, most, named, SDAG_EXPR_##shape, call, NULL, NULL}
enum { AXIS = SDAG_EXPR_AXIS, KEEP = SDAG_EXPR_KEEP, UNBIASED = SDAG_EXPR_UNBIASED, EPS = SDAG_EXPR_EPS };

static const sdag_expr_function table[] = {
    EACH("exp",      sdag_op_exp,      exp,         "e^x"),
    EACH("log",      sdag_op_log,      log,         "natural logarithm"),
    EACH("sqrt",     sdag_op_sqrt,     sqrt,        "square root; its gradient at 0 is infinite"),
    EACH("square",   sdag_op_square,   square_of,   "x^2"),
    EACH("abs",      sdag_op_abs,      fabs,        "|x|"),
    EACH("relu",     sdag_op_relu,     relu_of,     "x where it is positive, else 0"),
    EACH("gelu",     gelu,             gelu_of,     "x P(Z < x), Z normal"),
    EACH("tanh",     sdag_op_tanh,     tanh,        "hyperbolic tangent"),
    EACH("sigmoid",  sdag_op_sigmoid,  sigmoid_of,  "1 / (1 + e^-x)"),
    EACH("softplus", sdag_op_softplus, softplus_of, "log(1 + e^x); -softplus(-x) is the logarithm of sigmoid(x)"),
    EACH("stop_grad", sdag_op_stop_grad, same_of,   "x, and no gradient passes"),
    CALL("sum",  "x, axis=all, keep=false", 1, 1, AXIS | KEEP, REDUCES, sum, "sum over an axis, or several, axis=[0, 1]; keep: the axis stays, with size 1"),
    CALL("mean", "x, axis=all, keep=false", 1, 1, AXIS | KEEP, REDUCES, mean, "mean"),
    CALL("max",  "x, axis=all, keep=false", 1, 1, AXIS | KEEP, REDUCES, max, "largest; the gradient goes to the first of equals"),
    CALL("min",  "x, axis=all, keep=false", 1, 1, AXIS | KEEP, REDUCES, min, "smallest"),
    CALL("var",  "x, axis=all, keep=false, unbiased=false", 1, 1, AXIS | KEEP | UNBIASED, REDUCES, var, "variance, divided by n, or by n - 1 with unbiased=true"),
    CALL("std",  "x, axis=all, keep=false, unbiased=false, eps=0", 1, 1, AXIS | KEEP | UNBIASED | EPS, REDUCES, std, "sqrt(var(x) + eps)"),
    CALL("logsumexp",   "x, axis=-1, keep=false", 1, 1, AXIS | KEEP, OTHER, logsumexp, "log of the sum of e^x along an axis"),
    CALL("softmax",     "x, axis=-1", 1, 1, AXIS, OTHER, softmax, "e^x over its sum along an axis"),
    CALL("log_softmax", "x, axis=-1", 1, 1, AXIS, OTHER, log_softmax, "its logarithm"),
    CALL("cross_entropy", "x, target", 2, 2, 0, OTHER, cross_entropy, "of every row: -log_softmax(x)[target]; target: whole numbers, -100 counts as 0; or shares of the classes, which get no gradient"),
    CALL("normalize",   "x, axis=-1", 1, 1, AXIS, OTHER, normalize, "rows of length 1: x / max(|x|, 1e-12)"),
    CALL("standardize", "x, eps=1e-5", 1, 1, EPS, OTHER, standardize, "columns of mean 0 and variance 1: (x - mean) / sqrt(var + eps), over all axes but the last"),
    CALL("center",      "x, axis=0", 1, 1, AXIS, OTHER, center, "x minus its mean along an axis"),
    CALL("dot",         "x, y", 2, 2, 0, OTHER, dot, "inner products of rows: sum(x * y, axis=-1)"),
    CALL("transpose",   "x", 1, 1, 0, OTHER, transpose, "the last two axes swapped; also written x'"),
    CALL("diag",        "x", 1, 1, 0, OTHER, diag, "the diagonal of a square matrix, as a vector"),
    CALL("trace",       "x", 1, 1, 0, OTHER, trace, "the sum of the diagonal"),
    CALL("offdiag",     "x, value=0", 1, 2, 0, OTHER, offdiag, "a square matrix with value on its diagonal: offdiag(c) is what stands beside it, offdiag(s, -inf) takes every row's own column out of a softmax"),
    CALL("eye",         "n", 1, 1, 0, OTHER, eye, "the identity, f32[n,n]"),
    CALL("concat",      "x, y, ..., axis=0", 1, SDAG_FORMULA_ARGS_MAX, AXIS, OTHER, concat, "joined on an axis"),
    CALL("slice",       "x, from, to, axis=0", 3, 3, AXIS, OTHER, slice, "entries from .. to - 1 of an axis"),
    CALL("roll",        "x, n", 2, 2, 0, OTHER, roll, "rows moved down by n, those that leave come in again above"),
    CALL("reshape",     "x, [sizes]", 2, 2, 0, OTHER, reshape, "the same values in another shape; one size may be -1"),
    CALL("column",      "x", 1, 1, 0, OTHER, column, "a vector [n] as a matrix [n,1]"),
    CALL("row",         "x", 1, 1, 0, OTHER, row, "a vector [n] as a matrix [1,n]"),
    CALL("gather",      "x, index", 2, 2, 0, OTHER, gather, "rows of x chosen by whole numbers"),
    CALL("onehot",      "x, n", 2, 2, 0, OTHER, onehot, "whole numbers 0 .. n-1 as rows with a single 1"),
    CALL("arange",      "n", 1, 1, 0, OTHER, arange, "the whole numbers 0 .. n-1"),
    CALL("clamp",       "x, low, high", 3, 3, 0, EACH, clamp, "x within bounds; no gradient outside"),
    CALL("maximum",     "x, y", 2, 2, 0, EACH, maximum, "the larger of two, element by element"),
    CALL("minimum",     "x, y", 2, 2, 0, EACH, minimum, "the smaller of two"),
    CALL("where",       "c, x, y", 3, 3, 0, EACH, where, "x where c is not 0, else y"),
    CALL("rows",        "x", 1, 1, 0, COUNTS, rows, "size of the first axis, a number"),
    CALL("columns",     "x", 1, 1, 0, COUNTS, columns, "size of the last axis"),
    CALL("count",       "x", 1, 1, 0, COUNTS, count, "how many values x has"),
};
/* clang-format on */
enum { FUNCTIONS = sizeof table / sizeof table[0] };

const sdag_expr_function *sdag_expr_functions(int *n)
{
    *n = FUNCTIONS;
    return table;
}

const sdag_expr_function *sdag_expr_function_find(const char *name)
{
    for (int i = 0; i < FUNCTIONS; i++)
        if (strcmp(table[i].name, name) == 0) return &table[i];
    return NULL;
}

const char *sdag_expr_function_name(const void *ctx, int i)
{
    (void)ctx;
    return i < FUNCTIONS ? table[i].name : NULL;
}

bool sdag_expr_constant(double *out, const char *name)
{
    static const struct {
        const char *name;
        double value;
    } constants[] = {{"inf", INFINITY}, {"pi", M_PI}, {"true", 1}, {"false", 0}};
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++)
        if (strcmp(constants[i].name, name) == 0) {
            *out = constants[i].value;
            return true;
        }
    return false;
}

const sdag_expr_help *sdag_expr_functions_help(sdag_arena *a, int *n)
{
    sdag_expr_help *help = SDAG_NEWS(a, sdag_expr_help, FUNCTIONS);
    *n = FUNCTIONS;
    for (int i = 0; i < FUNCTIONS; i++)
        help[i] = (sdag_expr_help){sdag_arena_printf(a, "%s(%s)", table[i].name, table[i].form), table[i].help};
    return help;
}
