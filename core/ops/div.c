/* div, with NumPy broadcasting: z = x / y.
 * adjoint: gx = g / y, gy = -z g / y, each summed over the axes in which it was repeated. */
#include "core/ops/adjoint.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/zip.h"

SDAG_ROWS(div_rows, float, u / v)

static void div_run(const sdag_args *a) { sdag_zip_run(a, div_rows); }

static void div_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    sdag_val t = sdag_op_div(b, gout[0], o->in[1]);
    if (wants[0]) gin[0] = sdag_op_sum_to(b, t, sdag_shape_at(b, o->in[0]));
    if (wants[1]) gin[1] = sdag_sum_product_to(b, t, o->out[0], sdag_shape_at(b, o->in[1]), -1);
}

const sdag_op sdag_opdef_div = {
    .name = "div",
    .math = "z = x / y",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_zip_shape,
    .cpu = {.run = div_run},
    .grad = div_grad,
    .check = (const sdag_op_check[]){SDAG_ZIP_CHECKS(">0"), {0}},
};

sdag_val sdag_op_div(sdag_build *b, sdag_val x, sdag_val y) { return sdag_emit2(b, &sdag_opdef_div, x, y, NULL); }
