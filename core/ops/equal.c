/* equal, with NumPy broadcasting: z = 1 where x = y, else 0, as f32. Both arguments f32, or both i32. No gradient. */
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"
#include "core/ops/zip.h"

SDAG_ROWS(equal_f32, float, u == v ? 1.0f : 0.0f)
SDAG_ROWS(equal_i32, int32_t, u == v ? 1.0f : 0.0f)

static void equal_run(const sdag_args *a) { sdag_zip_run(a, a->in[0].dtype == SDAG_DT_I32 ? equal_i32 : equal_f32); }

static bool equal_shape(sdag_shaping *s)
{
    s->out[0].dtype = SDAG_DT_F32;
    if (s->in[0].dtype == SDAG_DT_U8) return sdag_shape_fail(s, "u8 cannot be compared");
    if (!sdag_rule_dtype(s, 1, s->in[0].dtype)) return false;
    return sdag_shape_broadcast(&s->out[0].shape, s->in[0].shape, s->in[1].shape) ||
           sdag_shape_fail(s, "shapes disagree");
}

const sdag_op sdag_opdef_equal = {
    .name = "equal",
    .math = "z = x == y",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = equal_shape,
    .cpu = {.run = equal_run},
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]#3", "f32[3,5]#3"}},
                                     {.in = {"i32[4,1]<3", "i32[5]<3"}},
                                     {.in = {"i32[]", "i32[]"}},
                                     {.in = {"i32[1]<2", "i32[7]<2"}},
                                     {.in = {"i32[257]<5", "i32[257,1]<5"}},
                                     {.in = {"f32[2,1,3]#2", "f32[]#2"}},
                                     {0}},
};

sdag_val sdag_op_equal(sdag_build *b, sdag_val x, sdag_val y) { return sdag_emit2(b, &sdag_opdef_equal, x, y, NULL); }
