/* layer.shortcut -- the way past a residual block: x itself where the sizes agree with what the block gives, otherwise
 * a 1x1 convolution and a batch norm ("option B" of the paper). y = x                     when stride = 1 and C = width
 * f32[B,H,W,C] y = norm(conv1x1/s (x))   otherwise                          f32[B,H/s,W/s,width] The weights are called
 * as those of torchvision's `downsample`: 0.weight, 1.weight, ... He et al. 2016, arXiv:1512.03385, section 3.3. */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

typedef struct {
    int64_t width, stride;
} shortcut;

static const sdag_opt opts[] = {
    SDAG_INT_REQ(shortcut, width, 1, 1 << 16, "channels of what the block gives"),
    SDAG_INT(shortcut, stride, 1, 1, 63, "of the block"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,H,W,C]", "what the block reads", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,H,W,D]", "to be added to what the block gives", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const shortcut *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "x");
    if (o->stride != 1 || sdag_dim(b, x, -1) != o->width) {
        x = sdag_layer_conv(b, "0.", x, o->width, 1, (int)o->stride, 0, SDAG_CONV_KAIMING);
        x = sdag_layer_norm(b, "1.", x, 0, false);
    }
    sdag_out(b, self, "y", x);
}

const sdag_node_type sdag_node_layer_shortcut = {
    .name = "layer.shortcut",
    .brief = "The way past a residual block: the identity, or a 1x1 convolution where the sizes change.",
    .role = SDAG_ROLE_LAYER,
    .opts = opts,
    .opts_size = sizeof(shortcut),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .lower = lower,
    .example = "{type: layer.shortcut, in: images, width: 8, stride: 2}",
    .paper = "He et al. 2016, arXiv:1512.03385",
};
