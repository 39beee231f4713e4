/* stop_grad: y = x, and no gradient passes (SimSiam, BYOL, targets). A view: nothing runs. */
#include "core/ops/op_list.h"
#include "core/ops/ops.h"

const sdag_op sdag_opdef_stop_grad = {
    .name = "stop_grad",
    .math = "y = x, no gradient",
    .n_in = 1,
    .n_out = 1,
    .flags = SDAG_OP_VIEW | SDAG_OP_NOGRAD,
    .shape = sdag_shape_like_first,
    .check =
        (const sdag_op_check[]){
            {.in = {"f32[3,5]"}}, {.in = {"f32[]"}}, {.in = {"i32[7]"}}, {.in = {"u8[2,1,3]"}}, {0}},
};

sdag_val sdag_op_stop_grad(sdag_build *b, sdag_val x) { return sdag_emit1(b, &sdag_opdef_stop_grad, x, NULL); }
