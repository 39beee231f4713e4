/* Rows of the table that take more than a few lines: convolutions, norms, attention, and the numbers that pixels are
 * scaled by. */
#include <math.h>
#include <string.h>

#include "core/ops/attr.h"
#include "runtime/onnx/emit.h"

/* ---- images ---- */

static void square_ints(sdag_onnx *x, const char *name, int64_t v) { sdag_onnx_ints(x->m, name, 2, (int64_t[]){v, v}); }

static void window(sdag_onnx *x, int64_t stride, int64_t pad)
{
    square_ints(x, "strides", stride);
    sdag_onnx_ints(x->m, "pads", 4, (int64_t[]){pad, pad, pad, pad});
}

void sdag_onnx_conv2d(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_conv2d *c = o->attr;
    const sdag_shape *w = sdag_onnx_shape(x, o->in[1]);
    const char *y = sdag_onnx_node(x->m, "Conv", sdag_onnx_planes(x, o->in[0]), sdag_onnx_in(x, o, 1), NULL);
    sdag_onnx_ints(x->m, "kernel_shape", 2, w->d + 2);
    window(x, c->stride, c->pad);
    sdag_onnx_int(x->m, "group", c->groups);
    sdag_onnx_set_planes(x, o->out[0], y);
}

static void pool(sdag_onnx *x, const sdag_program_op *o, const char *type)
{
    const sdag_attr_pool *c = o->attr;
    const char *y = sdag_onnx_node(x->m, type, sdag_onnx_planes(x, o->in[0]), NULL);
    square_ints(x, "kernel_shape", c->size);
    window(x, c->stride, c->pad);
    sdag_onnx_set_planes(x, o->out[0], y);
}

void sdag_onnx_max_pool(sdag_onnx *x, const sdag_program_op *o) { pool(x, o, "MaxPool"); }

void sdag_onnx_avg_pool(sdag_onnx *x, const sdag_program_op *o)
{
    pool(x, o, "AveragePool");
    sdag_onnx_int(x->m, "count_include_pad", 1);
}

void sdag_onnx_upsample(sdag_onnx *x, const sdag_program_op *o)
{
    const float k = (float)((const sdag_attr_factor *)o->attr)->factor, scales[] = {1, 1, k, k};
    const char *name = sdag_arena_printf(x->a, "scales_%d", x->m->fresh++);
    sdag_onnx_const(x->m, name, SDAG_ONNX_F32, 1, (int64_t[]){4}, sdag_arena_copy(x->a, scales, sizeof scales),
                    sizeof scales);
    const char *y = sdag_onnx_node(x->m, "Resize", sdag_onnx_planes(x, o->in[0]), "", name, NULL);
    sdag_onnx_text(x->m, "mode", "nearest");
    sdag_onnx_text(x->m, "coordinate_transformation_mode", "asymmetric");
    sdag_onnx_text(x->m, "nearest_mode", "floor");
    sdag_onnx_set_planes(x, o->out[0], y);
}

/* ---- norms ---- */

static const char *filled(sdag_onnx *x, int64_t n, float v)
{
    float *all = SDAG_NEWS(x->a, float, n);
    for (int64_t i = 0; i < n; i++) all[i] = v;
    return sdag_onnx_const(x->m, sdag_arena_printf(x->a, "filled_%d", x->m->fresh++), SDAG_ONNX_F32, 1, &n, all,
                           (size_t)n * sizeof *all);
}

/* The arguments of norm_apply: x, mean, var, then those that are given. */
typedef struct norm {
    const char *mean, *var, *gamma, *beta;
    sdag_val residual;
} norm;

static norm norm_of(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_norm *t = o->attr;
    const int64_t n = sdag_last(sdag_onnx_shape(x, o->in[0]));
    int i = 3;
    norm v = {.mean = sdag_onnx_in(x, o, 1), .var = sdag_onnx_in(x, o, 2)};
    v.gamma = t->gamma ? sdag_onnx_in(x, o, i++) : filled(x, n, 1);
    v.beta = t->beta ? sdag_onnx_in(x, o, i++) : filled(x, n, 0);
    v.residual = t->residual ? o->in[i] : 0;
    return v;
}

/* Any rank, channels last: (x - mean) / sqrt(var + eps) gamma + beta. */
static const char *by_hand(sdag_onnx *x, const char *in, const norm *v, float eps)
{
    const char *d = sdag_onnx_node(x->m, "Add", v->var, sdag_onnx_number(x->m, eps), NULL);
    d = sdag_onnx_node(x->m, "Sqrt", d, NULL);
    const char *y = sdag_onnx_node(x->m, "Sub", in, v->mean, NULL);
    y = sdag_onnx_node(x->m, "Mul", sdag_onnx_node(x->m, "Div", y, d, NULL), v->gamma, NULL);
    return sdag_onnx_node(x->m, "Add", y, v->beta, NULL);
}

void sdag_onnx_norm_apply(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_norm *t = o->attr;
    const int rank = sdag_onnx_shape(x, o->in[0])->rank;
    const norm v = norm_of(x, o);
    const bool planes = rank == 4;
    const char *in = planes ? sdag_onnx_planes(x, o->in[0]) : sdag_onnx_in(x, o, 0), *y;
    if (rank == 2 || rank == 4) {
        y = sdag_onnx_node(x->m, "BatchNormalization", in, v.gamma, v.beta, v.mean, v.var, NULL);
        sdag_onnx_f32(x->m, "epsilon", t->eps);
    } else {
        y = by_hand(x, in, &v, t->eps);
    }
    if (v.residual)
        y = sdag_onnx_node(x->m, "Add", y, planes ? sdag_onnx_planes(x, v.residual) : sdag_onnx_val(x, v.residual),
                           NULL);
    if (t->relu) y = sdag_onnx_node(x->m, "Relu", y, NULL);
    if (planes) sdag_onnx_set_planes(x, o->out[0], y);
    else sdag_onnx_set(x, o->out[0], y);
}

void sdag_onnx_layer_norm(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_layer_norm *t = o->attr;
    const int64_t n = sdag_last(sdag_onnx_shape(x, o->in[0]));
    const char *gamma = t->gamma ? sdag_onnx_in(x, o, 1) : filled(x, n, 1);
    const char *beta = t->beta ? sdag_onnx_in(x, o, 1 + !!t->gamma) : "";
    const char *y = sdag_onnx_node(x->m, "LayerNormalization", sdag_onnx_in(x, o, 0), gamma, beta, NULL);
    sdag_onnx_int(x->m, "axis", -1);
    sdag_onnx_f32(x->m, "epsilon", t->eps);
    sdag_onnx_set(x, o->out[0], y);
}

/* ---- attention ---- */

static const char *transpose(sdag_onnx *x, const char *in, int n, const int64_t *perm)
{
    const char *y = sdag_onnx_node(x->m, "Transpose", in, NULL);
    sdag_onnx_ints(x->m, "perm", n, perm);
    return y;
}

/* Part k of q, k, v: f32[B,heads,T,N] of f32[3,B,heads,T,N]. */
static const char *part(sdag_onnx *x, const char *qkv, int64_t k)
{
    const int64_t next = k + 1, zero = 0;
    const char *y = sdag_onnx_node(x->m, "Slice", qkv, sdag_onnx_list(x->m, 1, &k), sdag_onnx_list(x->m, 1, &next),
                                   sdag_onnx_list(x->m, 1, &zero), NULL);
    return sdag_onnx_node(x->m, "Squeeze", y, sdag_onnx_list(x->m, 1, &zero), NULL);
}

/* i32 0..t-1, as [1,1,t,1] (rows) or [1,1,1,t]. */
static const char *places(sdag_onnx *x, int64_t t, bool rows)
{
    int32_t *at = SDAG_NEWS(x->a, int32_t, t);
    for (int64_t i = 0; i < t; i++) at[i] = (int32_t)i;
    const int64_t dims[] = {1, 1, rows ? t : 1, rows ? 1 : t};
    return sdag_onnx_const(x->m, sdag_arena_printf(x->a, "places_%d", x->m->fresh++), SDAG_ONNX_I32, 4, dims, at,
                           (size_t)t * sizeof *at);
}

/* i32[B] as [B,1,1,1]. */
static const char *each(sdag_onnx *x, const char *in)
{
    return sdag_onnx_node(x->m, "Reshape", in, sdag_onnx_list(x->m, 4, (int64_t[]){-1, 1, 1, 1}), NULL);
}

/* Which keys j a token i sees: bool, broadcast to [B,heads,T,T]; NULL: all. */
static const char *seen(sdag_onnx *x, const sdag_program_op *o, int64_t t)
{
    const sdag_attr_attention *c = o->attr;
    int next = 1;
    if (!c->lengths && !c->causal) return NULL;
    const char *length = c->lengths ? sdag_onnx_in(x, o, next++) : NULL, *sees = NULL;
    const char *prefix = c->prefix ? sdag_onnx_in(x, o, next) : NULL;
    const char *keys = places(x, t, false);
    if (length) sees = sdag_onnx_node(x->m, "Less", keys, each(x, length), NULL);
    if (!c->causal) return sees;
    const char *before = sdag_onnx_node(x->m, "LessOrEqual", keys, places(x, t, true), NULL);
    if (prefix) {
        const char *first = sdag_onnx_node(x->m, "Less", keys, each(x, prefix), NULL);
        before = sdag_onnx_node(x->m, "Or", before, first, NULL);
    }
    return sees ? sdag_onnx_node(x->m, "And", sees, before, NULL) : before;
}

/* What is not seen gets a score so low that its share is 0 beside any other. A token that sees nothing would share
 * itself out evenly; it gives 0. */
static const char *masked(sdag_onnx *x, const char *scores, const char *sees)
{
    return sdag_onnx_node(x->m, "Where", sees, scores, sdag_onnx_number(x->m, -1e30f), NULL);
}

void sdag_onnx_attention(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_attention *c = o->attr;
    const sdag_shape *s = sdag_onnx_shape(x, o->in[0]);
    const int64_t t = s->d[1], d = s->d[2] / 3, n = d / c->heads;
    const char *qkv = sdag_onnx_node(x->m, "Reshape", sdag_onnx_in(x, o, 0),
                                     sdag_onnx_list(x->m, 5, (int64_t[]){-1, t, 3, c->heads, n}), NULL);
    qkv = transpose(x, qkv, 5, (int64_t[]){2, 0, 3, 1, 4});
    const char *keys = transpose(x, part(x, qkv, 1), 4, (int64_t[]){0, 1, 3, 2}), *sees = seen(x, o, t);
    const char *p = sdag_onnx_node(x->m, "MatMul", part(x, qkv, 0), keys, NULL);
    p = sdag_onnx_node(x->m, "Mul", p, sdag_onnx_number(x->m, 1 / sqrtf((float)n)), NULL);
    if (sees) p = masked(x, p, sees);
    p = sdag_onnx_node(x->m, "Softmax", p, NULL);
    sdag_onnx_int(x->m, "axis", -1);
    if (c->lengths) p = sdag_onnx_node(x->m, "Where", sees, p, sdag_onnx_number(x->m, 0), NULL);
    const char *y = transpose(x, sdag_onnx_node(x->m, "MatMul", p, part(x, qkv, 2), NULL), 4, (int64_t[]){0, 2, 1, 3});
    sdag_onnx_set(x, o->out[0],
                  sdag_onnx_node(x->m, "Reshape", y, sdag_onnx_list(x->m, 3, (int64_t[]){-1, t, d}), NULL));
}

/* n_b = max over t of (t + 1) where x_bt != pad, 0 elsewhere. */
void sdag_onnx_lengths(sdag_onnx *x, const sdag_program_op *o)
{
    const int64_t t = sdag_onnx_shape(x, o->in[0])->d[1];
    int32_t *at = SDAG_NEWS(x->a, int32_t, t + 2), *small = at + t;
    for (int64_t i = 0; i < t; i++) at[i] = (int32_t)i + 1;
    small[0] = ((const sdag_attr_ignore *)o->attr)->ignore;
    small[1] = 1;
    const int id = x->m->fresh++;
    const char *pad = sdag_onnx_const(x->m, sdag_arena_printf(x->a, "pad_%d", id), SDAG_ONNX_I32, 0, NULL, small, 4);
    const char *one =
        sdag_onnx_const(x->m, sdag_arena_printf(x->a, "one_%d", id), SDAG_ONNX_I32, 0, NULL, small + 1, 4);
    const char *counts = sdag_onnx_const(x->m, sdag_arena_printf(x->a, "counts_%d", id), SDAG_ONNX_I32, 2,
                                         (int64_t[]){1, t}, at, (size_t)t * 4);
    const char *zero = sdag_onnx_node(x->m, "Sub", one, one, NULL);
    const char *filler = sdag_onnx_node(x->m, "Equal", sdag_onnx_in(x, o, 0), pad, NULL);
    const char *n = sdag_onnx_node(x->m, "Where", filler, zero, counts, NULL);
    n = sdag_onnx_node(x->m, "ReduceMax", n, NULL);
    sdag_onnx_ints(x->m, "axes", 1, (int64_t[]){1});
    sdag_onnx_int(x->m, "keepdims", 1);
    const int64_t axis = 1;
    sdag_onnx_set(x, o->out[0], sdag_onnx_node(x->m, "Squeeze", n, sdag_onnx_list(x->m, 1, &axis), NULL));
    sdag_onnx_set(x, o->out[1], sdag_onnx_node(x->m, "Max", sdag_onnx_node(x->m, "Sub", n, one, NULL), zero, NULL));
}

/* ---- the numbers that pixels are scaled by ---- */

static const sdag_floats *floats_of(const sdag_record *r, const char *name)
{
    for (const sdag_opt *o = r->type->opts; o && o->name; o++)
        if (o->kind == SDAG_OPT_F32S && !strcmp(o->name, name))
            return (const sdag_floats *)(const void *)((const char *)r->opts + o->offset);
    return NULL;
}

static const char *channels(sdag_onnx *x, const char *what, const float *v, int64_t c)
{
    return sdag_onnx_const(x->m, sdag_arena_printf(x->a, "%s_%d", what, x->m->fresh++), SDAG_ONNX_F32, 1, &c,
                           sdag_arena_copy(x->a, v, (size_t)c * sizeof *v), (size_t)c * sizeof *v);
}

/* (x - mean) / std of the pixels, by channel */
static const char *normalize(sdag_onnx *x, const char *in, const sdag_record *r, int64_t c)
{
    const sdag_floats *mean = floats_of(r, "mean"), *std = floats_of(r, "std");
    if (strcmp(r->type->name, "normalize") || !mean || !std) {
        x->why = sdag_arena_printf(x->a, "of its transforms only normalize can go into a model, not %s", r->type->name);
        return in;
    }
    float *scale = SDAG_NEWS(x->a, float, c), *shift = SDAG_NEWS(x->a, float, c);
    for (int64_t i = 0; i < c; i++) {
        scale[i] = 1 / std->at[std->n == 1 ? 0 : i];
        shift[i] = -mean->at[mean->n == 1 ? 0 : i] * scale[i];
    }
    in = sdag_onnx_node(x->m, "Mul", in, channels(x, "scale", scale, c), NULL);
    return sdag_onnx_node(x->m, "Add", in, channels(x, "shift", shift, c), NULL);
}

void sdag_onnx_augment(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_gnode *n = &x->graph->nodes[o->node];
    const char *y = sdag_onnx_in(x, o, 0);
    if (x->p->values.at[o->in[0]].dtype == SDAG_DT_U8) {
        y = sdag_onnx_node(x->m, "Cast", y, NULL);
        sdag_onnx_int(x->m, "to", SDAG_ONNX_F32);
        y = sdag_onnx_node(x->m, "Mul", y, sdag_onnx_number(x->m, 1.0f / 255), NULL);
    }
    for (const sdag_opt *opt = n->type->opts; opt && opt->name; opt++) {
        if (opt->kind != SDAG_OPT_RECORDS) continue;
        const sdag_records *all = (const sdag_records *)(const void *)((const char *)n->opts + opt->offset);
        for (int i = 0; i < all->n && !x->why; i++)
            y = normalize(x, y, &all->at[i], sdag_last(sdag_onnx_shape(x, o->out[0])));
    }
    sdag_onnx_set(x, o->out[0], y);
}
