/* add, with NumPy broadcasting: z = x + y.
 * adjoint: gx = g, gy = g, each summed over the axes in which it was repeated. */
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/pad.h"
#include "core/ops/zip.h"

SDAG_ROWS(add_rows, float, u + v)

static void add_run(const sdag_args *a) { sdag_zip_run(a, add_rows); }

static void add_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    for (int i = 0; i < 2; i++)
        if (wants[i]) gin[i] = sdag_op_sum_to(b, gout[0], sdag_shape_at(b, o->in[i]));
}

const sdag_op sdag_opdef_add = {
    .name = "add",
    .math = "z = x + y",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_zip_shape,
    .cpu = {.run = add_run},
    .grad = add_grad,
    .check = (const sdag_op_check[]){SDAG_ZIP_CHECKS(""), {0}},
};

sdag_val sdag_op_add(sdag_build *b, sdag_val x, sdag_val y)
{
    sdag_val joined = sdag_build_failed(b) ? 0 : sdag_pad_join(b, x, y);
    return joined ? joined : sdag_emit2(b, &sdag_opdef_add, x, y, NULL);
}
