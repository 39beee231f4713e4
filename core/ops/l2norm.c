/* l2norm: rows of unit length.   y = x / d,  d = max(|x|, eps)
 * adjoint: gx = (gy - y (y . gy)) / d where |x| > eps, gy / eps elsewhere; the length is found again from x. */
#include <math.h>

#include "core/cpu/rows.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

static float eps_of(const sdag_args *a) { return ((const sdag_attr_eps *)a->attr)->eps; }

/* 1 / d; written so that NaN stays. Rows whose squares leave the range of float are summed again in double. */
SDAG_INLINE double inverse(const float *x, double eps, int64_t n, bool *short_row)
{
    double sum = sdag_row_dot(x, x, n);
    if (sum < 1e-30 || sum > 1e30) {
        sum = 0;
        for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    }
    const double d = sqrt(sum);
    *short_row = d <= eps;
    return 1 / (*short_row ? eps : d);
}

SDAG_CLONES static void l2norm_rows(float *y, const float *x, double eps, int64_t rows, int64_t n)
{
    for (int64_t r = 0; r < rows; r++, x += n, y += n) {
        bool short_row;
        sdag_row_scale(y, x, (float)inverse(x, eps, n, &short_row), n);
    }
}

static void l2norm_run(const sdag_args *a)
{
    const int64_t n = sdag_last(&a->in[0].shape), at = a->lo * n;
    l2norm_rows(SDAG_DATA_F32(a->out[0]) + at, SDAG_DATA_F32(a->in[0]) + at, (double)eps_of(a), a->hi - a->lo, n);
}

SDAG_CLONES static void l2norm_grad_rows(float *gx, const float *x, const float *gy, double eps, int64_t rows,
                                         int64_t n)
{
    for (int64_t r = 0; r < rows; r++, gx += n, x += n, gy += n) {
        bool short_row;
        const double inv = inverse(x, eps, n, &short_row);
        const float k = (float)inv, pull = short_row ? 0 : (float)(sdag_row_dot(x, gy, n) * inv * inv);
        SDAG_SIMD
        for (int64_t i = 0; i < n; i++) gx[i] = (gy[i] - x[i] * pull) * k;
    }
}

static void l2norm_grad_run(const sdag_args *a)
{
    const int64_t n = sdag_last(&a->in[0].shape), at = a->lo * n;
    l2norm_grad_rows(SDAG_DATA_F32(a->out[0]) + at, SDAG_DATA_F32(a->in[0]) + at, SDAG_DATA_F32(a->in[1]) + at,
                     (double)eps_of(a), a->hi - a->lo, n);
}

static const sdag_op l2norm_grad_op = {
    .name = "l2norm_grad",
    .math = "gx = (gy - y (y . gy)) / |x|",
    .n_in = 2,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_eps),
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ROWS,
    .shape = sdag_rule_same,
    .cpu = {.run = l2norm_grad_run},
};

static void l2norm_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0] && gout[0]) gin[0] = sdag_emit2(b, &l2norm_grad_op, o->in[0], gout[0], o->attr);
}

static const sdag_attr_eps small = {1e-12f}, large = {2.0f};

const sdag_op sdag_opdef_l2norm = {
    .name = "l2norm",
    .math = "y = x / max(|x|, eps)",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_eps),
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ROWS,
    .shape = sdag_rule_like_first,
    .cpu = {.run = l2norm_run},
    .grad = l2norm_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &small},
                                     {.in = {"f32[2,3,1]"}, .attr = &small},
                                     {.in = {"f32[6,4]"}, .attr = &large},
                                     {.in = {"f32[513,129]"}, .attr = &small},
                                     {0}},
};

sdag_val sdag_op_l2norm(sdag_build *b, sdag_val x, float eps)
{
    return sdag_emit1(b, &sdag_opdef_l2norm, x, &(sdag_attr_eps){eps});
}
