/* relu, the positive part: y = max(x, 0), element by element.
 * adjoint: gx = g where y > 0, else 0   (reads y, so that x need not be kept) */
#include "core/ops/map.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

SDAG_MAP1(relu_run, , u < 0 ? 0 : u)

/* u: the result, v: the gradient that comes in */
SDAG_MAP2(relu_grad_run, , u <= 0 ? 0 : v)

static const sdag_op relu_grad_op = {
    .name = "relu_grad",
    .math = "gx = g where y > 0, else 0",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_same,
    .cpu = {.run = relu_grad_run},
};

static void relu_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_emit2(b, &relu_grad_op, o->out[0], gout[0], NULL);
}

const sdag_op sdag_opdef_relu = {
    .name = "relu",
    .math = "y = max(x, 0)",
    .n_in = 1,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_like_first,
    .cpu = {.run = relu_run},
    .grad = relu_grad,
    .check =
        (const sdag_op_check[]){
            {.in = {"f32[3,5]"}}, {.in = {"f32[1]"}}, {.in = {"f32[]"}}, {.in = {"f32[5,8191]"}}, {0}},
};

sdag_val sdag_op_relu(sdag_build *b, sdag_val x) { return sdag_emit1(b, &sdag_opdef_relu, x, NULL); }
