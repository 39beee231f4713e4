/* count_not: how many entries are not `ignore`, at least 1: what a mean over the others is divided by.
 *   y = max(1, sum_i [t_i != ignore])                                  t i32[...] -> f32[] */
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

static bool count_not_shape(sdag_shaping *s)
{
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = SDAG_SCALAR};
    return sdag_rule_dtype(s, 0, SDAG_DT_I32);
}

static void count_not_run(const sdag_args *a)
{
    const int32_t *t = SDAG_DATA_I32(a->in[0]), ignore = ((const sdag_attr_ignore *)a->attr)->ignore;
    int64_t count = 0;
    for (int64_t i = 0, n = sdag_elems(&a->in[0].shape); i < n; i++) count += t[i] != ignore;
    *SDAG_DATA_F32(a->out[0]) = count > 1 ? (float)count : 1.0f;
}

static const sdag_attr_ignore zero = {0}, none = {-100};

const sdag_op sdag_opdef_count_not = {
    .name = "count_not",
    .math = "y = max(1, sum [t != ignore])",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_ignore),
    .flags = SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_NONE,
    .shape = count_not_shape,
    .cpu = {.run = count_not_run},
    .check = (const sdag_op_check[]){{.in = {"i32[7]<3"}, .attr = &zero},
                                     {.in = {"i32[3,1,5]<1"}, .attr = &zero},
                                     {.in = {"i32[]<2"}, .attr = &none},
                                     {0}},
};

sdag_val sdag_op_count_not(sdag_build *b, sdag_val target, int32_t ignore)
{
    return sdag_emit1(b, &sdag_opdef_count_not, target, &(sdag_attr_ignore){ignore});
}
