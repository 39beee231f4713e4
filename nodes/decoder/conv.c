/* decoder.conv -- an image from a code or from a map of features: the mirror of encoder.cnn.
 *   a code f32[B,D]:   x = relu(bn(reshape(W code + b)))         f32[B,h,w,widths_1]      (Radford et al. 2016)
 *   for every width:   x = upsample2(relu(bn(conv3x3(x))))       f32[B,2h,2w,width], and so on
 *   image = activation(conv3x3(x) + bias)                        f32[B,H,W,channels]
 * With n widths H = 2^n h. Upsampling and convolution instead of transposed convolution, whose kernels overlap unevenly
 * and leave checkerboards (Odena et al. 2016). Names as torch.nn.Sequential numbers Linear, Unflatten, BatchNorm2d,
 * ReLU (of a code alone); Conv2d, BatchNorm2d, ReLU, Upsample for every width; Conv2d. */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

typedef struct {
    sdag_ints widths, size;
    int64_t channels;
    bool norm;
    int activation;
} conv;

static const char *const activations[] = {"none", "sigmoid", "tanh", NULL};
enum { NONE, SIGMOID, TANH, WIDTHS_MAX = 10 };

static const sdag_opt opts[] = {
    SDAG_INTS(conv, widths, "[64, 32]", 1, 1 << 16, "channels of every stage; each doubles height and width"),
    SDAG_INTS(conv, size, NULL, 1, 1 << 16, "of the image: [height, width] or one number; a code needs it"),
    SDAG_INT(conv, channels, 1, 1, 1 << 16, "of the image"),
    SDAG_BOOL(conv, norm, true, "batch norm behind all but the last convolution"),
    SDAG_ENUM(conv, activation, NONE, activations, "of the image: sigmoid for 0..1, tanh for -1..1"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,D]|f32[B,H,W,D]", "a code, or a map of features such as encoder.map", 0},
                                {0}};
static const sdag_port outs[] = {{"image", "f32[B,H,W,C]", "the reconstruction", 0}, {0}};

static const char *check(const void *p)
{
    const conv *o = p;
    if (!o->widths.n) return "widths needs at least one size";
    if (o->widths.n > WIDTHS_MAX) return "widths takes at most 10 sizes";
    return o->size.n > 2 ? "size takes one or two numbers" : NULL;
}

typedef struct {
    sdag_build *b;
    const conv *o;
    int number; /* of the next module in torch.nn.Sequential */
} layers;

static const char *next(layers *l) { return sdag_layer_name(l->b, "%d.", l->number++); }

static sdag_val norm_relu(layers *l, sdag_val x)
{
    x = l->o->norm ? sdag_layer_norm(l->b, next(l), x, 0, true) : sdag_op_relu(l->b, x);
    l->number++; /* the relu */
    return x;
}

static sdag_val convolution(layers *l, sdag_val x, int64_t width, sdag_conv_init init, bool bias)
{
    const char *name = next(l);
    int64_t in = sdag_dim(l->b, x, -1);
    x = sdag_layer_conv(l->b, name, x, width, 3, 1, 1, init);
    return bias ? sdag_layer_bias(l->b, name, x, in * 9) : x;
}

/* The size along one axis from which n doublings lead to `to`. */
static int64_t start_of(sdag_build *b, const sdag_node *self, int64_t to, int n)
{
    int64_t step = (int64_t)1 << n, low = to / step * step;
    if (to % step == 0) return to / step;
    const char *such =
        low ? sdag_arena_printf(b->arena, ", such as %lld or %lld", (long long)low, (long long)(low + step))
            : sdag_arena_printf(b->arena, ", from %lld on", (long long)step);
    sdag_build_fail(b,
                    "%s: size %lld is no multiple of %lld, which %d doubling%s (one a width) lead%s to: use one%s, or "
                    "other widths",
                    sdag_node_name(self), (long long)to, (long long)step, n, n == 1 ? "" : "s", n == 1 ? "s" : "",
                    such);
    return 1;
}

/* The code as the first map: PyTorch's Unflatten has channels first. */
static sdag_val unflatten(layers *l, const sdag_node *self, sdag_val code)
{
    const conv *o = l->o;
    if (!o->size.n) sdag_build_fail(l->b, "%s: a code has no height and width; say size", sdag_node_name(self));
    if (l->b->status) return 0;
    int64_t h = start_of(l->b, self, o->size.at[0], o->widths.n);
    int64_t w = start_of(l->b, self, o->size.at[o->size.n - 1], o->widths.n), c = o->widths.at[0];
    sdag_val x = sdag_layer_linear(l->b, next(l), code, h * w * c, true);
    l->number++; /* Unflatten */
    x = sdag_op_reshape(l->b, x, SDAG_SHAPE(sdag_dim(l->b, code, 0), c, h, w));
    return norm_relu(l, sdag_op_permute(l->b, x, 4, (const int[]){0, 2, 3, 1}));
}

/* Of a map: whether it leads to the size that was asked for. */
static void check_size(sdag_build *b, const sdag_node *self, sdag_val x)
{
    const conv *o = sdag_node_opts(self);
    int64_t h = sdag_dim(b, x, 1) << o->widths.n, w = sdag_dim(b, x, 2) << o->widths.n;
    if (!o->size.n || b->status || (h == o->size.at[0] && w == o->size.at[o->size.n - 1])) return;
    sdag_build_fail(b, "%s: %d width%s images of %lld by %lld from a map of %lld by %lld, not of %lld by %lld",
                    sdag_node_name(self), o->widths.n, o->widths.n == 1 ? " makes" : "s make", (long long)h,
                    (long long)w, (long long)sdag_dim(b, x, 1), (long long)sdag_dim(b, x, 2), (long long)o->size.at[0],
                    (long long)o->size.at[o->size.n - 1]);
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const conv *o = sdag_node_opts(self);
    layers l = {.b = b, .o = o};
    sdag_val x = sdag_in(b, self, "x");
    if (sdag_shape_at(b, x).rank == 2) x = unflatten(&l, self, x);
    else check_size(b, self, x);
    for (int i = 0; i < o->widths.n && !b->status; i++) {
        x = norm_relu(&l, convolution(&l, x, o->widths.at[i], SDAG_CONV_KAIMING, !o->norm));
        x = sdag_op_upsample(b, x, 2);
        l.number++; /* Upsample */
    }
    x = convolution(&l, x, o->channels, SDAG_CONV_UNIFORM, true);
    if (o->activation == SIGMOID) x = sdag_op_sigmoid(b, x);
    if (o->activation == TANH) x = sdag_op_tanh(b, x);
    sdag_out(b, self, "image", x);
}

const sdag_node_type sdag_node_decoder_conv = {
    .name = "decoder.conv",
    .brief = "An image from a code or a map of features.",
    .role = SDAG_ROLE_DECODER,
    .opts = opts,
    .opts_size = sizeof(conv),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .check = check,
    .lower = lower,
    .example = "{type: decoder.conv, in: encoder, widths: [64, 32], size: [32, 32], channels: 3}",
    .paper = "Radford et al. 2016, arXiv:1511.06434",
};
