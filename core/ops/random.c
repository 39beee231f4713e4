/* random: independent numbers for each sample, uniform in 0..1 or normal with mean 0 and deviation 1.
 *   samples [B,...] -> f32[B,...]
 * The stream of random numbers is named by the sample (core/ops/sample.h). A normal number is made of two uniform ones
 * (Box & Muller 1958): sqrt(-2 ln u) cos 2 pi v. */
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/sample.h"

static void random_run(const sdag_args *a)
{
    const sdag_attr_random *o = a->attr;
    const int64_t n = a->hi > a->lo ? sdag_elems(&a->out[0].shape) / a->out[0].shape.d[0] : 0;
    for (int64_t i = a->lo; i < a->hi; i++) {
        sdag_rng r = sdag_sample_rng(a, &a->in[0], o->stream, i);
        float *y = SDAG_DATA_F32(a->out[0]) + i * n;
        if (o->normal)
            for (int64_t k = 0; k < n; k++) y[k] = sdag_rng_normal(&r);
        else
            for (int64_t k = 0; k < n; k++) y[k] = sdag_rng_f32(&r);
    }
}

static bool random_shape(sdag_shaping *s)
{
    const sdag_attr_random *o = s->attr;
    if (s->in[0].shape.rank < 1) return sdag_shape_fail(s, "one number has no samples");
    if (o->to.rank < 1 || o->to.d[0] != s->in[0].shape.d[0])
        return sdag_shape_fail(s, "the first axis must be that of the samples");
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = o->to};
    return true;
}

static const sdag_attr_random normals = {.to = {2, {7, 5}}, .stream = 5, .normal = 1},
                              image = {.to = {4, {3, 2, 1, 3}}, .stream = 6},
                              one = {.to = {1, {2}}, .stream = 5, .normal = 1},
                              many = {.to = {2, {3001, 31}}, .stream = 7, .normal = 1};

const sdag_op sdag_opdef_random = {
    .name = "random",
    .math = "y uniform in 0..1, or normal",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_random),
    .flags = SDAG_OP_NOGRAD | SDAG_OP_RANDOM,
    .split = SDAG_SPLIT_FIRST,
    .shape = random_shape,
    .cpu = {.run = random_run},
    .check = (const sdag_op_check[]){{.in = {"i32[7]<100"}, .attr = &normals, .training = 1},
                                     {.in = {"f32[3,2]"}, .attr = &image, .training = 1},
                                     {.in = {"u8[2]"}, .attr = &one},
                                     {.in = {"i32[3001]<9999"}, .attr = &many},
                                     {0}},
};

static sdag_val emit(sdag_build *b, sdag_val samples, sdag_shape to, uint32_t stream, int normal)
{
    return sdag_emit1(b, &sdag_opdef_random, samples,
                      &(sdag_attr_random){.to = to, .stream = stream, .normal = normal});
}

sdag_val sdag_op_rand(sdag_build *b, sdag_val samples, sdag_shape to, uint32_t stream)
{
    return emit(b, samples, to, stream, 0);
}

sdag_val sdag_op_randn(sdag_build *b, sdag_val samples, sdag_shape to, uint32_t stream)
{
    return emit(b, samples, to, stream, 1);
}
