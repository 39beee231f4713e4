/* Naive double versions: element-wise functions, reductions, products, moving and choosing. */
#include "tests/ops/reference.h"

#include <math.h>
#include <string.h>

#include "core/ops/attr.h"

static int64_t count(const sdag_ref_tensor *t) { return sdag_elems(&t->shape); }

/* ---- one argument ---- */

#define EACH(name, let, formula)                            \
    static void name(const sdag_ref_args *r)                \
    {                                                       \
        let for (int64_t i = 0; i < count(&r->out[0]); i++) \
        {                                                   \
            const double x = r->in[0].at[i];                \
            r->out[0].at[i] = (formula);                    \
        }                                                   \
    }

static double gelu(double x, bool tanh_form)
{
    if (!tanh_form) return x * 0.5 * erfc(-x / sqrt(2));
    return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

#define AFFINE const sdag_attr_affine *o = r->attr;
#define CLAMP                           \
    const sdag_attr_clamp *o = r->attr; \
    const double lo = (double)o->lo, hi = (double)o->hi;
EACH(ref_relu, , x < 0 ? 0 : x)
EACH(ref_gelu, const bool form = ((const sdag_attr_gelu *)r->attr)->tanh_form;, gelu(x, form))
EACH(ref_tanh, , tanh(x))
EACH(ref_sigmoid, , 1 / (1 + exp(-x)))
EACH(ref_exp, , exp(x))
EACH(ref_log, , log(x))
EACH(ref_sqrt, , sqrt(x))
EACH(ref_abs, , fabs(x))
EACH(ref_square, , (x * x))
EACH(ref_power, , pow(x, (double)((const sdag_attr_value *)r->attr)->value))
EACH(ref_softplus, , (x > 0 ? x : 0) + log1p(exp(-fabs(x))))
EACH(ref_clamp, CLAMP, (x < lo) ? lo : (x > hi) ? hi : x)
EACH(ref_affine, AFFINE, ((double)o->scale * x) + (double)o->shift)
EACH(ref_copy, , x)

/* ---- several arguments, broadcast ---- */

/* Coordinates of element i of a shape. */
static void coordinates(int64_t *c, const sdag_shape *s, int64_t i)
{
    for (int k = s->rank - 1; k >= 0; k--) {
        c[k] = i % s->d[k];
        i /= s->d[k];
    }
}

/* The element of t at the last t->rank of `rank` coordinates; an axis of size 1 is repeated. */
static int64_t place(const sdag_shape *s, const int64_t *c, int rank)
{
    int64_t at = 0;
    for (int k = 0; k < s->rank; k++) at = at * s->d[k] + (s->d[k] == 1 ? 0 : c[k + rank - s->rank]);
    return at;
}

#define ZIP(name, formula)                                                    \
    static void name(const sdag_ref_args *r)                                  \
    {                                                                         \
        int64_t c[SDAG_RANK_MAX];                                             \
        const sdag_shape *s = &r->out[0].shape;                               \
        for (int64_t i = 0; i < count(&r->out[0]); i++) {                     \
            coordinates(c, s, i);                                             \
            const double x = r->in[0].at[place(&r->in[0].shape, c, s->rank)]; \
            const double y = r->in[1].at[place(&r->in[1].shape, c, s->rank)]; \
            r->out[0].at[i] = (formula);                                      \
        }                                                                     \
    }
ZIP(ref_add, x + y)
ZIP(ref_sub, x - y)
ZIP(ref_mul, (x * y))
ZIP(ref_div, x / y)
ZIP(ref_less, x < y)
ZIP(ref_equal, x == y)

static void ref_where(const sdag_ref_args *r)
{
    for (int64_t i = 0; i < count(&r->out[0]); i++)
        r->out[0].at[i] = r->in[0].at[i] != 0 ? r->in[1].at[i] : r->in[2].at[i];
}

static void ref_expand(const sdag_ref_args *r)
{
    int64_t c[SDAG_RANK_MAX];
    const sdag_shape *s = &r->out[0].shape;
    for (int64_t i = 0; i < count(&r->out[0]); i++) {
        coordinates(c, s, i);
        r->out[0].at[i] =
            (double)((const sdag_attr_expand *)r->attr)->scale * r->in[0].at[place(&r->in[0].shape, c, s->rank)];
    }
}

static void ref_sum_to(const sdag_ref_args *r)
{
    int64_t c[SDAG_RANK_MAX];
    const sdag_shape *s = &r->in[0].shape;
    double scale = (double)((const sdag_attr_expand *)r->attr)->scale;
    for (int64_t i = 0; i < count(&r->out[0]); i++) r->out[0].at[i] = 0;
    for (int64_t i = 0; i < count(&r->in[0]); i++) {
        coordinates(c, s, i);
        r->out[0].at[place(&r->out[0].shape, c, s->rank)] +=
            scale * r->in[0].at[i] * (r->n_in > 1 ? r->in[1].at[i] : 1);
    }
}

/* ---- reductions: f32[before, run, after] ---- */

typedef struct view {
    int64_t before, run, after;
} view;

static view view_of(const sdag_ref_args *r)
{
    const sdag_attr_reduce *o = r->attr;
    const sdag_shape *s = &r->in[0].shape;
    view v = {1, 1, 1};
    for (int i = 0; i < s->rank; i++) {
        if (i < o->axis) v.before *= s->d[i];
        else if (i < o->axis + o->n) v.run *= s->d[i];
        else v.after *= s->d[i];
    }
    return v;
}

#define REDUCE(name, body)                                                               \
    static void name(const sdag_ref_args *r)                                             \
    {                                                                                    \
        view v = view_of(r);                                                             \
        for (int64_t i = 0; i < v.before * v.after; i++) {                               \
            const double *x = r->in[0].at + i / v.after * v.run * v.after + i % v.after; \
            const int64_t n = v.run, d = v.after;                                        \
            double *y = r->out[0].at + i;                                                \
            body                                                                         \
        }                                                                                \
    }

static double sum_of(const double *x, int64_t n, int64_t d)
{
    double s = 0;
    for (int64_t k = 0; k < n; k++) s += x[k * d];
    return s;
}

static double var_of(const double *x, int64_t n, int64_t d, int unbiased)
{
    double s = 0, m = sum_of(x, n, d) / (double)n;
    for (int64_t k = 0; k < n; k++) s += (x[k * d] - m) * (x[k * d] - m);
    return s / (double)(n - unbiased);
}

static int64_t argmax(const double *x, int64_t n, int64_t d)
{
    int64_t best = 0;
    for (int64_t k = 1; k < n; k++)
        if (x[k * d] > x[best * d] || (isnan(x[k * d]) && !isnan(x[best * d]))) best = k;
    return best;
}

static double lse_of(const double *x, int64_t n, int64_t d)
{
    double s = 0, m = x[argmax(x, n, d) * d];
    if (isinf(m)) return m;
    for (int64_t k = 0; k < n; k++) s += exp(x[k * d] - m);
    return m + log(s);
}

#define UNBIASED ((const sdag_attr_reduce *)r->attr)->unbiased
REDUCE(ref_sum, *y = sum_of(x, n, d);)
REDUCE(ref_mean, *y = sum_of(x, n, d) / (double)n;)
REDUCE(ref_var, *y = var_of(x, n, d, UNBIASED); r->out[1].at[i] = sum_of(x, n, d) / (double)n;)
REDUCE(ref_max, int64_t k = argmax(x, n, d); *y = x[k * d]; r->out[1].at[i] = (double)k;)
REDUCE(ref_logsumexp, *y = n ? lse_of(x, n, d) : -INFINITY;)

/* ---- products ---- */

static void ref_matmul(const sdag_ref_args *r)
{
    const sdag_attr_matmul *o = r->attr;
    const sdag_shape *sx = &r->in[0].shape, *sy = &r->in[1].shape, *sz = &r->out[0].shape;
    int64_t depth = sx->d[sx->rank - (o->tx ? 2 : 1)], c[SDAG_RANK_MAX], cx[SDAG_RANK_MAX], cy[SDAG_RANK_MAX];
    int64_t step_x = o->tx ? sx->d[sx->rank - 1] : 1, step_y = o->ty ? 1 : sy->d[sy->rank - 1]; /* from k to k + 1 */
    for (int64_t i = 0; i < count(&r->out[0]); i++) {
        coordinates(c, sz, i);
        int64_t row = c[sz->rank - 2], col = c[sz->rank - 1];
        double s = 0;
        memcpy(cx, c, sizeof cx);
        memcpy(cy, c, sizeof cy);
        cx[sz->rank - 2] = o->tx ? 0 : row;
        cx[sz->rank - 1] = o->tx ? row : 0;
        cy[sz->rank - 2] = o->ty ? col : 0;
        cy[sz->rank - 1] = o->ty ? 0 : col;
        const double *x = r->in[0].at + place(sx, cx, sz->rank), *y = r->in[1].at + place(sy, cy, sz->rank);
        for (int64_t k = 0; k < depth; k++) s += x[k * step_x] * y[k * step_y];
        r->out[0].at[i] = (double)o->alpha * s + (r->n_in > 2 ? r->in[2].at[col] : 0);
    }
}

/* ---- moving and choosing ---- */

static void ref_concat(const sdag_ref_args *r)
{
    int axis = ((const sdag_attr_axis *)r->attr)->axis;
    const sdag_shape *s = &r->out[0].shape;
    for (int64_t i = 0; i < count(&r->out[0]); i++) {
        int64_t c[SDAG_RANK_MAX];
        int k = 0;
        coordinates(c, s, i);
        while (c[axis] >= r->in[k].shape.d[axis]) c[axis] -= r->in[k++].shape.d[axis];
        r->out[0].at[i] = r->in[k].at[place(&r->in[k].shape, c, s->rank)];
    }
}

static void ref_slice(const sdag_ref_args *r)
{
    const sdag_attr_slice *o = r->attr;
    for (int64_t i = 0; i < count(&r->out[0]); i++) {
        int64_t c[SDAG_RANK_MAX];
        coordinates(c, &r->out[0].shape, i);
        c[o->axis] += o->from;
        r->out[0].at[i] = r->in[0].at[place(&r->in[0].shape, c, r->in[0].shape.rank)];
    }
}

static void ref_pad(const sdag_ref_args *r)
{
    const sdag_attr_pad *o = r->attr;
    for (int64_t i = 0; i < count(&r->out[0]); i++) r->out[0].at[i] = 0;
    for (int64_t i = 0; i < count(&r->in[0]); i++) {
        int64_t c[SDAG_RANK_MAX];
        coordinates(c, &r->in[0].shape, i);
        c[o->axis] += o->before;
        r->out[0].at[place(&r->out[0].shape, c, r->out[0].shape.rank)] = r->in[0].at[i];
    }
}

static void ref_permute(const sdag_ref_args *r)
{
    const sdag_attr_permute *o = r->attr;
    for (int64_t i = 0; i < count(&r->out[0]); i++) {
        int64_t c[SDAG_RANK_MAX], cx[SDAG_RANK_MAX];
        coordinates(c, &r->out[0].shape, i);
        for (int k = 0; k < o->rank; k++) cx[o->order[k]] = c[k];
        r->out[0].at[i] = r->in[0].at[place(&r->in[0].shape, cx, o->rank)];
    }
}

static void ref_gather(const sdag_ref_args *r)
{
    int64_t n = count(&r->in[1]), row = n ? count(&r->out[0]) / n : 0;
    for (int64_t i = 0; i < n * row; i++) r->out[0].at[i] = r->in[0].at[(int64_t)r->in[1].at[i / row] * row + i % row];
}

static void ref_nearest(const sdag_ref_args *r)
{
    const int64_t d = sdag_last(&r->in[0].shape), q = r->in[1].shape.d[0];
    for (int64_t i = 0; i < count(&r->out[0]); i++) {
        double best = INFINITY;
        r->out[0].at[i] = 0;
        for (int64_t k = 0; k < q; k++) {
            double far = 0;
            for (int64_t j = 0; j < d; j++) far += pow(r->in[0].at[i * d + j] - r->in[1].at[k * d + j], 2);
            if (far < best) best = far, r->out[0].at[i] = (double)k;
        }
    }
}

static void ref_scatter_add(const sdag_ref_args *r)
{
    int64_t n = count(&r->in[0]), row = n ? count(&r->in[1]) / n : 0;
    for (int64_t i = 0; i < count(&r->out[0]); i++) r->out[0].at[i] = 0;
    for (int64_t i = 0; i < n * row; i++) r->out[0].at[(int64_t)r->in[0].at[i / row] * row + i % row] += r->in[1].at[i];
}

static void ref_diagonal(const sdag_ref_args *r)
{
    int64_t n = sdag_last(&r->out[0].shape);
    for (int64_t i = 0; i < count(&r->out[0]); i++) r->out[0].at[i] = r->in[0].at[i / n * n * n + i % n * n + i % n];
}

static void ref_mask_diag(const sdag_ref_args *r)
{
    int64_t n = sdag_last(&r->out[0].shape);
    double value = (double)((const sdag_attr_value *)r->attr)->value;
    for (int64_t i = 0; i < count(&r->out[0]); i++) r->out[0].at[i] = i / n % n == i % n ? value : r->in[0].at[i];
}

const sdag_reference sdag_reference_math[] = {
    {"relu", ref_relu, 0},
    {"gelu", ref_gelu, 0},
    {"tanh", ref_tanh, 0},
    {"sigmoid", ref_sigmoid, 0},
    {"exp", ref_exp, 0},
    {"log", ref_log, 0},
    {"sqrt", ref_sqrt, 0},
    {"abs", ref_abs, 0},
    {"square", ref_square, 0},
    {"power", ref_power, 0},
    {"softplus", ref_softplus, 0},
    {"clamp", ref_clamp, 0},
    {"affine", ref_affine, 0},
    {"to_f32", ref_affine, 0},
    {"stop_grad", ref_copy, 0},
    {"reshape", ref_copy, 0},
    {"add", ref_add, 0},
    {"sub", ref_sub, 0},
    {"mul", ref_mul, 0},
    {"div", ref_div, 0},
    {"less", ref_less, 0},
    {"equal", ref_equal, 0},
    {"where", ref_where, 0},
    {"expand", ref_expand, 0},
    {"sum_to", ref_sum_to, 0},
    {"sum", ref_sum, 0},
    {"mean", ref_mean, 0},
    {"var", ref_var, 0},
    {"max", ref_max, 0},
    {"logsumexp", ref_logsumexp, 0},
    {"matmul", ref_matmul, 1e-5},
    {"concat", ref_concat, 0},
    {"slice", ref_slice, 0},
    {"slice_view", ref_slice, 0},
    {"pad", ref_pad, 0},
    {"permute", ref_permute, 0},
    {"gather", ref_gather, 0},
    {"scatter_add", ref_scatter_add, 0},
    {"nearest", ref_nearest, 0},
    {"diagonal", ref_diagonal, 0},
    {"mask_diag", ref_mask_diag, 0},
    {0},
};
