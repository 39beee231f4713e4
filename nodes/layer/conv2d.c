/* layer.conv2d -- a convolution of images or feature maps.
 *   y_o = sum_c w_oc * x_c (+ bias_o)      f32[B,H,W,C] -> f32[B,H',W',O],  H' = (H + 2 pad - kernel) / stride + 1
 * weight f32[O,C,k,k], bias f32[O], as torch.nn.Conv2d has them. They start as those of residual networks do, N(0, 2 /
 * fan out) (He et al. 2015, arXiv:1502.01852), or as PyTorch's, U(+-1/sqrt(fan in)). */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

typedef struct {
    int64_t width, kernel, stride, padding;
    int start;
    bool bias;
} conv;

static const char *const starts[] = {"kaiming", "uniform", NULL};

static const sdag_opt opts[] = {
    SDAG_INT_REQ(conv, width, 1, 1 << 16, "channels that come out"),
    SDAG_INT(conv, kernel, 3, 1, 63, "height and width of the filter"),
    SDAG_INT(conv, stride, 1, 1, 63, "pixels from one place of the filter to the next"),
    SDAG_INT(conv, padding, -1, -1, 63, "rows of zeros on every side; -1: kernel / 2, which keeps the size"),
    SDAG_BOOL(conv, bias, false, "a number added to every channel; a norm behind it takes that away again"),
    SDAG_ENUM(conv, start, 0, starts, "kaiming: N(0, 2 / fan out); uniform: within 1 / sqrt(fan in)"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,H,W,C]", "images or a feature map", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,H,W,D]", "filtered", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const conv *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "x");
    int64_t fan_in = sdag_dim(b, x, -1) * o->kernel * o->kernel;
    int pad = (int)(o->padding < 0 ? o->kernel / 2 : o->padding);
    sdag_val y = sdag_layer_conv(b, "", x, o->width, (int)o->kernel, (int)o->stride, pad,
                                 o->start ? SDAG_CONV_UNIFORM : SDAG_CONV_KAIMING);
    sdag_out(b, self, "y", o->bias ? sdag_layer_bias(b, "", y, fan_in) : y);
}

const sdag_node_type sdag_node_layer_conv2d = {
    .name = "layer.conv2d",
    .brief = "A convolution of images or feature maps.",
    .role = SDAG_ROLE_LAYER,
    .opts = opts,
    .opts_size = sizeof(conv),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .lower = lower,
    .example = "{type: layer.conv2d, in: images, width: 8, kernel: 3}",
    .paper = "LeCun et al. 1989, doi:10.1162/neco.1989.1.4.541",
};
