/* log_softmax over the last axis.   y_j = (x_j - m) - log sum_k e^(x_k - m),   m = max x
 * adjoint                          gx_j = gy_j - e^(y_j) sum_k gy_k
 * Rows are independent, so tiles are rows. y may overwrite x; the adjoint reads y only. */
#include <math.h>

#include "core/cpu/rows.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

SDAG_CLONES static void log_softmax_rows(float *y, const float *x, int64_t rows, int64_t n)
{
    for (int64_t r = 0; r < rows; r++, x += n, y += n) {
        const float max = sdag_row_max(x, n), log_sum = (float)log(sdag_row_exp_sum(x, max, n));
        SDAG_SIMD
        for (int64_t i = 0; i < n; i++) y[i] = (x[i] - max) - log_sum;
    }
}

static void log_softmax_run(const sdag_args *a)
{
    const int64_t n = sdag_last(&a->in[0].shape), at = a->lo * n;
    log_softmax_rows(SDAG_DATA_F32(a->out[0]) + at, SDAG_DATA_F32(a->in[0]) + at, a->hi - a->lo, n);
}

SDAG_CLONES static void log_softmax_grad_rows(float *gx, const float *y, const float *gy, int64_t rows, int64_t n)
{
    for (int64_t r = 0; r < rows; r++, gx += n, y += n, gy += n) {
        const float sum = (float)sdag_row_sum(gy, n);
        SDAG_SIMD
        for (int64_t i = 0; i < n; i++) gx[i] = gy[i] - sdag_expf(y[i]) * sum;
    }
}

static void log_softmax_grad_run(const sdag_args *a)
{
    const int64_t n = sdag_last(&a->in[0].shape), at = a->lo * n;
    log_softmax_grad_rows(SDAG_DATA_F32(a->out[0]) + at, SDAG_DATA_F32(a->in[0]) + at, SDAG_DATA_F32(a->in[1]) + at,
                          a->hi - a->lo, n);
}

static const sdag_op log_softmax_grad_op = {
    .name = "log_softmax_grad",
    .math = "gx = gy - exp(y) sum gy",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ROWS,
    .shape = sdag_rule_same,
    .cpu = {.run = log_softmax_grad_run},
};

static void log_softmax_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                             sdag_val *gin)
{
    if (wants[0] && gout[0]) gin[0] = sdag_emit2(b, &log_softmax_grad_op, o->out[0], gout[0], NULL);
}

const sdag_op sdag_opdef_log_softmax = {
    .name = "log_softmax",
    .math = "y = x - max x - log sum exp(x - max x)",
    .n_in = 1,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INFINITE,
    .split = SDAG_SPLIT_ROWS,
    .shape = sdag_rule_like_first,
    .cpu = {.run = log_softmax_run},
    .grad = log_softmax_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[1]"}},
                                     {.in = {"f32[3,5]"}},
                                     {.in = {"f32[2,3,7]"}},
                                     {.in = {"f32[4,1]"}},
                                     {.in = {"f32[2,1501]"}},
                                     {.in = {"f32[700,97]"}},
                                     {0}},
};

sdag_val sdag_op_log_softmax(sdag_build *b, sdag_val x) { return sdag_emit1(b, &sdag_opdef_log_softmax, x, NULL); }
