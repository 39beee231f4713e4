/* encoder.resnet -- residual networks with torchvision's parameter names, so that weights go both ways.
 *   stem       imagenet: conv 7x7/2, bn, relu, maxpool 3x3/2;   small: conv 3x3, bn, relu      f32[B,H,W,w]
 *   layer1..4  blocks of   y = relu( F(x) + shortcut(x) )       widths w, 2w, 4w, 8w, strides 1, 2, 2, 2
 *     basic      F = bn conv3x3 relu bn conv3x3/s                                       (18, 34)
 *     bottleneck F = bn conv1x1(4w) relu bn conv3x3/s relu bn conv1x1                   (50)
 *   features   mean over H, W                                   f32[B,8w] or f32[B,32w]
 * He et al. 2016, "Deep residual learning for image recognition", arXiv:1512.03385; the stride of a bottleneck is in
 * its 3x3 convolution, as torchvision has it ("ResNet v1.5"). */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

typedef struct {
    int depth, stem;
    int64_t width;
} resnet;

static const char *const depths[] = {"18", "34", "50", NULL};
static const char *const stems[] = {"imagenet", "small", NULL};
static const struct {
    int blocks[4];
    bool bottleneck;
} table[] = {{{2, 2, 2, 2}, false}, {{3, 4, 6, 3}, false}, {{3, 4, 6, 3}, true}};

static const sdag_opt opts[] = {
    SDAG_ENUM(resnet, depth, 0, depths, "number of weighted layers"),
    SDAG_ENUM(resnet, stem, 0, stems,
              "imagenet: 7x7 stride 2 and max-pooling; small: 3x3, for images of 32 pixels or so"),
    SDAG_INT(resnet, width, 64, 1, 4096, "channels of the first stage"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,H,W,C]", "images", 0}, {0}};
static const sdag_port outs[] = {{"features", "f32[B,D]", "mean over height and width", 0},
                                 {"map", "f32[B,H,W,D]", "output of the last stage", 0},
                                 {0}};

static sdag_val conv(sdag_build *b, const char *at, const char *name, sdag_val x, int64_t out, int size, int stride)
{
    return sdag_layer_conv(b, sdag_layer_name(b, "%s%s.", at, name), x, out, size, stride, size / 2, SDAG_CONV_KAIMING);
}

static sdag_val norm(sdag_build *b, const char *at, const char *name, sdag_val x, sdag_val r, bool relu)
{
    return sdag_layer_norm(b, sdag_layer_name(b, "%s%s.", at, name), x, r, relu);
}

static sdag_val shortcut(sdag_build *b, const char *at, sdag_val x, int64_t out, int stride)
{
    if (stride == 1 && sdag_dim(b, x, -1) == out) return x;
    return norm(b, at, "downsample.1", conv(b, at, "downsample.0", x, out, 1, stride), 0, false);
}

static sdag_val basic(sdag_build *b, const char *at, sdag_val x, int64_t w, int stride)
{
    sdag_val y = norm(b, at, "bn1", conv(b, at, "conv1", x, w, 3, stride), 0, true);
    y = conv(b, at, "conv2", y, w, 3, 1);
    return norm(b, at, "bn2", y, shortcut(b, at, x, w, stride), true);
}

static sdag_val bottleneck(sdag_build *b, const char *at, sdag_val x, int64_t w, int stride)
{
    sdag_val y = norm(b, at, "bn1", conv(b, at, "conv1", x, w, 1, 1), 0, true);
    y = norm(b, at, "bn2", conv(b, at, "conv2", y, w, 3, stride), 0, true);
    y = conv(b, at, "conv3", y, 4 * w, 1, 1);
    return norm(b, at, "bn3", y, shortcut(b, at, x, 4 * w, stride), true);
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const resnet *o = sdag_node_opts(self);
    bool small = o->stem == 1;
    sdag_val x = sdag_in(b, self, "x");
    x = sdag_layer_conv(b, "conv1.", x, o->width, small ? 3 : 7, small ? 1 : 2, small ? 1 : 3, SDAG_CONV_KAIMING);
    x = sdag_layer_norm(b, "bn1.", x, 0, true);
    if (!small) x = sdag_op_max_pool(b, x, 3, 2, 1);
    for (int stage = 0; stage < 4; stage++)
        for (int k = 0; k < table[o->depth].blocks[stage] && !b->status; k++) {
            const char *at = sdag_layer_name(b, "layer%d.%d.", stage + 1, k);
            int stride = stage && !k ? 2 : 1;
            x = (table[o->depth].bottleneck ? bottleneck : basic)(b, at, x, o->width << stage, stride);
        }
    sdag_out(b, self, "features", sdag_op_global_pool(b, x));
    sdag_out(b, self, "map", x);
}

const sdag_node_type sdag_node_encoder_resnet = {
    .name = "encoder.resnet",
    .brief = "Residual networks (18, 34, 50) with torchvision's parameter names.",
    .role = SDAG_ROLE_ENCODER,
    .opts = opts,
    .opts_size = sizeof(resnet),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .lower = lower,
    .example = "{type: encoder.resnet, in: [view_i, view_j], depth: 18, stem: small, width: 16}",
    .paper = "He et al. 2016, arXiv:1512.03385",
};
