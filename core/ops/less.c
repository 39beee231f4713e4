/* less, with NumPy broadcasting: z = 1 where x < y, else 0 (also where one of them is NaN). No gradient. */
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/zip.h"

SDAG_ROWS(less_rows, float, u < v ? 1.0f : 0.0f)

static void less_run(const sdag_args *a) { sdag_zip_run(a, less_rows); }

const sdag_op sdag_opdef_less = {
    .name = "less",
    .math = "z = x < y",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_zip_shape,
    .cpu = {.run = less_run},
    .check = (const sdag_op_check[]){SDAG_ZIP_CHECKS(""), {.in = {"f32[9]#3", "f32[3,1]#3"}}, {0}},
};

sdag_val sdag_op_less(sdag_build *b, sdag_val x, sdag_val y) { return sdag_emit2(b, &sdag_opdef_less, x, y, NULL); }
