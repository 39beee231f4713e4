/* gelu (Hendrycks & Gimpel 2016, arXiv:1606.08415), element by element.
 *   erf form:  y = x P(Z <= x), Z standard normal
 *   tanh form: y = x sigmoid(2 t), t = sqrt(2 / pi) (x + 0.044715 x^3)
 * adjoint: gx = g (P(Z <= x) + x p(x)), p the normal density; tanh form: gx = g (s + 2 x s (1 - s) t'), s = sigmoid(2
 * t). The probability and the density share one exponential. */
#include "core/cpu/mathf.h"
#include "core/ops/attr.h"
#include "core/ops/map.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

#define DENSITY_0 0.39894228f /* 1 / sqrt(2 pi) */
#define TWO_C 1.59576912f     /* 2 sqrt(2 / pi) */
#define CUBE 0.044715f

SDAG_INLINE float gelu_erf(float x)
{
    float q = sdag_normf(sdag_absf(x), sdag_expf(-0.5f * x * x));
    return x * (x < 0 ? q : 1.0f - q);
}

SDAG_INLINE float slope_erf(float x)
{
    float e = sdag_expf(-0.5f * x * x), q = sdag_normf(sdag_absf(x), e);
    return (x < 0 ? q : 1.0f - q) + x * (DENSITY_0 * e);
}

SDAG_INLINE float gelu_tanh(float x) { return x * sdag_sigmoidf(TWO_C * (x + CUBE * x * x * x)); }

SDAG_INLINE float slope_tanh(float x)
{
    float s = sdag_sigmoidf(TWO_C * (x + CUBE * x * x * x));
    return s + x * (s * (1.0f - s)) * (TWO_C * (1.0f + 3.0f * CUBE * x * x));
}

SDAG_MAP1(gelu_erf_run, , gelu_erf(u))
SDAG_MAP1(gelu_tanh_run, , gelu_tanh(u))
SDAG_MAP2(gelu_erf_grad_run, , slope_erf(u) * v)
SDAG_MAP2(gelu_tanh_grad_run, , slope_tanh(u) * v)

static bool is_tanh(const sdag_args *a) { return ((const sdag_attr_gelu *)a->attr)->tanh_form; }

static void gelu_run(const sdag_args *a) { (is_tanh(a) ? gelu_tanh_run : gelu_erf_run)(a); }

static void gelu_grad_run(const sdag_args *a) { (is_tanh(a) ? gelu_tanh_grad_run : gelu_erf_grad_run)(a); }

static const sdag_op gelu_grad_op = {
    .name = "gelu_grad",
    .math = "gx = g gelu'(x)",
    .n_in = 2,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_gelu),
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_same,
    .cpu = {.run = gelu_grad_run},
};

static void gelu_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_emit2(b, &gelu_grad_op, o->in[0], gout[0], o->attr);
}

static const sdag_attr_gelu forms[] = {{0}, {1}};

const sdag_op sdag_opdef_gelu = {
    .name = "gelu",
    .math = "y = x P(Z <= x)",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_gelu),
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_like_first,
    .cpu = {.run = gelu_run},
    .grad = gelu_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &forms[0]},
                                     {.in = {"f32[17]"}, .attr = &forms[1]},
                                     {.in = {"f32[]"}, .attr = &forms[0]},
                                     {.in = {"f32[5,8191]"}, .attr = &forms[0]},
                                     {.in = {"f32[4,8195]"}, .attr = &forms[1]},
                                     {0}},
};

sdag_val sdag_op_gelu(sdag_build *b, sdag_val x, bool tanh_form)
{
    return sdag_emit1(b, &sdag_opdef_gelu, x, &(sdag_attr_gelu){tanh_form});
}
