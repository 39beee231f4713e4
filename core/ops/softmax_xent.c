/* softmax_xent: the cross entropy of the softmax over the last axis with a class, one number a row.
 *   loss = log sum_k e^(x_k - m) + m - x_t,   m = max x,   t = target of the row           x f32[...,C], target
 * i32[...] loss = 0 where t = ignore; a target outside 0..C-1 ends the step adjoint: gx_j = gy (e^(x_j - lse) - [j =
 * t]),   0 where t = ignore lse = log sum e^x is a second result, f32[...]: with it the adjoint needs one pass over x,
 * whose memory it may take. */
#include <math.h>

#include "core/cpu/rows.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

static bool xent_shape(sdag_shaping *s)
{
    sdag_shape rows = s->in[0].shape;
    if (!sdag_rule_dtype(s, 0, SDAG_DT_F32) || !sdag_rule_dtype(s, 1, SDAG_DT_I32)) return false;
    if (!rows.rank) return sdag_shape_fail(s, "x must have an axis of classes");
    rows.rank--;
    rows.d[rows.rank] = 0;
    if (!sdag_shape_equal(rows, s->in[1].shape))
        return sdag_shape_fail(s, "there must be one target for every row of x");
    s->out[0] = s->out[1] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = rows};
    return true;
}

SDAG_CLONES static void xent_stats(float *max, double *sum, const float *x, int64_t n)
{
    *max = sdag_row_max(x, n);
    *sum = sdag_row_exp_sum(x, *max, n);
}

static void xent_run(const sdag_args *a)
{
    const int32_t *target = SDAG_DATA_I32(a->in[1]), ignore = ((const sdag_attr_ignore *)a->attr)->ignore;
    const int64_t n = sdag_last(&a->in[0].shape);
    float *loss = SDAG_DATA_F32(a->out[0]), *lse = SDAG_DATA_F32(a->out[1]);
    for (int64_t r = a->lo; r < a->hi; r++) {
        const float *x = SDAG_DATA_F32(a->in[0]) + r * n;
        const int32_t t = target[r];
        float max;
        double sum;
        xent_stats(&max, &sum, x, n);
        lse[r] = (float)((double)max + log(sum));
        loss[r] = 0;
        if (t == ignore) continue;
        if (t >= 0 && t < n) loss[r] = (float)(log(sum) + ((double)max - (double)x[t]));
        else sdag_op_fail(a, SDAG_IO, "label %d is outside 0..%lld", (int)t, (long long)n - 1);
    }
}

/* ---- adjoint: x, target, lse, gy, [gradient that reaches lse] -> gx */

SDAG_CLONES static void xent_grad_row(float *gx, const float *x, float lse, float g, int64_t n)
{
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) gx[i] = sdag_expf(x[i] - lse) * g;
}

static void xent_grad_run(const sdag_args *a)
{
    const int32_t *target = SDAG_DATA_I32(a->in[1]), ignore = ((const sdag_attr_ignore *)a->attr)->ignore;
    const float *lse = SDAG_DATA_F32(a->in[2]), *gy = SDAG_DATA_F32(a->in[3]),
                *glse = a->n_in > 4 ? SDAG_DATA_F32(a->in[4]) : NULL;
    const int64_t n = sdag_last(&a->in[0].shape);
    for (int64_t r = a->lo; r < a->hi; r++) {
        const int32_t t = target[r];
        const float g = t == ignore ? 0 : gy[r], more = glse ? glse[r] : 0;
        float *gx = SDAG_DATA_F32(a->out[0]) + r * n;
        xent_grad_row(gx, SDAG_DATA_F32(a->in[0]) + r * n, lse[r], g + more, n);
        if (t >= 0 && t < n) gx[t] -= g;
    }
}

static const sdag_op xent_grad_op = {
    .name = "softmax_xent_grad",
    .math = "gx = gy (exp(x - lse) - [j = t])",
    .n_in = 4,
    .n_in_max = 5,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_ignore),
    .flags = SDAG_OP_INPLACE | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ROWS,
    .shape = sdag_shape_like_first,
    .cpu = {.run = xent_grad_run},
};

static void xent_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (!wants[0]) return;
    sdag_val gy = gout[0] ? gout[0] : sdag_filled(b, sdag_shape_at(b, o->out[0]), 0);
    sdag_val in[] = {o->in[0], o->in[1], o->out[1], gy, gout[1]};
    gin[0] = sdag_emit(b, &xent_grad_op, gout[1] ? 5 : 4, in, o->attr, NULL);
}

static const sdag_attr_ignore none = {-100}, two = {2};

const sdag_op sdag_opdef_softmax_xent = {
    .name = "softmax_xent",
    .math = "loss = -log softmax(x)[target]",
    .n_in = 2,
    .n_out = 2,
    .attr_size = sizeof(sdag_attr_ignore),
    .split = SDAG_SPLIT_ROWS,
    .shape = xent_shape,
    .cpu = {.run = xent_run},
    .grad = xent_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[5,3]", "i32[5]<3"}, .attr = &none},
                                     {.in = {"f32[2,3,4]", "i32[2,3]<4"}, .attr = &two},
                                     {.in = {"f32[3,1]", "i32[3]<1"}, .attr = &none},
                                     {.in = {"f32[7]", "i32[]<7"}, .attr = &none, .silent = 2},
                                     {.in = {"f32[1100,67]", "i32[1100]<67"}, .attr = &two, .silent = 2},
                                     {.in = {"f32[3,2500]", "i32[3]<2500"}, .attr = &none},
                                     {0}},
};

sdag_val sdag_op_softmax_xent(sdag_build *b, sdag_val x, sdag_val target, int32_t ignore)
{
    return sdag_emit2(b, &sdag_opdef_softmax_xent, x, target, &(sdag_attr_ignore){ignore});
}
