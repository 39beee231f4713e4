/* log, the natural logarithm, element by element; log 0 = -inf, NaN below.
 * adjoint: gx = g / x */
#include "core/cpu/mathf.h"
#include "core/ops/map.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

SDAG_MAP1(log_run, , sdag_logf(u))

/* u: the argument, v: the gradient that comes in */
SDAG_MAP2(log_grad_run, , v / u)

static const sdag_op log_grad_op = {
    .name = "log_grad",
    .math = "gx = g / x",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_same,
    .cpu = {.run = log_grad_run},
};

static void log_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_emit2(b, &log_grad_op, o->in[0], gout[0], NULL);
}

const sdag_op sdag_opdef_log = {
    .name = "log",
    .math = "y = ln x",
    .n_in = 1,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_like_first,
    .cpu = {.run = log_run},
    .grad = log_grad,
    .check =
        (const sdag_op_check[]){
            {.in = {"f32[3,5]>0"}}, {.in = {"f32[1]>0"}}, {.in = {"f32[]>0"}}, {.in = {"f32[5,8191]>0"}}, {0}},
};

sdag_val sdag_op_log(sdag_build *b, sdag_val x) { return sdag_emit1(b, &sdag_opdef_log, x, NULL); }
