/* max over one axis of f32[before, run, after]: y = max_r x_r, and where it is: i32, the first of equals. NaN is larger
 * than any number, so that it is seen.
 * adjoint: gx = g at that place, 0 elsewhere (needs the place alone). */
#include "core/cpu/rows.h"
#include "core/cpu/simd.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/reduction.h"

/* x contiguous; passes of their own for the value and the place, so that the first ones are vector code. */
SDAG_CLONES static int64_t max_of_row(const float *x, int64_t n)
{
    const float m = sdag_row_max(x, n);
    int nan = 0;
    _Pragma("omp simd reduction(| : nan)") for (int64_t i = 0; i < n; i++) nan |= x[i] != x[i];
    for (int64_t i = 0; i < n; i++)
        if (nan ? x[i] != x[i] : x[i] == m) return i;
    return 0;
}

SDAG_CLONES static void max_of_columns(float *y, int32_t *at, const float *x, int64_t run, int64_t pitch, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        y[i] = x[i];
        at[i] = 0;
    }
    for (int64_t r = 1; r < run; r++) {
        const float *p = x + r * pitch;
        SDAG_SIMD
        for (int64_t i = 0; i < n; i++) {
            const float u = p[i], v = y[i];
            const int better = (u > v) | ((u != u) & (v == v));
            y[i] = better ? u : v;
            at[i] = better ? (int32_t)r : at[i];
        }
    }
}

/* A tile is a range of results such that what it reads is about as much as any other op's tile. */
enum { TILE = 32768 };

static int64_t results_of_tile(sdag_run r) { return r.run < TILE ? TILE / (r.run > 0 ? r.run : 1) : 1; }

static void max_plan(sdag_tiling *t, const sdag_args *a)
{
    sdag_run r = sdag_reduction_run(a);
    int64_t n = r.before * r.after, each = results_of_tile(r);
    t->tiles[0] = n > each ? (n + each - 1) / each : 1;
}

static void max_run(const sdag_args *a)
{
    sdag_run r = sdag_reduction_run(a);
    const float *x = SDAG_DATA_F32(a->in[0]);
    float *y = SDAG_DATA_F32(a->out[0]);
    int32_t *at = SDAG_DATA_I32(a->out[1]);
    int64_t each = results_of_tile(r), n = r.before * r.after, lo = a->tile * each, hi = lo + each < n ? lo + each : n;
    for (int64_t i = lo; i < hi;) {
        if (r.after == 1) {
            at[i] = (int32_t)max_of_row(x + i * r.run, r.run);
            y[i] = x[i * r.run + at[i]];
            i++;
            continue;
        }
        int64_t c = i % r.after, m = r.after - c < hi - i ? r.after - c : hi - i;
        max_of_columns(y + i, at + i, x + i / r.after * r.run * r.after + c, r.run, r.after, m);
        i += m;
    }
}

static bool max_shape(sdag_shaping *s)
{
    if (!sdag_reduction_shape(s)) return false;
    s->out[1] = (sdag_tensor){.dtype = SDAG_DT_I32, .shape = s->out[0].shape};
    int64_t run = s->in[0].shape.d[((const sdag_attr_reduce *)s->attr)->axis];
    if (run < 1 || run > INT32_MAX) return sdag_shape_fail(s, "there is no largest of %lld numbers", (long long)run);
    return true;
}

/* ---- adjoint: (place, g) -> gx; the run is an attribute ---- */

typedef struct spread_attr {
    sdag_shape to;
    sdag_run run;
} spread_attr;

static void spread_run(const sdag_args *a)
{
    sdag_run r = ((const spread_attr *)a->attr)->run;
    const int32_t *at = SDAG_DATA_I32(a->in[0]);
    const float *g = SDAG_DATA_F32(a->in[1]);
    float *gx = SDAG_DATA_F32(a->out[0]);
    for (int64_t i = a->lo; i < a->hi;) { /* pieces of rows of `after` */
        int64_t row = i / r.after, c = i % r.after, n = r.after - c < a->hi - i ? r.after - c : a->hi - i;
        int64_t from = row / r.run * r.after + c;
        int32_t q = (int32_t)(row % r.run);
        SDAG_SIMD
        for (int64_t k = 0; k < n; k++) gx[i + k] = at[from + k] == q ? g[from + k] : 0;
        i += n;
    }
}

static bool spread_shape(sdag_shaping *s)
{
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = ((const spread_attr *)s->attr)->to};
    return sdag_rule_dtype(s, 0, SDAG_DT_I32) && sdag_rule_dtype(s, 1, SDAG_DT_F32);
}

static const sdag_op max_grad_op = {
    .name = "max_grad",
    .math = "gx = g at the maximum",
    .n_in = 2,
    .n_out = 1,
    .attr_size = sizeof(spread_attr),
    .flags = SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = spread_shape,
    .cpu = {.run = spread_run},
};

static void max_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    const sdag_attr_reduce *m = o->attr;
    sdag_shape s = sdag_shape_at(b, o->in[0]);
    spread_attr attr = {.to = s, .run = sdag_run_of(&s, m->axis, m->n)};
    if (wants[0]) gin[0] = sdag_emit2(b, &max_grad_op, o->out[1], gout[0], &attr);
}

static const sdag_attr_reduce some[] = {{.axis = 0, .n = 1}, {.axis = 1, .n = 1, .keep = 1}, {.axis = 2, .n = 1}};

const sdag_op sdag_opdef_max = {
    .name = "max",
    .math = "y = max x",
    .n_in = 1,
    .n_out = 2,
    .attr_size = sizeof(sdag_attr_reduce),
    .split = SDAG_SPLIT_PLAN,
    .shape = max_shape,
    .cpu = {.plan = max_plan, .run = max_run},
    .grad = max_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &some[0]},
                                     {.in = {"f32[3,5,2]"}, .attr = &some[1]},
                                     {.in = {"f32[1,3,5]"}, .attr = &some[2]},
                                     {.in = {"f32[7,1]"}, .attr = &some[1]},
                                     {.in = {"f32[3,33]"}, .attr = &some[1]},
                                     {.in = {"f32[40003,3]"}, .attr = &some[1]},
                                     {.in = {"f32[3,33011]"}, .attr = &some[0]},
                                     {.in = {"f32[2,3,17000]"}, .attr = &some[1]},
                                     {0}},
};

sdag_val sdag_op_max(sdag_build *b, sdag_val x, int axis, bool keep)
{
    unsigned mask = sdag_reduction_axes(b, "max", x, 1, &axis);
    sdag_attr_reduce o = {.axis = mask ? __builtin_ctz(mask) : 0, .n = 1, .keep = keep};
    return sdag_emit1(b, &sdag_opdef_max, x, &o);
}
