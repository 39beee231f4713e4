/* lengths: where every sample of a batch of tokens ends, when the rest of it is filled up with a padding token.
 *   n_b = 1 + max { t : x_bt != pad },  0 when there is no such t          x i32[B,T] -> i32[B]
 *   last_b = max(n_b - 1, 0)                                               i32[B,1], an index for take
 * Padding tokens in the middle count as tokens. One tile. */
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

static bool lengths_shape(sdag_shaping *s)
{
    const sdag_shape x = s->in[0].shape;
    if (!sdag_rule_dtype(s, 0, SDAG_DT_I32)) return false;
    if (x.rank != 2) return sdag_shape_fail(s, "the argument must be [samples, tokens]");
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_I32, .shape = SDAG_SHAPE(x.d[0])};
    s->out[1] = (sdag_tensor){.dtype = SDAG_DT_I32, .shape = SDAG_SHAPE(x.d[0], 1)};
    return true;
}

static void lengths_run(const sdag_args *a)
{
    const int64_t t = a->in[0].shape.d[1];
    const int32_t pad = ((const sdag_attr_ignore *)a->attr)->ignore;
    for (int64_t b = 0; b < a->in[0].shape.d[0]; b++) {
        const int32_t *x = SDAG_DATA_I32(a->in[0]) + b * t;
        int64_t n = t;
        while (n > 0 && x[n - 1] == pad) n--;
        SDAG_DATA_I32(a->out[0])[b] = (int32_t)n;
        SDAG_DATA_I32(a->out[1])[b] = n > 0 ? (int32_t)n - 1 : 0;
    }
}

static const sdag_attr_ignore zero = {0}, two = {2};

const sdag_op sdag_opdef_lengths = {
    .name = "lengths",
    .math = "n = tokens before the padding, last = max(n - 1, 0)",
    .n_in = 1,
    .n_out = 2,
    .attr_size = sizeof(sdag_attr_ignore),
    .flags = SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_NONE,
    .shape = lengths_shape,
    .cpu = {.run = lengths_run},
    .check = (const sdag_op_check[]){{.in = {"i32[5,3]<2"}, .attr = &zero},
                                     {.in = {"i32[1,1]<1"}, .attr = &zero},
                                     {.in = {"i32[37,4]<3"}, .attr = &two},
                                     {0}},
};

sdag_val sdag_op_lengths(sdag_build *b, sdag_val tokens, int32_t pad, sdag_val *last)
{
    sdag_val out[2] = {0};
    sdag_emit(b, &sdag_opdef_lengths, 1, &tokens, &(sdag_attr_ignore){pad}, out);
    if (last) *last = out[1];
    return out[0];
}
