/* sigmoid, element by element: y = 1 / (1 + e^-x).
 * adjoint: gx = g y (1 - y) */
#include "core/cpu/mathf.h"
#include "core/ops/map.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

SDAG_MAP1(sigmoid_run, , sdag_sigmoidf(u))

/* u: the result, v: the gradient that comes in */
SDAG_MAP2(sigmoid_grad_run, , (1 - u) * u * v)

static const sdag_op sigmoid_grad_op = {
    .name = "sigmoid_grad",
    .math = "gx = g y (1 - y)",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_same,
    .cpu = {.run = sigmoid_grad_run},
};

static void sigmoid_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                         sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_emit2(b, &sigmoid_grad_op, o->out[0], gout[0], NULL);
}

const sdag_op sdag_opdef_sigmoid = {
    .name = "sigmoid",
    .math = "y = 1 / (1 + exp(-x))",
    .n_in = 1,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_like_first,
    .cpu = {.run = sigmoid_run},
    .grad = sigmoid_grad,
    .check =
        (const sdag_op_check[]){
            {.in = {"f32[3,5]"}}, {.in = {"f32[1]"}}, {.in = {"f32[]"}}, {.in = {"f32[5,8191]"}}, {0}},
};

sdag_val sdag_op_sigmoid(sdag_build *b, sdag_val x) { return sdag_emit1(b, &sdag_opdef_sigmoid, x, NULL); }
