/* tanh, element by element: y = tanh x.
 * adjoint: gx = g (1 - y^2) */
#include "core/cpu/mathf.h"
#include "core/ops/map.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

SDAG_MAP1(tanh_run, , sdag_tanhf(u))

/* u: the result, v: the gradient that comes in */
SDAG_MAP2(tanh_grad_run, , (1 - u * u) * v)

static const sdag_op tanh_grad_op = {
    .name = "tanh_grad",
    .math = "gx = g (1 - y^2)",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_same,
    .cpu = {.run = tanh_grad_run},
};

static void tanh_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_emit2(b, &tanh_grad_op, o->out[0], gout[0], NULL);
}

const sdag_op sdag_opdef_tanh = {
    .name = "tanh",
    .math = "y = tanh x",
    .n_in = 1,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_like_first,
    .cpu = {.run = tanh_run},
    .grad = tanh_grad,
    .check =
        (const sdag_op_check[]){
            {.in = {"f32[3,5]"}}, {.in = {"f32[1]"}}, {.in = {"f32[]"}}, {.in = {"f32[5,8191]"}}, {0}},
};

sdag_val sdag_op_tanh(sdag_build *b, sdag_val x) { return sdag_emit1(b, &sdag_opdef_tanh, x, NULL); }
