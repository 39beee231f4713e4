/* random_subset: k of n places for each sample, every subset alike.
 *   samples [B,...] -> chosen f32[B,n] of 0 and 1,   rest i32[B,n-k]: the places that were not chosen, rising
 * Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): place i is chosen with probability (k - so far) / (n - i).
 * The stream of random numbers is named by the sample (core/ops/sample.h). */
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/sample.h"

static void subset_run(const sdag_args *a)
{
    const sdag_attr_subset *o = a->attr;
    for (int64_t i = a->lo; i < a->hi; i++) {
        sdag_rng r = sdag_sample_rng(a, &a->in[0], o->stream, i);
        float *chosen = SDAG_DATA_F32(a->out[0]) + i * o->n;
        int32_t *rest = SDAG_DATA_I32(a->out[1]) + i * (o->n - o->k);
        int64_t left = o->k;
        for (int64_t j = 0; j < o->n; j++) {
            const bool take = sdag_rng_below(&r, (uint32_t)(o->n - j)) < (uint32_t)left;
            chosen[j] = take ? 1.0f : 0.0f;
            left -= take;
            if (!take) *rest++ = (int32_t)j;
        }
    }
}

static bool subset_shape(sdag_shaping *s)
{
    const sdag_attr_subset *o = s->attr;
    if (s->in[0].shape.rank < 1) return sdag_shape_fail(s, "one number has no samples");
    if (o->n < 1 || o->n > INT32_MAX || o->k < 0 || o->k > o->n)
        return sdag_shape_fail(s, "%lld of %lld places cannot be chosen", (long long)o->k, (long long)o->n);
    const int64_t b = s->in[0].shape.d[0];
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = SDAG_SHAPE(b, o->n)};
    s->out[1] = (sdag_tensor){.dtype = SDAG_DT_I32, .shape = SDAG_SHAPE(b, o->n - o->k)};
    return true;
}

static const sdag_attr_subset some = {.n = 7, .k = 3, .stream = 9}, all = {.n = 4, .k = 4}, none = {.n = 5};

const sdag_op sdag_opdef_random_subset = {
    .name = "random_subset",
    .math = "k of n places, at random",
    .n_in = 1,
    .n_out = 2,
    .attr_size = sizeof(sdag_attr_subset),
    .flags = SDAG_OP_NOGRAD | SDAG_OP_RANDOM,
    .split = SDAG_SPLIT_FIRST,
    .shape = subset_shape,
    .cpu = {.run = subset_run},
    .check = (const sdag_op_check[]){{.in = {"i32[5]<100"}, .attr = &some, .training = 1},
                                     {.in = {"f32[3,2]"}, .attr = &some},
                                     {.in = {"i32[2]<9"}, .attr = &all},
                                     {.in = {"u8[3]"}, .attr = &none, .training = 1},
                                     {.in = {"i32[20011]<50000"}, .attr = &some, .training = 1},
                                     {0}},
};

sdag_val sdag_op_random_subset(sdag_build *b, sdag_val samples, uint32_t stream, int64_t n, int64_t k, sdag_val *rest)
{
    sdag_val out[2] = {0};
    sdag_emit(b, &sdag_opdef_random_subset, 1, &samples, &(sdag_attr_subset){.n = n, .k = k, .stream = stream}, out);
    *rest = out[1];
    return out[0];
}
