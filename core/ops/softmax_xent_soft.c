/* softmax_xent_soft: the cross entropy of the softmax over the last axis with weights t of the classes, one number a
 * row. loss = sum_j t_j (lse - x_j),   lse = log sum_k e^(x_k)            x, t f32[...,C]; terms with t_j = 0 are 0
 * adjoint: gx_j = gy (e^(x_j - lse) sum_k t_k - t_j);  no gradient to t.
 * lse f32[...] is a second result: with it the adjoint needs one pass over x, whose memory it may take. */
#include <math.h>

#include "core/cpu/rows.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

static bool soft_shape(sdag_shaping *s)
{
    if (!sdag_rule_same(s)) return false;
    if (!s->in[0].shape.rank) return sdag_shape_fail(s, "x must have an axis of classes");
    s->out[0].shape.rank--;
    s->out[0].shape.d[s->out[0].shape.rank] = 0;
    s->out[1] = s->out[0];
    return true;
}

/* A class without weight may have x = -inf. */
SDAG_ROW_SUM(weighted, (const float *x, const float *t, float max, int64_t n), t[i] == 0 ? 0 : t[i] * (max - x[i]))

SDAG_CLONES static void soft_rows(float *loss, float *lse, const float *x, const float *t, int64_t rows, int64_t n)
{
    for (int64_t r = 0; r < rows; r++, x += n, t += n) {
        const float max = sdag_row_max(x, n);
        const double log_sum = log(sdag_row_exp_sum(x, max, n));
        lse[r] = (float)((double)max + log_sum);
        loss[r] = (float)(log_sum * sdag_row_sum(t, n) + weighted(x, t, max, n));
    }
}

static void soft_run(const sdag_args *a)
{
    const int64_t n = sdag_last(&a->in[0].shape), at = a->lo * n;
    soft_rows(SDAG_DATA_F32(a->out[0]) + a->lo, SDAG_DATA_F32(a->out[1]) + a->lo, SDAG_DATA_F32(a->in[0]) + at,
              SDAG_DATA_F32(a->in[1]) + at, a->hi - a->lo, n);
}

/* ---- adjoint: x, t, lse, gy, [gradient that reaches lse] -> gx */

SDAG_CLONES static void soft_grad_rows(float *gx, const float *x, const float *t, const float *lse, const float *gy,
                                       const float *glse, int64_t rows, int64_t n)
{
    for (int64_t r = 0; r < rows; r++, gx += n, x += n, t += n) {
        const float g = gy[r], all = g * (float)sdag_row_sum(t, n) + (glse ? glse[r] : 0);
        SDAG_SIMD
        for (int64_t i = 0; i < n; i++) gx[i] = sdag_expf(x[i] - lse[r]) * all - g * t[i];
    }
}

static void soft_grad_run(const sdag_args *a)
{
    const int64_t n = sdag_last(&a->in[0].shape), at = a->lo * n;
    soft_grad_rows(SDAG_DATA_F32(a->out[0]) + at, SDAG_DATA_F32(a->in[0]) + at, SDAG_DATA_F32(a->in[1]) + at,
                   SDAG_DATA_F32(a->in[2]) + a->lo, SDAG_DATA_F32(a->in[3]) + a->lo,
                   a->n_in > 4 ? SDAG_DATA_F32(a->in[4]) + a->lo : NULL, a->hi - a->lo, n);
}

static const sdag_op soft_grad_op = {
    .name = "softmax_xent_soft_grad",
    .math = "gx = gy (exp(x - lse) sum t - t)",
    .n_in = 4,
    .n_in_max = 5,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ROWS,
    .shape = sdag_shape_like_first,
    .cpu = {.run = soft_grad_run},
};

static void soft_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (!wants[0]) return;
    sdag_val gy = gout[0] ? gout[0] : sdag_filled(b, sdag_shape_at(b, o->out[0]), 0);
    sdag_val in[] = {o->in[0], o->in[1], o->out[1], gy, gout[1]};
    gin[0] = sdag_emit(b, &soft_grad_op, gout[1] ? 5 : 4, in, NULL, NULL);
}

const sdag_op sdag_opdef_softmax_xent_soft = {
    .name = "softmax_xent_soft",
    .math = "loss = -sum t log softmax(x)",
    .n_in = 2,
    .n_out = 2,
    .split = SDAG_SPLIT_ROWS,
    .shape = soft_shape,
    .cpu = {.run = soft_run},
    .grad = soft_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[5,3]", "f32[5,3]<1"}, .fixed = 2},
                                     {.in = {"f32[2,1,4]", "f32[2,1,4]#2"}, .fixed = 2},
                                     {.in = {"f32[1]", "f32[1]"}, .fixed = 2},
                                     {.in = {"f32[500,131]", "f32[500,131]<1"}, .fixed = 2, .silent = 2},
                                     {.in = {"f32[3,2500]", "f32[3,2500]<1"}, .tolerance = 1e-3, .fixed = 2},
                                     {0}},
};

sdag_val sdag_op_softmax_xent_soft(sdag_build *b, sdag_val x, sdag_val target)
{
    return sdag_emit2(b, &sdag_opdef_softmax_xent_soft, x, target, NULL);
}
