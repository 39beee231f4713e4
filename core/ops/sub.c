/* sub, with NumPy broadcasting: z = x - y.
 * adjoint: gx = g, gy = -g, each summed over the axes in which it was repeated. */
#include "core/ops/adjoint.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/zip.h"

SDAG_ROWS(sub_rows, float, u - v)

static void sub_run(const sdag_args *a) { sdag_zip_run(a, sub_rows); }

static void sub_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_op_sum_to(b, gout[0], sdag_shape_at(b, o->in[0]));
    if (wants[1]) gin[1] = sdag_sum_product_to(b, gout[0], 0, sdag_shape_at(b, o->in[1]), -1);
}

const sdag_op sdag_opdef_sub = {
    .name = "sub",
    .math = "z = x - y",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_zip_shape,
    .cpu = {.run = sub_run},
    .grad = sub_grad,
    .check = (const sdag_op_check[]){SDAG_ZIP_CHECKS(""), {0}},
};

sdag_val sdag_op_sub(sdag_build *b, sdag_val x, sdag_val y) { return sdag_emit2(b, &sdag_opdef_sub, x, y, NULL); }
