/* exp, element by element: y = e^x.
 * adjoint: gx = g y, which is the product op itself. */
#include "core/cpu/mathf.h"
#include "core/ops/map.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

SDAG_MAP1(exp_run, , sdag_expf(u))

static void exp_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_op_mul(b, gout[0], o->out[0]);
}

const sdag_op sdag_opdef_exp = {
    .name = "exp",
    .math = "y = e^x",
    .n_in = 1,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_like_first,
    .cpu = {.run = exp_run},
    .grad = exp_grad,
    .check =
        (const sdag_op_check[]){
            {.in = {"f32[3,5]"}}, {.in = {"f32[1]"}}, {.in = {"f32[]"}}, {.in = {"f32[5,8191]"}}, {0}},
};

sdag_val sdag_op_exp(sdag_build *b, sdag_val x) { return sdag_emit1(b, &sdag_opdef_exp, x, NULL); }
