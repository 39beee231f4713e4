/* softplus, element by element: y = log(1 + e^x) = -log sigmoid(-x), a relu that is smooth.
 *   y = max(x, 0) + log1p(e), e = exp(-|x|);  with u = 1 + e as it is rounded, log1p(e) = log(u) e / (u - 1): exact to
 * a few units of the last place also where y is tiny (Kahan).
 * adjoint: gx = g sigmoid(x) */
#include "core/cpu/mathf.h"
#include "core/ops/map.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

SDAG_INLINE float softplus_of(float x)
{
    const float e = sdag_expf(-sdag_absf(x)), u = 1.0f + e, d = u - 1.0f;
    const float small = d == 0 ? e : sdag_logf(u) * (e / d);
    return (x < 0 ? 0 : x) + small;
}

SDAG_MAP1(softplus_run, , softplus_of(u))

/* u: the argument, v: the gradient that comes in */
SDAG_MAP2(softplus_grad_run, , sdag_sigmoidf(u) * v)

static const sdag_op softplus_grad_op = {
    .name = "softplus_grad",
    .math = "gx = g sigmoid(x)",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_same,
    .cpu = {.run = softplus_grad_run},
};

static void softplus_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                          sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_emit2(b, &softplus_grad_op, o->in[0], gout[0], NULL);
}

const sdag_op sdag_opdef_softplus = {
    .name = "softplus",
    .math = "y = log(1 + exp(x))",
    .n_in = 1,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_like_first,
    .cpu = {.run = softplus_run},
    .grad = softplus_grad,
    .check =
        (const sdag_op_check[]){
            {.in = {"f32[3,5]"}}, {.in = {"f32[1]"}}, {.in = {"f32[]=-14"}}, {.in = {"f32[5,8191]"}}, {0}},
};

sdag_val sdag_op_softplus(sdag_build *b, sdag_val x) { return sdag_emit1(b, &sdag_opdef_softplus, x, NULL); }
