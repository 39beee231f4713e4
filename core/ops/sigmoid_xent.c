/* sigmoid_xent, element by element: the cross-entropy of sigmoid(x) with the probability y.
 *   z = max(x, 0) - x y + log(1 + e^-|x|)
 * written x (1 - y) or -x y by the sign of x, so that nothing cancels where the answer is right.
 * adjoint: gx = g (sigmoid(x) - y), gy = -g x */
#include "core/cpu/mathf.h"
#include "core/ops/map.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

SDAG_MAP2(sigmoid_xent_run, , (u > 0 ? (1 - v) : -v) * u + sdag_logf(1 + sdag_expf(-sdag_absf(u))))

SDAG_MAP3(sigmoid_xent_grad_run, , (sdag_sigmoidf(u) - v) * w)

static const sdag_op sigmoid_xent_grad_op = {
    .name = "sigmoid_xent_grad",
    .math = "gx = g (sigmoid(x) - y)",
    .n_in = 3,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_same,
    .cpu = {.run = sigmoid_xent_grad_run},
};

static void sigmoid_xent_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                              sdag_val *gin)
{
    sdag_val in[] = {o->in[0], o->in[1], gout[0]};
    if (wants[0]) gin[0] = sdag_emit(b, &sigmoid_xent_grad_op, 3, in, NULL, NULL);
    if (wants[1]) gin[1] = sdag_op_affine(b, sdag_op_mul(b, o->in[0], gout[0]), -1, 0);
}

const sdag_op sdag_opdef_sigmoid_xent = {
    .name = "sigmoid_xent",
    .math = "z = max(x, 0) - x y + log(1 + exp(-|x|))",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_same,
    .cpu = {.run = sigmoid_xent_run},
    .grad = sigmoid_xent_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]", "f32[3,5]<1"}},
                                     {.in = {"f32[]", "f32[]<1"}},
                                     {.in = {"f32[2]=40", "f32[2]#2"}},
                                     {.in = {"f32[2]=-90", "f32[2]#2"}},
                                     {.in = {"f32[5,8191]", "f32[5,8191]<1"}},
                                     {0}},
};

sdag_val sdag_op_sigmoid_xent(sdag_build *b, sdag_val x, sdag_val y)
{
    return sdag_emit2(b, &sdag_opdef_sigmoid_xent, x, y, NULL);
}
