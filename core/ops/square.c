/* square, element by element: y = x^2.
 * adjoint: gx = 2 x g */
#include "core/ops/map.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

SDAG_MAP1(square_run, , (u * u))

/* u: the argument, v: the gradient that comes in */
SDAG_MAP2(square_grad_run, , 2 * u * v)

static const sdag_op square_grad_op = {
    .name = "square_grad",
    .math = "gx = 2 x g",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_same,
    .cpu = {.run = square_grad_run},
};

static void square_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_emit2(b, &square_grad_op, o->in[0], gout[0], NULL);
}

const sdag_op sdag_opdef_square = {
    .name = "square",
    .math = "y = x^2",
    .n_in = 1,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_like_first,
    .cpu = {.run = square_run},
    .grad = square_grad,
    .check =
        (const sdag_op_check[]){
            {.in = {"f32[3,5]"}}, {.in = {"f32[1]"}}, {.in = {"f32[]"}}, {.in = {"f32[5,8191]"}}, {0}},
};

sdag_val sdag_op_square(sdag_build *b, sdag_val x) { return sdag_emit1(b, &sdag_opdef_square, x, NULL); }
