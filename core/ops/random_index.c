/* random_index: a whole number for each sample, k_i uniform in 0..n-1. samples [B,...] -> i32[B]
 * The stream of random numbers is named by the sample (core/ops/sample.h). */
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/sample.h"

static void index_run(const sdag_args *a)
{
    const sdag_attr_draw *o = a->attr;
    for (int64_t i = a->lo; i < a->hi; i++) {
        sdag_rng r = sdag_sample_rng(a, &a->in[0], o->stream, i);
        SDAG_DATA_I32(a->out[0])[i] = (int32_t)sdag_rng_below(&r, (uint32_t)o->n);
    }
}

static bool index_shape(sdag_shaping *s)
{
    const sdag_attr_draw *o = s->attr;
    if (s->in[0].shape.rank < 1) return sdag_shape_fail(s, "one number has no samples");
    if (o->n < 1 || o->n > INT32_MAX) return sdag_shape_fail(s, "there are no numbers below %lld", (long long)o->n);
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_I32, .shape = SDAG_SHAPE(s->in[0].shape.d[0])};
    return true;
}

static const sdag_attr_draw four = {.n = 4, .stream = 5}, one = {.n = 1, .stream = 5};

const sdag_op sdag_opdef_random_index = {
    .name = "random_index",
    .math = "k_i uniform in 0..n-1",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_draw),
    .flags = SDAG_OP_NOGRAD | SDAG_OP_RANDOM,
    .split = SDAG_SPLIT_FIRST,
    .shape = index_shape,
    .cpu = {.run = index_run},
    .check = (const sdag_op_check[]){{.in = {"i32[7]<100"}, .attr = &four, .training = 1},
                                     {.in = {"f32[5,3]"}, .attr = &four},
                                     {.in = {"u8[3,2]"}, .attr = &one},
                                     {.in = {"i32[70001]<1000000"}, .attr = &four, .training = 1},
                                     {0}},
};

sdag_val sdag_op_random_index(sdag_build *b, sdag_val samples, uint32_t stream, int64_t n)
{
    return sdag_emit1(b, &sdag_opdef_random_index, samples, &(sdag_attr_draw){.n = n, .stream = stream});
}
