/* projector.mlp -- the small network between encoder and loss (projector or predictor); it is thrown away afterwards.
 *   h = relu( norm( W_1 x ) ), ..., z = W_n h (+ norm)      f32[B,widths_n]
 * SimCLR: widths [d, 128], norm and last_norm true; MoCo v2: norm false; BYOL: [1024, 256] with norm.
 * Parameter names as torch.nn.Sequential numbers them. */
#include "nodes/layer/layer.h"

typedef struct {
    sdag_mlp mlp;
} projector;

static const sdag_opt opts[] = {
    SDAG_INTS(projector, mlp.widths, "[512, 128]", 1, 1 << 20, "size of every layer"),
    SDAG_BOOL(projector, mlp.norm, true, "batch norm behind every layer but the last"),
    SDAG_BOOL(projector, mlp.last_norm, false, "batch norm behind the last layer"),
    SDAG_BOOL(projector, mlp.last_affine, true, "that one with scale and shift"),
    SDAG_BOOL(projector, mlp.bias, true, "bias in layers without norm"),
    SDAG_ENUM(projector, mlp.activation, SDAG_ACT_RELU, sdag_activation_choices, "behind every layer but the last"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,D]|f32[B,H,W,C]", "features", 0}, {0}};
static const sdag_port outs[] = {{"z", "f32[B,D]", "the embedding that the loss sees", 0}, {0}};

static const char *check(const void *p)
{
    return ((const projector *)p)->mlp.widths.n ? NULL : "widths needs at least one size";
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const projector *o = sdag_node_opts(self);
    sdag_out(b, self, "z", sdag_layer_mlp(b, sdag_layer_flat(b, sdag_in(b, self, "x")), &o->mlp));
}

const sdag_node_type sdag_node_projector_mlp = {
    .name = "projector.mlp",
    .brief = "The small network between encoder and loss; also a predictor.",
    .role = SDAG_ROLE_PROJECTOR,
    .opts = opts,
    .opts_size = sizeof(projector),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .check = check,
    .lower = lower,
    .example = "{type: projector.mlp, in: encoder, widths: [512, 128]}",
    .paper = "Chen et al. 2020, arXiv:2002.05709",
};
