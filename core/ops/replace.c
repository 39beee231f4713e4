/* replace: y = to where x = from, else x.    i32[...] -> i32[...], no gradient. */
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

static void replace_run(const sdag_args *a)
{
    const sdag_attr_replace *o = a->attr;
    const int32_t *x = SDAG_DATA_I32(a->in[0]);
    int32_t *y = SDAG_DATA_I32(a->out[0]);
    for (int64_t i = a->lo; i < a->hi; i++) y[i] = x[i] == o->from ? o->to : x[i];
}

static bool replace_shape(sdag_shaping *s)
{
    if (!sdag_rule_dtype(s, 0, SDAG_DT_I32)) return false;
    s->out[0] = s->in[0];
    return true;
}

static const sdag_attr_replace some = {.from = 2, .to = -100};

const sdag_op sdag_opdef_replace = {
    .name = "replace",
    .math = "y = x == from ? to : x",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_replace),
    .flags = SDAG_OP_INPLACE | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = replace_shape,
    .cpu = {.run = replace_run},
    .check = (const sdag_op_check[]){{.in = {"i32[3,5]<4"}, .attr = &some},
                                     {.in = {"i32[]<3"}, .attr = &some},
                                     {.in = {"i32[257,601]<9"}, .attr = &some},
                                     {0}},
};

sdag_val sdag_op_replace(sdag_build *b, sdag_val x, int32_t from, int32_t to)
{
    return sdag_emit1(b, &sdag_opdef_replace, x, &(sdag_attr_replace){from, to});
}
