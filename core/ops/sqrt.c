/* sqrt, element by element; NaN below 0.
 * adjoint: gx = g / (2 y), infinite at 0 */
#include "core/ops/map.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

SDAG_MAP1(sqrt_run, , __builtin_sqrtf(u))

/* u: the result, v: the gradient that comes in */
SDAG_MAP2(sqrt_grad_run, , 0.5f * v / u)

static const sdag_op sqrt_grad_op = {
    .name = "sqrt_grad",
    .math = "gx = g / (2 y), infinite at 0",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_same,
    .cpu = {.run = sqrt_grad_run},
};

static void sqrt_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_emit2(b, &sqrt_grad_op, o->out[0], gout[0], NULL);
}

const sdag_op sdag_opdef_sqrt = {
    .name = "sqrt",
    .math = "y = sqrt(x)",
    .n_in = 1,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_like_first,
    .cpu = {.run = sqrt_run},
    .grad = sqrt_grad,
    .check =
        (const sdag_op_check[]){
            {.in = {"f32[3,5]>0"}}, {.in = {"f32[1]>0"}}, {.in = {"f32[]>0"}}, {.in = {"f32[5,8191]>0"}}, {0}},
};

sdag_val sdag_op_sqrt(sdag_build *b, sdag_val x) { return sdag_emit1(b, &sdag_opdef_sqrt, x, NULL); }
