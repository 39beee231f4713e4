/* where, element by element: z = x where cond != 0 (NaN counts as such), else y. All three f32 of one shape.
 * adjoint: gx = g where cond != 0, else 0; gy = the rest of g. No gradient to cond. An infinity may be
 * chosen on purpose, to hide a number from a softmax. */
#include "core/ops/map.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

SDAG_MAP3(where_run, , u != 0 ? v : w)
SDAG_MAP2(where_yes_run, , u != 0 ? v : 0)
SDAG_MAP2(where_no_run, , u != 0 ? 0 : v)

#define SIDE_OP(side)                                                  \
    static const sdag_op side##_op = {                                 \
        .name = "where_" #side,                                        \
        .math = "gx = g where the condition says " #side,              \
        .n_in = 2,                                                     \
        .n_out = 1,                                                    \
        .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD, \
        .split = SDAG_SPLIT_ELEMS,                                     \
        .shape = sdag_rule_same,                                       \
        .cpu = {.run = where_##side##_run},                            \
    };
SIDE_OP(yes)
SIDE_OP(no)

static void where_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[1]) gin[1] = sdag_emit2(b, &yes_op, o->in[0], gout[0], NULL);
    if (wants[2]) gin[2] = sdag_emit2(b, &no_op, o->in[0], gout[0], NULL);
}

const sdag_op sdag_opdef_where = {
    .name = "where",
    .math = "z = cond ? x : y",
    .n_in = 3,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_INFINITE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_same,
    .cpu = {.run = where_run},
    .grad = where_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]#2", "f32[3,5]", "f32[3,5]"}, .fixed = 1},
                                     {.in = {"f32[]#2", "f32[]", "f32[]"}, .fixed = 1},
                                     {.in = {"f32[5,8191]#2", "f32[5,8191]", "f32[5,8191]"}, .fixed = 1},
                                     {0}},
};

sdag_val sdag_op_where(sdag_build *b, sdag_val cond, sdag_val x, sdag_val y)
{
    return sdag_emit(b, &sdag_opdef_where, 3, (sdag_val[]){cond, x, y}, NULL, NULL);
}
