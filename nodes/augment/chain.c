/* augment: y_i = t_n(... t_1(x_i)), for every sample i of the batch: a chain of transforms from pixels to f32.
 * in:  x u8[B,H,W,C] | u8[B,cap] | f32[B,H,W,C];  dims i32[B,2] of mixed sizes;  ids i32[B]     out: f32[B,h,w,c]
 * Samples are independent, so tiles are samples. No gradient. */
#include "nodes/augment/chain.h"

#include <stdio.h>

#include "nodes/augment/transform.h"

typedef struct chain {
    sdag_frame in, out;
    const sdag_records *ops;
    int64_t buf, tmp; /* floats of each working image, and of the transforms */
    uint32_t stream;
    bool has_dims, has_ids;
} chain;

typedef struct attr {
    const chain *chain;
} attr;

static const sdag_transform *transform_of(const chain *c, int i) { return c->ops->at[i].type->type; }

static int64_t at_least(int64_t a, int64_t b) { return a > b ? a : b; }

/* Walks the chain from what comes in to what comes out, asking for room on the way. */
static bool measure(chain *c, char why[SDAG_TRANSFORM_WHY])
{
    sdag_frame f = c->in;
    for (int i = 0; i < c->ops->n; i++) {
        const sdag_transform *t = transform_of(c, i);
        const void *opts = c->ops->at[i].opts;
        if (f.shorter && !t->crops) {
            snprintf(why, SDAG_TRANSFORM_WHY,
                     "sizes still differ after resize to one number: center_crop or random_crop must follow");
            return false;
        }
        if (!t->any_pixels) c->buf = at_least(c->buf, f.most);
        if (t->tmp) c->tmp = at_least(c->tmp, t->tmp(&f, opts));
        if (t->size && !t->size(&f, opts, why)) return false;
        if (f.h) c->buf = at_least(c->buf, f.most);
    }
    c->out = f;
    if (f.h) return true;
    snprintf(why, SDAG_TRANSFORM_WHY,
             "images have different sizes: add a transform that fixes it (random_resized_crop, resize)");
    return false;
}

static bool shape(sdag_shaping *s)
{
    const chain *c = ((const attr *)s->attr)->chain;
    s->out[0].dtype = SDAG_DT_F32;
    s->out[0].shape = SDAG_SHAPE(s->in[0].shape.d[0], c->out.h, c->out.w, c->out.c);
    return true;
}

static size_t scratch_floats(const chain *c) { return 2 * (size_t)(c->buf + SDAG_IMAGE_PAD) + (size_t)c->tmp; }

static void plan(sdag_tiling *t, const sdag_args *a)
{
    const chain *c = ((const attr *)a->attr)->chain;
    t->scratch = scratch_floats(c) * sizeof(float);
    t->flops = 20.0 * c->ops->n * (double)sdag_elems(&a->out[0].shape);
}

static sdag_rng stream_of(const chain *c, const sdag_args *a, int64_t i)
{
    int64_t place = a->step->step * a->out[0].shape.d[0] + i;
    uint32_t sample = c->has_ids ? (uint32_t)SDAG_DATA_I32(a->in[a->n_in - 1])[i] : (uint32_t)place;
    return sdag_rng_at(a->step->seed, c->stream, a->step->training ? a->step->epoch : 0, sample);
}

static sdag_raster source_of(const chain *c, const sdag_args *a, int64_t i)
{
    const sdag_tensor *x = &a->in[0];
    sdag_raster s = {.bytes = x->dtype == SDAG_DT_U8, .h = c->in.h, .w = c->in.w, .c = c->in.c};
    if (c->has_dims) {
        s.h = SDAG_DATA_I32(a->in[1])[2 * i];
        s.w = SDAG_DATA_I32(a->in[1])[2 * i + 1];
    }
    s.stride = s.w * s.c;
    s.at = (const char *)x->data + i * c->in.most * (int64_t)sdag_dtype_size(x->dtype);
    return s;
}

static void run(const sdag_args *a)
{
    const chain *c = ((const attr *)a->attr)->chain;
    float *buf0 = a->scratch, *buf1 = buf0 + c->buf + SDAG_IMAGE_PAD, *tmp = buf1 + c->buf + SDAG_IMAGE_PAD;
    for (int64_t i = a->lo; i < a->hi; i++) {
        sdag_raster src = source_of(c, a, i);
        if (src.h < 1 || src.w < 1 || src.h > c->in.most || src.w > c->in.most / src.h / src.c) {
            sdag_op_fail(a, SDAG_FAILED, "an image of %dx%d does not fit its place", (int)src.h, (int)src.w);
            return;
        }
        sdag_rng r = stream_of(c, a, i);
        sdag_image im;
        sdag_image_begin(&im, src, buf0, buf1, tmp);
        for (int k = 0; k < c->ops->n; k++) transform_of(c, k)->apply(&im, c->ops->at[k].opts, &r);
        sdag_image_finish(&im, (float *)a->out[0].data + i * c->out.most);
    }
}

static const sdag_op augment_op = {
    .name = "augment",
    .math = "y_i = t_n(... t_1(x_i))",
    .n_in = 1,
    .n_in_max = 3,
    .n_out = 1,
    .attr_size = sizeof(attr),
    .flags = SDAG_OP_NOGRAD | SDAG_OP_RANDOM,
    .split = SDAG_SPLIT_FIRST,
    .shape = shape,
    .cpu = {.plan = plan, .run = run},
};

static sdag_frame frame_of(sdag_build *b, sdag_val pixels, sdag_val dims, int64_t channels)
{
    if (dims) return (sdag_frame){.c = channels, .most = sdag_dim(b, pixels, 1)};
    sdag_frame f = {.h = sdag_dim(b, pixels, 1), .w = sdag_dim(b, pixels, 2), .c = sdag_dim(b, pixels, 3)};
    f.most = f.h * f.w * f.c;
    return f;
}

sdag_val sdag_op_augment(sdag_build *b, sdag_val pixels, sdag_val dims, int64_t channels, sdag_val ids,
                         const sdag_records *ops, uint32_t stream)
{
    if (sdag_build_failed(b)) return 0;
    chain *c = SDAG_NEW(b->arena, chain);
    *c = (chain){.in = frame_of(b, pixels, dims, channels), .ops = ops, .stream = stream};
    c->has_dims = dims != 0;
    c->has_ids = ids != 0;
    char why[SDAG_TRANSFORM_WHY];
    if (!measure(c, why)) {
        sdag_build_fail(b, "%s: %s", b->node_name, why);
        return 0;
    }
    sdag_val in[3] = {pixels};
    int n = 1;
    if (dims) in[n++] = dims;
    if (ids) in[n++] = ids;
    return sdag_emit(b, &augment_op, n, in, &(attr){c}, NULL);
}
