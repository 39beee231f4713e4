/* layer.linear -- a linear layer over the last axis.
 *   y = x weight' + bias        f32[...,I] -> f32[...,O];  weight f32[O,I], bias f32[O], both in U(+-1/sqrt(I))
 * torch.nn.Linear in names, layout and start. A feature map is taken pixel by pixel; layer.flatten makes one row of it.
 */
#include "nodes/layer/layer.h"

typedef struct {
    int64_t width;
    bool bias;
} linear;

static const sdag_opt opts[] = {
    SDAG_INT_REQ(linear, width, 1, 1 << 20, "numbers that come out"),
    SDAG_BOOL(linear, bias, true, "a number added to each; a norm behind it takes that away again"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,...]", "features, tokens or a feature map", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,...]", "as many rows, of the new width", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const linear *o = sdag_node_opts(self);
    sdag_out(b, self, "y", sdag_layer_linear(b, "", sdag_in(b, self, "x"), o->width, o->bias));
}

const sdag_node_type sdag_node_layer_linear = {
    .name = "layer.linear",
    .brief = "A linear layer over the last axis.",
    .role = SDAG_ROLE_LAYER,
    .opts = opts,
    .opts_size = sizeof(linear),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .lower = lower,
    .example = "{type: layer.linear, in: encoder, width: 64}",
};
