/* conv2d, PyTorch's cross-correlation, channels last (core/cpu/conv.h):
 *   y[n,i,j,o] = sum over a, b, c of x[n, i*stride - pad + a, j*stride - pad + b, c] w[o,c,a,b]
 *   x f32[N,H,W,C], w f32[O,C/groups,kh,kw] -> y f32[N,H',W',O]
 * The adjoint is two ops that do not wait for each other: gx from gy and w, gw from x and gy. */
#include "core/cpu/conv.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

static sdag_conv conv_of(const sdag_attr_conv2d *o, const sdag_shape *x, const sdag_shape *w)
{
    return (sdag_conv){.n = x->d[0],
                       .h = x->d[1],
                       .w = x->d[2],
                       .c = x->d[3],
                       .o = w->d[0],
                       .kh = w->d[2],
                       .kw = w->d[3],
                       .stride_h = o->stride,
                       .stride_w = o->stride,
                       .pad_h = o->pad,
                       .pad_w = o->pad,
                       .dil_h = 1,
                       .dil_w = 1,
                       .groups = o->groups};
}

static bool conv2d_shape(sdag_shaping *s)
{
    const sdag_attr_conv2d *o = s->attr;
    const sdag_shape *x = &s->in[0].shape, *w = &s->in[1].shape;
    int64_t oh, ow;
    if (!sdag_rule_f32(s)) return false;
    if (x->rank != 4 || w->rank != 4) return sdag_shape_fail(s, "x must be images [N,H,W,C] and w [O,C/groups,kh,kw]");
    if (o->groups < 1 || w->d[1] != x->d[3] / o->groups || x->d[3] % o->groups || w->d[0] % o->groups)
        return sdag_shape_fail(s, "%lld channels in %lld groups do not fit the weights", (long long)x->d[3],
                               (long long)o->groups);
    const sdag_conv cv = conv_of(o, x, w);
    if (!sdag_conv_size(&cv, &oh, &ow)) return sdag_shape_fail(s, "the kernel does not fit into the padded image");
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = SDAG_SHAPE(cv.n, oh, ow, cv.o)};
    return true;
}

static sdag_conv forward_of(const sdag_args *a) { return conv_of(a->attr, &a->in[0].shape, &a->in[1].shape); }

static void conv2d_plan(sdag_tiling *t, const sdag_args *a)
{
    const sdag_conv cv = forward_of(a);
    sdag_conv_plan(&cv, SDAG_CONV_FORWARD, t);
}

static void run(const sdag_args *a, const sdag_conv *cv, sdag_conv_kind kind)
{
    sdag_conv_run(cv, kind, SDAG_DATA_F32(a->in[0]), SDAG_DATA_F32(a->in[1]), SDAG_DATA_F32(a->out[0]), a->workspace,
                  a->scratch, a->stage, a->tile);
}

static void conv2d_run(const sdag_args *a)
{
    const sdag_conv cv = forward_of(a);
    run(a, &cv, SDAG_CONV_FORWARD);
}

/* ---- gx from gy f32[N,H',W',O] and w; the attributes' h, w are those of x */

static bool conv2d_grad_x_shape(sdag_shaping *s)
{
    const sdag_attr_conv2d *o = s->attr;
    s->out[0] = s->in[0];
    s->out[0].shape = SDAG_SHAPE(s->in[0].shape.d[0], o->h, o->w, s->in[1].shape.d[1] * o->groups);
    return true;
}

static sdag_conv grad_x_of(const sdag_args *a) { return conv_of(a->attr, &a->out[0].shape, &a->in[1].shape); }

static void conv2d_grad_x_plan(sdag_tiling *t, const sdag_args *a)
{
    const sdag_conv cv = grad_x_of(a);
    sdag_conv_plan(&cv, SDAG_CONV_BACK_DATA, t);
}

static void conv2d_grad_x_run(const sdag_args *a)
{
    const sdag_conv cv = grad_x_of(a);
    run(a, &cv, SDAG_CONV_BACK_DATA);
}

static const sdag_op conv2d_grad_x_op = {
    .name = "conv2d_grad_x",
    .math = "gx = gy * w, turned round",
    .n_in = 2,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_conv2d),
    .flags = SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_PLAN,
    .shape = conv2d_grad_x_shape,
    .cpu = {.plan = conv2d_grad_x_plan, .run = conv2d_grad_x_run},
};

/* ---- gw from x and gy; the attributes' h, w are those of the kernel */

static bool conv2d_grad_w_shape(sdag_shaping *s)
{
    const sdag_attr_conv2d *o = s->attr;
    s->out[0] = s->in[0];
    s->out[0].shape = SDAG_SHAPE(s->in[1].shape.d[3], s->in[0].shape.d[3] / o->groups, o->h, o->w);
    return true;
}

static sdag_conv grad_w_of(const sdag_args *a) { return conv_of(a->attr, &a->in[0].shape, &a->out[0].shape); }

static void conv2d_grad_w_plan(sdag_tiling *t, const sdag_args *a)
{
    const sdag_conv cv = grad_w_of(a);
    sdag_conv_plan(&cv, SDAG_CONV_BACK_WEIGHTS, t);
}

static void conv2d_grad_w_run(const sdag_args *a)
{
    const sdag_conv cv = grad_w_of(a);
    run(a, &cv, SDAG_CONV_BACK_WEIGHTS);
}

static const sdag_op conv2d_grad_w_op = {
    .name = "conv2d_grad_w",
    .math = "gw = x * gy",
    .n_in = 2,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_conv2d),
    .flags = SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_PLAN,
    .shape = conv2d_grad_w_shape,
    .cpu = {.plan = conv2d_grad_w_plan, .run = conv2d_grad_w_run},
};

static void conv2d_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    sdag_attr_conv2d k = *(const sdag_attr_conv2d *)o->attr;
    if (!gout[0]) return;
    k.h = sdag_dim(b, o->in[0], 1);
    k.w = sdag_dim(b, o->in[0], 2);
    if (wants[0]) gin[0] = sdag_emit2(b, &conv2d_grad_x_op, gout[0], o->in[1], &k);
    k.h = sdag_dim(b, o->in[1], 2);
    k.w = sdag_dim(b, o->in[1], 3);
    if (wants[1]) gin[1] = sdag_emit2(b, &conv2d_grad_w_op, o->in[0], gout[0], &k);
}

static const sdag_attr_conv2d same = {1, 1, 1, 0, 0}, half = {2, 1, 1, 0, 0}, stem = {2, 3, 1, 0, 0},
                              point = {1, 0, 1, 0, 0}, pairs = {1, 1, 2, 0, 0}, deep = {1, 1, 5, 0, 0},
                              skip = {2, 0, 1, 0, 0}, patch = {4, 0, 1, 0, 0};

const sdag_op sdag_opdef_conv2d = {
    .name = "conv2d",
    .math = "y = x * w, summed over the kernel and the channels of a group",
    .n_in = 2,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_conv2d),
    .split = SDAG_SPLIT_PLAN,
    .shape = conv2d_shape,
    .cpu = {.plan = conv2d_plan, .run = conv2d_run},
    .grad = conv2d_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[2,5,4,3]", "f32[4,3,3,3]"}, .attr = &same},
                                     {.in = {"f32[1,7,5,2]", "f32[3,2,3,3]"}, .attr = &half},
                                     {.in = {"f32[1,9,9,3]", "f32[5,3,7,7]"}, .attr = &stem},
                                     {.in = {"f32[3,1,1,7]", "f32[1,7,1,1]"}, .attr = &point},
                                     {.in = {"f32[1,5,5,4]", "f32[6,2,3,3]"}, .attr = &pairs},
                                     {.in = {"f32[2,4,5,5]", "f32[5,1,3,3]"}, .attr = &deep},
                                     {.in = {"f32[1,5,3,4]", "f32[2,4,1,1]"}, .attr = &skip},
                                     {.in = {"f32[1,8,8,2]", "f32[6,2,4,4]"}, .attr = &patch},
                                     {.in = {"f32[5,13,11,17]", "f32[19,17,3,3]"}, .attr = &same},
                                     {.in = {"f32[3,16,18,16]", "f32[33,16,3,3]"}, .attr = &half},
                                     {.in = {"f32[3,32,31,20]", "f32[24,20,1,1]"}, .attr = &point},
                                     {0}},
};

sdag_val sdag_op_conv2d(sdag_build *b, sdag_val x, sdag_val w, int stride, int pad, int groups)
{
    return sdag_emit2(b, &sdag_opdef_conv2d, x, w, &(sdag_attr_conv2d){.stride = stride, .pad = pad, .groups = groups});
}
