/* logsumexp over one axis of f32[before, run, after], without overflow:
 *   m = max_r x_r,   y = m + ln sum_r e^(x_r - m)          -inf where all are -inf
 * adjoint: gx = g e^(x - y), 0 where y = -inf. */
#include <math.h>

#include "core/cpu/mathf.h"
#include "core/cpu/rows.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/reduction.h"

enum { COLS = 256 };

/* A shift that keeps exponents at or below 0 without making NaN of infinities. */
SDAG_INLINE float shift_of(float m) { return m > 3.0e38f || m < -3.0e38f ? 0.0f : m; }

SDAG_CLONES static float lse_of_row(const float *x, int64_t n)
{
    const float m = shift_of(sdag_row_max(x, n));
    return m + (float)log(sdag_row_exp_sum(x, m, n));
}

SDAG_CLONES static void lse_of_columns(float *y, const float *x, int64_t run, int64_t pitch, int64_t n)
{
    float m[COLS], sum[COLS];
    for (int64_t i = 0; i < n; i++) {
        m[i] = -INFINITY;
        sum[i] = 0;
    }
    for (int64_t r = 0; r < run; r++) {
        SDAG_SIMD
        for (int64_t i = 0; i < n; i++) m[i] = x[r * pitch + i] > m[i] ? x[r * pitch + i] : m[i];
    }
    for (int64_t i = 0; i < n; i++) m[i] = shift_of(m[i]);
    for (int64_t r = 0; r < run; r++) {
        SDAG_SIMD
        for (int64_t i = 0; i < n; i++) sum[i] += sdag_expf(x[r * pitch + i] - m[i]);
    }
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) y[i] = m[i] + sdag_logf(sum[i]);
}

/* A tile is a range of results such that what it reads is about as much as any other op's tile. */
enum { TILE = 16384 };

static int64_t results_of_tile(sdag_run r) { return r.run < TILE ? TILE / (r.run > 0 ? r.run : 1) : 1; }

static void lse_plan(sdag_tiling *t, const sdag_args *a)
{
    sdag_run r = sdag_reduction_run(a);
    int64_t n = r.before * r.after, each = results_of_tile(r);
    t->tiles[0] = n > each ? (n + each - 1) / each : 1;
    t->flops = 12.0 * (double)n * (double)r.run;
}

static void lse_run(const sdag_args *a)
{
    sdag_run r = sdag_reduction_run(a);
    const float *x = SDAG_DATA_F32(a->in[0]);
    float *y = SDAG_DATA_F32(a->out[0]);
    int64_t each = results_of_tile(r), n = r.before * r.after, lo = a->tile * each, hi = lo + each < n ? lo + each : n;
    for (int64_t i = lo; i < hi;) {
        if (r.after == 1) {
            y[i] = lse_of_row(x + i * r.run, r.run);
            i++;
            continue;
        }
        int64_t c = i % r.after, m = r.after - c < hi - i ? r.after - c : hi - i;
        if (m > COLS) m = COLS;
        lse_of_columns(y + i, x + i / r.after * r.run * r.after + c, r.run, r.after, m);
        i += m;
    }
}

/* ---- adjoint: x, y, g -> gx ---- */

SDAG_INLINE float lse_slope(float x, float y, float g) { return y < -3.0e38f ? 0.0f : g * sdag_expf(x - y); }

SDAG_CLONES static void lse_row_grad(float *gx, const float *x, float y, float g, int64_t n)
{
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) gx[i] = lse_slope(x[i], y, g);
}

SDAG_CLONES static void lse_columns_grad(float *gx, const float *x, const float *y, const float *g, int64_t n)
{
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) gx[i] = lse_slope(x[i], y[i], g[i]);
}

static void lse_grad_run(const sdag_args *a)
{
    sdag_run r = sdag_reduction_run(a);
    const float *x = SDAG_DATA_F32(a->in[0]), *y = SDAG_DATA_F32(a->in[1]), *g = SDAG_DATA_F32(a->in[2]);
    float *gx = SDAG_DATA_F32(a->out[0]);
    int64_t line = r.after == 1 ? r.run : r.after;
    for (int64_t i = a->lo; i < a->hi;) {
        int64_t n = line - i % line < a->hi - i ? line - i % line : a->hi - i;
        int64_t from = r.after == 1 ? i / line : i / line / r.run * r.after + i % line;
        if (r.after == 1) lse_row_grad(gx + i, x + i, y[from], g[from], n);
        else lse_columns_grad(gx + i, x + i, y + from, g + from, n);
        i += n;
    }
}

static const sdag_op lse_grad_op = {
    .name = "logsumexp_grad",
    .math = "gx = g e^(x - y)",
    .n_in = 3,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_reduce),
    .flags = SDAG_OP_INPLACE | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_like_first,
    .cpu = {.run = lse_grad_run},
};

static void lse_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_emit(b, &lse_grad_op, 3, (sdag_val[]){o->in[0], o->out[0], gout[0]}, o->attr, NULL);
}

static const sdag_attr_reduce some[] = {{.axis = 0, .n = 1}, {.axis = 1, .n = 1, .keep = 1}, {.axis = 2, .n = 1}};

const sdag_op sdag_opdef_logsumexp = {
    .name = "logsumexp",
    .math = "y = ln sum e^x",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_reduce),
    .split = SDAG_SPLIT_PLAN,
    .shape = sdag_reduction_shape,
    .cpu = {.plan = lse_plan, .run = lse_run},
    .grad = lse_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &some[0]},
                                     {.in = {"f32[3,5,2]"}, .attr = &some[1]},
                                     {.in = {"f32[1,3,5]"}, .attr = &some[2]},
                                     {.in = {"f32[7,1]"}, .attr = &some[1]},
                                     {.in = {"f32[3,37]"}, .attr = &some[1]},
                                     {.in = {"f32[4003,13]"}, .attr = &some[1]},
                                     {.in = {"f32[3,33011]"}, .attr = &some[0]},
                                     {.in = {"f32[2,33011]"}, .attr = &some[1]},
                                     {.in = {"f32[2,33,1025]"}, .attr = &some[1]},
                                     {.in = {"f32[3]=-inf"}, .attr = &some[0], .fixed = 1},
                                     {0}},
};

sdag_val sdag_op_logsumexp(sdag_build *b, sdag_val x, int axis, bool keep)
{
    unsigned mask = sdag_reduction_axes(b, "logsumexp", x, 1, &axis);
    sdag_attr_reduce o = {.axis = mask ? __builtin_ctz(mask) : 0, .n = 1, .keep = keep};
    return sdag_emit1(b, &sdag_opdef_logsumexp, x, &o);
}
