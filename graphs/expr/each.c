/* Functions of formulas, element by element, and the choice between values. */
#include <math.h>

#include "graphs/expr/functions.h"

/* ---- element by element */

static sdag_val gelu(sdag_build *b, sdag_val v) { return sdag_op_gelu(b, v, false); }
static double gelu_of(double v) { return v * 0.5 * erfc(-v / sqrt(2)); }
/* -softplus(-x), without the rounding of log(sigmoid(x)) */
static sdag_val log_sigmoid(sdag_build *b, sdag_val v)
{
    return sdag_op_affine(b, sdag_op_softplus(b, sdag_op_affine(b, v, -1, 0)), -1, 0);
}
static double relu_of(double v) { return v > 0 ? v : 0; }
static double sigmoid_of(double v) { return 1 / (1 + exp(-v)); }
static double softplus_of(double v) { return fmax(v, 0) + log1p(exp(-fabs(v))); }
static double log_sigmoid_of(double v) { return -softplus_of(-v); }
static double square_of(double v) { return v * v; }
static double same_of(double v) { return v; }

/* ---- choosing */

static sdag_expr_value clamp(sdag_exprs *x, const sdag_expr_args *a)
{
    double lo, hi;
    if (!sdag_expr_arg_number(x, a, 1, "the lower bound", &lo) ||
        !sdag_expr_arg_number(x, a, 2, "the upper bound", &hi))
        return sdag_expr_tensor(0);
    if (!(lo <= hi)) sdag_expr_fail(x, "the bounds %g and %g are in the wrong order", lo, hi);
    if (a->at[0]->kind == SDAG_EXPR_NUMBER) return sdag_expr_number(fmin(fmax(a->at[0]->number, lo), hi));
    return sdag_expr_tensor(sdag_op_clamp(x->b, sdag_expr_force_f32(x, a->at[0]), (float)lo, (float)hi));
}

static sdag_expr_value chosen(sdag_exprs *x, sdag_val cond, sdag_val yes, sdag_val no)
{
    sdag_val v[] = {cond, yes, no};
    return sdag_expr_broadcast(x, 3, v) ? sdag_expr_tensor(sdag_op_where(x->b, v[0], v[1], v[2])) : sdag_expr_tensor(0);
}

/* What where() chooses: an infinity is a constant of the right shape, since no operation may give one by chance. */
static sdag_val choice(sdag_exprs *x, const sdag_expr_args *a, int i)
{
    sdag_expr_value *other = a->at[3 - i];
    sdag_shape to, s = sdag_expr_arg_shape(x, a, 0), t = sdag_expr_arg_shape(x, a, 3 - i);
    if (a->at[i]->kind != SDAG_EXPR_NUMBER || isfinite(a->at[i]->number) || other->kind == SDAG_EXPR_LIST ||
        !sdag_shape_broadcast(&to, s, t))
        return sdag_expr_force_f32(x, a->at[i]);
    return !sdag_expr_room(x, sdag_elems(&to)) ? 0 : sdag_filled(x->b, to, (float)a->at[i]->number);
}

static sdag_expr_value where(sdag_exprs *x, const sdag_expr_args *a)
{
    if (a->at[0]->kind == SDAG_EXPR_NUMBER) return a->at[0]->number != 0 ? *a->at[1] : *a->at[2];
    return chosen(x, sdag_expr_force_f32(x, a->at[0]), choice(x, a, 1), choice(x, a, 2));
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
    if (!sdag_expr_broadcast(x, 2, w)) return sdag_expr_tensor(0);
    return chosen(x, larger ? sdag_op_less(x->b, w[0], w[1]) : sdag_op_less(x->b, w[1], w[0]), w[1], w[0]);
}

static sdag_expr_value maximum(sdag_exprs *x, const sdag_expr_args *a) { return extreme(x, a, true); }
static sdag_expr_value minimum(sdag_exprs *x, const sdag_expr_args *a) { return extreme(x, a, false); }

/* clang-format off */
const sdag_expr_function sdag_expr_each_functions[] = {
    SDAG_EXPR_ROW_EACH("exp",      sdag_op_exp,      exp,         "e^x"),
    SDAG_EXPR_ROW_EACH("log",      sdag_op_log,      log,         "natural logarithm"),
    SDAG_EXPR_ROW_EACH("sqrt",     sdag_op_sqrt,     sqrt,        "square root; its gradient at 0 is infinite"),
    SDAG_EXPR_ROW_EACH("square",   sdag_op_square,   square_of,   "x^2"),
    SDAG_EXPR_ROW_EACH("abs",      sdag_op_abs,      fabs,        "|x|"),
    SDAG_EXPR_ROW_EACH("relu",     sdag_op_relu,     relu_of,     "x where it is positive, else 0"),
    SDAG_EXPR_ROW_EACH("gelu",     gelu,             gelu_of,     "x P(Z < x), Z normal"),
    SDAG_EXPR_ROW_EACH("tanh",     sdag_op_tanh,     tanh,        "hyperbolic tangent"),
    SDAG_EXPR_ROW_EACH("sigmoid",  sdag_op_sigmoid,  sigmoid_of,  "1 / (1 + e^-x)"),
    SDAG_EXPR_ROW_EACH("log_sigmoid", log_sigmoid,  log_sigmoid_of, "logarithm of sigmoid(x), exact for large negative x"),
    SDAG_EXPR_ROW_EACH("softplus", sdag_op_softplus, softplus_of, "log(1 + e^x)"),
    SDAG_EXPR_ROW_EACH("stop_grad", sdag_op_stop_grad, same_of,   "x, and no gradient passes"),
    SDAG_EXPR_ROW("clamp",       "x, low, high", 3, 3, 0, EACH, clamp, "x within bounds; no gradient outside"),
    SDAG_EXPR_ROW("maximum",     "x, y", 2, 2, 0, EACH, maximum, "the larger of two, element by element"),
    SDAG_EXPR_ROW("minimum",     "x, y", 2, 2, 0, EACH, minimum, "the smaller of two"),
    SDAG_EXPR_ROW("where",       "c, x, y", 3, 3, 0, EACH, where, "x where c is not 0, else y"),
    {0},
};
/* clang-format on */
