/* mul, with NumPy broadcasting: z = x y.
 * adjoint: gx = g y, gy = g x, each summed over the axes in which it was repeated, in one op. */
#include "core/ops/adjoint.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/zip.h"

SDAG_ROWS(mul_rows, float, (u * v))

static void mul_run(const sdag_args *a) { sdag_zip_run(a, mul_rows); }

static void mul_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    for (int i = 0; i < 2; i++)
        if (wants[i]) gin[i] = sdag_sum_product_to(b, gout[0], o->in[1 - i], sdag_shape_at(b, o->in[i]), 1);
}

const sdag_op sdag_opdef_mul = {
    .name = "mul",
    .math = "z = x y",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_zip_shape,
    .cpu = {.run = mul_run},
    .grad = mul_grad,
    .check = (const sdag_op_check[]){SDAG_ZIP_CHECKS(""), {0}},
};

sdag_val sdag_op_mul(sdag_build *b, sdag_val x, sdag_val y) { return sdag_emit2(b, &sdag_opdef_mul, x, y, NULL); }
