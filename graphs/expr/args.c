/* What the functions of formulas ask of their arguments. Failures are reported at the call. */
#include <math.h>

#include "graphs/expr/functions.h"

enum { CONSTANTS_MAX = 64 << 20 }; /* 256 MiB */

sdag_shape sdag_expr_arg_shape(sdag_exprs *x, const sdag_expr_args *a, int i)
{
    return sdag_expr_shape_of(x, a->at[i]);
}

/* Argument i as a number that is known now. */
bool sdag_expr_arg_number(sdag_exprs *x, const sdag_expr_args *a, int i, const char *what, double *out)
{
    if (a->at[i]->kind == SDAG_EXPR_NUMBER) {
        *out = a->at[i]->number;
        return true;
    }
    sdag_expr_fail(x, "%s is %s, expected a number", what, sdag_expr_shape_text(x, a->at[i]));
    return false;
}

bool sdag_expr_arg_whole(sdag_exprs *x, const sdag_expr_args *a, int i, const char *what, double min, double max,
                         int64_t *out)
{
    double v;
    if (!sdag_expr_arg_number(x, a, i, what, &v)) return false;
    if (v == floor(v) && v >= min && v <= max) {
        *out = (int64_t)v;
        return true;
    }
    sdag_expr_fail(x, "%s is %g, expected a whole number of %g .. %g", what, v, min, max);
    return false;
}

/* The axis that is given, or the last; -1: reported. */
int sdag_expr_one_axis(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_shape s = sdag_expr_arg_shape(x, a, 0);
    int axis = a->n_axes ? sdag_axis(&s, a->axes[0]) : s.rank - 1;
    if (a->n_axes > 1) sdag_expr_fail(x, "%s works on one axis", x->term->name);
    else if (s.rank == 0)
        sdag_expr_fail(x, "%s of %s, expected at least one axis", x->term->name, sdag_expr_shape_text(x, a->at[0]));
    else if (axis < 0) sdag_expr_fail(x, "%s has no axis %d", sdag_expr_shape_text(x, a->at[0]), a->axes[0]);
    return sdag_build_failed(x->b) ? -1 : axis;
}

bool sdag_expr_axes_exist(sdag_exprs *x, const sdag_expr_args *a)
{
    sdag_shape s = sdag_expr_arg_shape(x, a, 0);
    unsigned seen = 0;
    for (int i = 0; i < a->n_axes; i++) {
        int axis = sdag_axis(&s, a->axes[i]);
        if (axis < 0) sdag_expr_fail(x, "%s has no axis %d", sdag_expr_shape_text(x, a->at[0]), a->axes[i]);
        else if (seen & 1u << axis) sdag_expr_fail(x, "axis %d is given twice", a->axes[i]);
        else seen |= 1u << axis;
    }
    return !sdag_build_failed(x->b);
}

bool sdag_expr_room(sdag_exprs *x, int64_t n)
{
    if (sdag_build_failed(x->b)) return false;
    if (n <= CONSTANTS_MAX - x->constants) {
        x->constants += n;
        return true;
    }
    sdag_expr_fail(x, "more than %d MiB of constants", CONSTANTS_MAX / (1 << 18));
    return false;
}
