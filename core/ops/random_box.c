/* random_box: a rectangle of about the given part of the area for each sample, 1 inside and 0 outside.
 *   samples [B,...] -> f32[B,H,W,1]
 *   height = H sqrt(ratio a), a log-uniform in 3/4..4/3;   width = ratio H W / height;   both rounded, in 1..H and 1..W
 *   any place, all alike;   at least one pixel lies outside (when there are two)
 * The stream of random numbers is named by the sample (core/ops/sample.h). */
#include <math.h>

#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/sample.h"

static int64_t within(double x, int64_t lo, int64_t hi)
{
    const double y = rint(x);
    return y < (double)lo ? lo : y > (double)hi ? hi : (int64_t)y;
}

typedef struct box {
    int64_t y, x, h, w;
} box;

static box draw(sdag_rng *r, const sdag_attr_box *o)
{
    const double area = (double)o->ratio * (double)o->h * (double)o->w;
    const double a = exp(((double)sdag_rng_f32(r) * 2 - 1) * log(4.0 / 3));
    const int64_t least = within(ceil(area / (double)o->w - 1e-6), 1, o->h); /* else the width would not fit */
    box k = {.h = within((double)o->h * sqrt((double)o->ratio * a), least, o->h)};
    k.w = within(area / (double)k.h, 1, o->w);
    if (k.h == o->h && k.w == o->w) {
        if (k.w > 1) k.w--;
        else if (k.h > 1) k.h--;
    }
    k.y = sdag_rng_below(r, (uint32_t)(o->h - k.h + 1));
    k.x = sdag_rng_below(r, (uint32_t)(o->w - k.w + 1));
    return k;
}

static void box_run(const sdag_args *a)
{
    const sdag_attr_box *o = a->attr;
    for (int64_t i = a->lo; i < a->hi; i++) {
        sdag_rng r = sdag_sample_rng(a, &a->in[0], o->stream, i);
        const box k = draw(&r, o);
        float *m = SDAG_DATA_F32(a->out[0]) + i * o->h * o->w;
        for (int64_t y = 0; y < o->h; y++)
            for (int64_t x = 0; x < o->w; x++)
                *m++ = y >= k.y && y < k.y + k.h && x >= k.x && x < k.x + k.w ? 1.0f : 0.0f;
    }
}

static bool box_shape(sdag_shaping *s)
{
    const sdag_attr_box *o = s->attr;
    if (s->in[0].shape.rank < 1) return sdag_shape_fail(s, "one number has no samples");
    if (o->h < 1 || o->w < 1 || o->h > INT32_MAX || o->w > INT32_MAX)
        return sdag_shape_fail(s, "images without pixels");
    if (!(o->ratio > 0 && o->ratio < 1))
        return sdag_shape_fail(s, "the ratio %g is not between 0 and 1", (double)o->ratio);
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = SDAG_SHAPE(s->in[0].shape.d[0], o->h, o->w, 1)};
    return true;
}

static const sdag_attr_box quarter = {.h = 9, .w = 7, .ratio = 0.25f, .stream = 3},
                           most = {.h = 4, .w = 5, .ratio = 0.99f, .stream = 3},
                           tiny = {.h = 1, .w = 3, .ratio = 0.01f};

const sdag_op sdag_opdef_random_box = {
    .name = "random_box",
    .math = "1 in a random rectangle of this part of the area",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_box),
    .flags = SDAG_OP_NOGRAD | SDAG_OP_RANDOM,
    .split = SDAG_SPLIT_FIRST,
    .shape = box_shape,
    .cpu = {.run = box_run},
    .check = (const sdag_op_check[]){{.in = {"i32[5]<100"}, .attr = &quarter, .training = 1},
                                     {.in = {"f32[3,2]"}, .attr = &most},
                                     {.in = {"u8[2]"}, .attr = &tiny},
                                     {.in = {"i32[2003]<5000"}, .attr = &quarter, .training = 1},
                                     {0}},
};

sdag_val sdag_op_random_box(sdag_build *b, sdag_val samples, uint32_t stream, int64_t h, int64_t w, float ratio)
{
    return sdag_emit1(b, &sdag_opdef_random_box, samples,
                      &(sdag_attr_box){.h = h, .w = w, .ratio = ratio, .stream = stream});
}
