/* count: a state i32[] that counts steps.   n <- n + 1, held at the largest i32. */
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

static bool count_shape(sdag_shaping *s)
{
    if (!sdag_rule_dtype(s, 0, SDAG_DT_I32)) return false;
    if (s->in[0].shape.rank) return sdag_shape_fail(s, "the counter must be a scalar");
    return sdag_shape_like_first(s);
}

static void count_run(const sdag_args *a)
{
    const int32_t n = *SDAG_DATA_I32(a->in[0]);
    *SDAG_DATA_I32(a->out[0]) = n < INT32_MAX ? n + 1 : n;
}

const sdag_op sdag_opdef_count = {
    .name = "count",
    .math = "n <- n + 1",
    .n_in = 1,
    .n_out = 1,
    .flags = SDAG_OP_UPDATES,
    .split = SDAG_SPLIT_NONE,
    .shape = count_shape,
    .cpu = {.run = count_run},
    .check = (const sdag_op_check[]){{.in = {"i32[]"}}, {0}},
};

sdag_val sdag_op_count(sdag_build *b, sdag_val counter) { return sdag_emit1(b, &sdag_opdef_count, counter, NULL); }
