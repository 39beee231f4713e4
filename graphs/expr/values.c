/* Values of formulas, and what operators make of them. */
#include <math.h>
#include <stdarg.h>

#include "graphs/expr/functions.h"

sdag_expr_value sdag_expr_tensor(sdag_val v)
{
    return (sdag_expr_value){.kind = SDAG_EXPR_TENSOR, .val = v, .scale = 1};
}

sdag_expr_value sdag_expr_number(double v) { return (sdag_expr_value){.kind = SDAG_EXPR_NUMBER, .number = v}; }

void sdag_expr_fail(sdag_exprs *x, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *text = sdag_arena_vprintf(x->b->arena, fmt, ap);
    va_end(ap);
    sdag_build_fail(x->b, "%s: %s", sdag_node_name(x->self), text);
}

/* ---- shapes */

static sdag_shape swapped(sdag_shape s)
{
    int64_t last = s.d[s.rank - 1];
    s.d[s.rank - 1] = s.d[s.rank - 2];
    s.d[s.rank - 2] = last;
    return s;
}

/* Of a product of matrices; false: their sizes disagree. */
static bool product_shape(sdag_shape *out, sdag_shape u, sdag_shape v)
{
    sdag_shape lead_u = u, lead_v = v;
    if (u.rank < 2 || v.rank < 2 || u.d[u.rank - 1] != v.d[v.rank - 2]) return false;
    lead_u.rank -= 2;
    lead_v.rank -= 2;
    if (!sdag_shape_broadcast(out, lead_u, lead_v)) return false;
    out->d[out->rank++] = u.d[u.rank - 2];
    out->d[out->rank++] = v.d[v.rank - 1];
    return true;
}

static sdag_shape shape_at(const sdag_exprs *x, sdag_val v, bool turn)
{
    sdag_shape s = sdag_shape_at(x->b, v);
    return turn && s.rank >= 2 ? swapped(s) : s;
}

sdag_shape sdag_expr_shape_of(const sdag_exprs *x, const sdag_expr_value *v)
{
    sdag_shape s = SDAG_SCALAR;
    if (v->kind == SDAG_EXPR_INTS) return SDAG_SHAPE(v->n);
    if (v->kind != SDAG_EXPR_TENSOR || sdag_build_failed(x->b)) return s;
    if (v->val) return shape_at(x, v->val, v->swapped);
    product_shape(&s, shape_at(x, v->x, v->tx), shape_at(x, v->y, v->ty));
    return s;
}

const char *sdag_expr_shape_text(sdag_exprs *x, const sdag_expr_value *v)
{
    char *text = sdag_arena_get(x->b->arena, SDAG_SHAPE_TEXT);
    if (v->kind == SDAG_EXPR_NUMBER) return "a number";
    if (v->kind == SDAG_EXPR_LIST) return "a list of numbers";
    sdag_dtype t = v->kind == SDAG_EXPR_INTS ? SDAG_DT_I32 : v->val ? sdag_value_at(x->b, v->val)->dtype : SDAG_DT_F32;
    return sdag_shape_text(text, t, sdag_expr_shape_of(x, v));
}

/* ---- emitting what was put off */

static sdag_val swap_axes(sdag_build *b, sdag_val v)
{
    int rank = sdag_shape_at(b, v).rank, order[SDAG_RANK_MAX];
    for (int i = 0; i < rank; i++) order[i] = i < rank - 2 ? i : 2 * rank - 3 - i;
    return sdag_op_permute(b, v, rank, order);
}

static sdag_val ints(sdag_build *b, const sdag_expr_value *v)
{
    int32_t *at = SDAG_NEWS(b->arena, int32_t, v->n + 1);
    for (int i = 0; i < v->n; i++) at[i] = (int32_t)v->list[i];
    return sdag_const(b, SDAG_DT_I32, SDAG_SHAPE(v->n), at);
}

sdag_val sdag_expr_force(sdag_exprs *x, sdag_expr_value *v)
{
    sdag_build *b = x->b;
    if (sdag_build_failed(b)) return 0;
    if (v->kind == SDAG_EXPR_LIST) {
        sdag_expr_fail(x, "a list in brackets is no value; it may be an axis or a shape");
        return 0;
    }
    if (v->kind == SDAG_EXPR_NUMBER) return sdag_const_f32(b, (float)v->number);
    if (v->kind == SDAG_EXPR_INTS) *v = sdag_expr_tensor(ints(b, v));
    if (!v->val) {
        v->val = sdag_op_matmul(b, v->x, v->y, v->tx, v->ty, (float)v->scale);
        v->scale = 1;
    } else if (v->swapped) {
        v->val = swap_axes(b, v->val);
        v->swapped = false;
    }
    if (v->scale != 1 || v->shift != 0) {
        if (sdag_value_at(b, v->val)->dtype != SDAG_DT_F32)
            v->val = sdag_op_to_f32(b, v->val, (float)v->scale, (float)v->shift);
        else v->val = sdag_op_affine(b, v->val, (float)v->scale, (float)v->shift);
        v->scale = 1;
        v->shift = 0;
    }
    return sdag_build_failed(b) ? 0 : v->val;
}

sdag_val sdag_expr_force_f32(sdag_exprs *x, sdag_expr_value *v)
{
    sdag_val val = sdag_expr_force(x, v);
    if (val && sdag_value_at(x->b, val)->dtype != SDAG_DT_F32) {
        val = sdag_op_to_f32(x->b, val, 1, 0);
        if (v->kind == SDAG_EXPR_TENSOR) *v = sdag_expr_tensor(val);
    }
    return val;
}

/* ---- operators */

sdag_expr_value sdag_expr_scaled(sdag_exprs *x, sdag_expr_value *v, double scale, double shift)
{
    sdag_expr_value y = *v;
    if (v->kind == SDAG_EXPR_NUMBER) return sdag_expr_number(scale * v->number + shift);
    if (v->kind != SDAG_EXPR_TENSOR) y = sdag_expr_tensor(sdag_expr_force(x, v));
    y.scale = y.scale * scale;
    y.shift = y.shift * scale + shift;
    return y;
}

sdag_expr_value sdag_expr_transposed(sdag_exprs *x, sdag_expr_value *v)
{
    sdag_shape s = sdag_expr_shape_of(x, v);
    if (v->kind != SDAG_EXPR_TENSOR || s.rank < 2) {
        sdag_expr_fail(x, "%s has no two axes to swap; column(x) and row(x) make a matrix of a vector",
                       sdag_expr_shape_text(x, v));
        return sdag_expr_tensor(0);
    }
    sdag_expr_value y = *v;
    if (y.val) {
        y.swapped = !y.swapped;
        return y;
    }
    y.x = v->y; /* (x y)' = y' x' */
    y.y = v->x;
    y.tx = !v->ty;
    y.ty = !v->tx;
    return y;
}

/* What a product takes: the value without anything put off but a transposition and a factor. */
static bool factor_of(sdag_exprs *x, sdag_expr_value *v, sdag_val *out, bool *turned, double *scale)
{
    if (v->kind == SDAG_EXPR_TENSOR && v->val && v->shift == 0 && sdag_value_at(x->b, v->val)->dtype == SDAG_DT_F32) {
        *out = v->val;
        *turned = v->swapped;
        *scale *= v->scale;
    } else {
        *out = sdag_expr_force_f32(x, v);
        *turned = false;
    }
    return *out != 0;
}

sdag_expr_value sdag_expr_product(sdag_exprs *x, sdag_expr_value *u, sdag_expr_value *v)
{
    sdag_expr_value y = {.kind = SDAG_EXPR_TENSOR, .scale = 1};
    sdag_shape s, su = sdag_expr_shape_of(x, u), sv = sdag_expr_shape_of(x, v);
    if (sdag_build_failed(x->b)) return y;
    if (!product_shape(&s, su, sv)) {
        const char *tu = sdag_expr_shape_text(x, u), *tv = sdag_expr_shape_text(x, v);
        if (su.rank < 2 || sv.rank < 2)
            sdag_expr_fail(x, "%s @ %s: a product of matrices; '*' multiplies element by element", tu, tv);
        else
            sdag_expr_fail(x, "%s @ %s: the last size of the first is %lld, the last but one of the second %lld", tu,
                           tv, (long long)su.d[su.rank - 1], (long long)sv.d[sv.rank - 2]);
        return y;
    }
    if (!factor_of(x, u, &y.x, &y.tx, &y.scale) || !factor_of(x, v, &y.y, &y.ty, &y.scale)) return y;
    return y;
}

bool sdag_expr_broadcast(sdag_exprs *x, int n, sdag_val *v)
{
    sdag_shape to = SDAG_SCALAR;
    if (sdag_build_failed(x->b)) return false;
    for (int i = 0; i < n; i++) {
        sdag_shape both, s = sdag_shape_at(x->b, v[i]);
        if (!sdag_shape_broadcast(&both, to, s)) {
            char one[SDAG_SHAPE_TEXT], other[SDAG_SHAPE_TEXT];
            sdag_expr_fail(x, "the shapes %s and %s disagree; an axis of size 1 is repeated, others must be equal",
                           sdag_shape_text(one, SDAG_DT_F32, to) + 3, sdag_shape_text(other, SDAG_DT_F32, s) + 3);
            return false;
        }
        to = both;
    }
    for (int i = 0; i < n; i++)
        if (!sdag_shape_equal(sdag_shape_at(x->b, v[i]), to)) v[i] = sdag_op_expand(x->b, v[i], to);
    return !sdag_build_failed(x->b);
}

static bool agree(sdag_exprs *x, sdag_val u, sdag_val v)
{
    sdag_shape both, su = sdag_shape_at(x->b, u), sv = sdag_shape_at(x->b, v);
    char one[SDAG_SHAPE_TEXT], other[SDAG_SHAPE_TEXT];
    if (sdag_build_failed(x->b)) return false;
    if (sdag_shape_broadcast(&both, su, sv)) return true;
    sdag_expr_fail(x, "%s %s %s: the shapes disagree; an axis of size 1 is repeated, others must be equal",
                   sdag_shape_text(one, sdag_value_at(x->b, u)->dtype, su), sdag_term_sign(x->term->kind),
                   sdag_shape_text(other, sdag_value_at(x->b, v)->dtype, sv));
    return false;
}

static double fold(sdag_exprs *x, sdag_term_kind k, double u, double v)
{
    switch (k) {
    case SDAG_TERM_ADD: return u + v;
    case SDAG_TERM_SUB: return u - v;
    case SDAG_TERM_MUL: return u * v;
    case SDAG_TERM_DIV:
        if (v == 0) sdag_expr_fail(x, "a division by 0");
        return u / v;
    case SDAG_TERM_POWER: return pow(u, v);
    case SDAG_TERM_LESS: return u < v;
    case SDAG_TERM_LESS_EQUAL: return u <= v;
    case SDAG_TERM_MORE: return u > v;
    case SDAG_TERM_MORE_EQUAL: return u >= v;
    case SDAG_TERM_EQUAL: return u == v;
    default: return u != v;
    }
}

/* Of tensors and numbers, element by element. */
static sdag_expr_value compare(sdag_exprs *x, sdag_term_kind k, sdag_expr_value *u, sdag_expr_value *v)
{
    sdag_build *b = x->b;
    bool equality = k == SDAG_TERM_EQUAL || k == SDAG_TERM_NOT_EQUAL;
    sdag_val p = sdag_expr_force(x, u), q = sdag_expr_force(x, v);
    if (!p || !q) return sdag_expr_tensor(0);
    if (!equality || sdag_value_at(b, p)->dtype != sdag_value_at(b, q)->dtype) {
        p = sdag_expr_force_f32(x, u);
        q = sdag_expr_force_f32(x, v);
    }
    if (!agree(x, p, q)) return sdag_expr_tensor(0);
    if (k == SDAG_TERM_MORE || k == SDAG_TERM_MORE_EQUAL) {
        sdag_val t = p;
        p = q;
        q = t;
    }
    sdag_val y = equality ? sdag_op_equal(b, p, q) : sdag_op_less(b, p, q);
    if (k == SDAG_TERM_NOT_EQUAL) y = sdag_op_affine(b, y, -1, 1);
    if (k == SDAG_TERM_LESS_EQUAL || k == SDAG_TERM_MORE_EQUAL) y = sdag_op_add(b, y, sdag_op_equal(b, p, q));
    return sdag_expr_tensor(y);
}

static sdag_expr_value power(sdag_exprs *x, sdag_expr_value *u, sdag_expr_value *v)
{
    sdag_build *b = x->b;
    if (v->kind == SDAG_EXPR_NUMBER) {
        double p = v->number;
        if (p == 1) return *u;
        sdag_val base = sdag_expr_force_f32(x, u);
        return sdag_expr_tensor(p == 2     ? sdag_op_square(b, base)
                                : p == 0.5 ? sdag_op_sqrt(b, base)
                                           : sdag_op_power(b, base, (float)p));
    }
    if (u->kind == SDAG_EXPR_NUMBER) {
        if (!(u->number > 0))
            sdag_expr_fail(x, "a power of %g: only positive numbers may be raised to values", u->number);
        sdag_expr_value e = sdag_expr_scaled(x, v, log(u->number), 0);
        return sdag_expr_tensor(sdag_op_exp(b, sdag_expr_force_f32(x, &e)));
    }
    sdag_val base = sdag_expr_force_f32(x, u), e = sdag_expr_force_f32(x, v);
    if (!agree(x, base, e)) return sdag_expr_tensor(0);
    return sdag_expr_tensor(sdag_op_exp(b, sdag_op_mul(b, e, sdag_op_log(b, base))));
}

/* With a number on one side of + - * /: a scale and a shift. false: not one of these. */
static bool with_number(sdag_exprs *x, sdag_term_kind k, sdag_expr_value *u, sdag_expr_value *v, sdag_expr_value *out)
{
    bool left = u->kind == SDAG_EXPR_NUMBER;
    sdag_expr_value *t = left ? v : u;
    double c = left ? u->number : v->number;
    if (k == SDAG_TERM_ADD) *out = sdag_expr_scaled(x, t, 1, c);
    else if (k == SDAG_TERM_SUB) *out = left ? sdag_expr_scaled(x, t, -1, c) : sdag_expr_scaled(x, t, 1, -c);
    else if (k == SDAG_TERM_MUL) *out = sdag_expr_scaled(x, t, c, 0);
    else if (k == SDAG_TERM_DIV && !left) {
        if (c == 0) sdag_expr_fail(x, "a division by 0");
        else *out = sdag_expr_scaled(x, t, 1 / c, 0);
    } else return false;
    return true;
}

sdag_expr_value sdag_expr_binary(sdag_exprs *x, sdag_term_kind k, sdag_expr_value *u, sdag_expr_value *v)
{
    sdag_build *b = x->b;
    sdag_expr_value out = sdag_expr_tensor(0);
    bool nu = u->kind == SDAG_EXPR_NUMBER, nv = v->kind == SDAG_EXPR_NUMBER;
    if (k == SDAG_TERM_MATMUL) return sdag_expr_product(x, u, v);
    if (nu && nv) return sdag_expr_number(fold(x, k, u->number, v->number));
    if (k == SDAG_TERM_POWER) return power(x, u, v);
    if (k >= SDAG_TERM_LESS) return compare(x, k, u, v);
    if ((nu || nv) && with_number(x, k, u, v, &out)) return out;
    sdag_val p = sdag_expr_force_f32(x, u), q = sdag_expr_force_f32(x, v);
    if (!p || !q || !agree(x, p, q)) return out;
    sdag_val y = k == SDAG_TERM_ADD   ? sdag_op_add(b, p, q)
                 : k == SDAG_TERM_SUB ? sdag_op_sub(b, p, q)
                 : k == SDAG_TERM_DIV ? sdag_op_div(b, p, q)
                 : p == q             ? sdag_op_square(b, p)
                                      : sdag_op_mul(b, p, q);
    return sdag_expr_tensor(y);
}
