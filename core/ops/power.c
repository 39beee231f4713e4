/* power, element by element: y = x^p, p a number; NaN where x is negative and p no whole number.
 * adjoint: gx = g p x^(p - 1) */
#include "core/ops/attr.h"
#include "core/ops/map.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

#define EXPONENT const float p = ((const sdag_attr_value *)attr)->value;

SDAG_MAP1(power_run, EXPONENT, __builtin_powf(u, p))

/* u: the argument, v: the gradient that comes in */
SDAG_MAP2(power_grad_run, EXPONENT, p *__builtin_powf(u, p - 1) * v)

static const sdag_op power_grad_op = {
    .name = "power_grad",
    .math = "gx = g p x^(p - 1)",
    .n_in = 2,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_value),
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_same,
    .cpu = {.run = power_grad_run},
};

static void power_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_emit2(b, &power_grad_op, o->in[0], gout[0], o->attr);
}

static const sdag_attr_value some[] = {{3}, {-1.5f}, {0.25f}};

const sdag_op sdag_opdef_power = {
    .name = "power",
    .math = "y = x^p",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_value),
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_like_first,
    .cpu = {.run = power_run},
    .grad = power_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &some[0]},
                                     {.in = {"f32[7]>0"}, .attr = &some[1]},
                                     {.in = {"f32[]>0"}, .attr = &some[2]},
                                     {.in = {"f32[5,8191]"}, .attr = &some[0]},
                                     {0}},
};

sdag_val sdag_op_power(sdag_build *b, sdag_val x, float p)
{
    return sdag_emit1(b, &sdag_opdef_power, x, &(sdag_attr_value){p});
}
