/* layer.layer_norm -- every row to mean 0 and variance 1 over its last axis, then scaled and shifted.
 *   y = (x - mean) / sqrt(var + eps) * weight + bias        f32[B,...,D];  weight, bias f32[D]
 * Ba et al. 2016, arXiv:1607.06450. */
#include "nodes/layer/transformer.h"

typedef struct {
    float eps;
    bool bias;
} norm;

static const sdag_opt opts[] = {
    SDAG_F32(norm, eps, 1e-5, 1e-12, 1, "added to the variance"),
    SDAG_BOOL(norm, bias, true, "with a shift"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,...]", "features, tokens or a feature map", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,...]", "normalised", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const norm *o = sdag_node_opts(self);
    sdag_layer_out(b, self, sdag_layer_layer_norm(b, "", sdag_in(b, self, "x"), o->eps, o->bias));
}

const sdag_node_type sdag_node_layer_layer_norm = {
    .name = "layer.layer_norm",
    .brief = "Every row to mean 0 and variance 1, then scaled and shifted.",
    .role = SDAG_ROLE_LAYER,
    .opts = opts,
    .opts_size = sizeof(norm),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .lower = lower,
    .example = "{type: layer.layer_norm, in: encoder}",
    .paper = "Ba et al. 2016, arXiv:1607.06450",
};
