/* encoder.mlp -- a stack of fully connected layers on the flattened input.
 *   h_0 = flat(x)                          f32[B,D_0]
 *   h_i = act( norm( W_i h_(i-1) + b_i ) ) f32[B,D_i]      torch.nn.Sequential names: 0.weight, 1.weight, ... */
#include "nodes/layer/layer.h"

typedef struct {
    sdag_mlp mlp;
} mlp;

static const sdag_opt opts[] = {
    SDAG_INTS(mlp, mlp.widths, "[256, 256]", 1, 1 << 20,
              "size of every layer; the last one is the size of the features"),
    SDAG_BOOL(mlp, mlp.norm, true, "batch norm behind every layer"),
    SDAG_ENUM(mlp, mlp.activation, SDAG_ACT_RELU, sdag_activation_choices, "behind every layer"),
    SDAG_F32(mlp, mlp.dropout, 0, 0, 0.99, "share of activations set to zero in training"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,D]|f32[B,H,W,C]", "features or images", 0}, {0}};
static const sdag_port outs[] = {{"features", "f32[B,D]", "output of the last layer", 0}, {0}};

static const char *check(const void *p)
{
    return ((const mlp *)p)->mlp.widths.n ? NULL : "widths needs at least one size";
}

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_mlp m = ((const mlp *)sdag_node_opts(self))->mlp;
    m.last_norm = m.norm;
    m.last_affine = m.last_activation = m.bias = true;
    sdag_out(b, self, "features", sdag_layer_mlp(b, sdag_layer_flat(b, sdag_in(b, self, "x")), &m));
}

const sdag_node_type sdag_node_encoder_mlp = {
    .name = "encoder.mlp",
    .brief = "Fully connected layers on the flattened input.",
    .role = SDAG_ROLE_ENCODER,
    .opts = opts,
    .opts_size = sizeof(mlp),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .check = check,
    .lower = lower,
    .example = "{type: encoder.mlp, in: images, widths: [256, 256]}",
};
