/* layer.batch_norm -- every channel to mean 0 and variance 1 over the batch, then scaled and shifted.
 *   y = (x - mean) / sqrt(var + 1e-5) * weight + bias (+ add), then relu when asked for    f32[B,...,C]
 * In training mean and var are the batch's, and running ones follow with momentum 0.1; otherwise the running ones are
 * used. `add` and `relu` are there because the three are one operation then: half the memory traffic of a residual
 * block. Ioffe & Szegedy 2015, arXiv:1502.03167. */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

typedef struct {
    bool affine, relu;
} norm;

static const sdag_opt opts[] = {
    SDAG_BOOL(norm, affine, true, "with scale and shift"),
    SDAG_BOOL(norm, relu, false, "max(0, y) behind it, in the same operation"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,C]|f32[B,H,W,C]", "features or a feature map", 0},
                                {"add", "f32[B,C]|f32[B,H,W,C]", "added before the relu", SDAG_PORT_OPTIONAL},
                                {0}};
static const sdag_port outs[] = {{"y", "f32[B,C]|f32[B,H,W,C]", "normalised", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const norm *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "x"), r = sdag_in(b, self, "add");
    if (o->affine) {
        sdag_out(b, self, "y", sdag_layer_norm(b, "", x, r, o->relu));
        return;
    }
    sdag_val y = sdag_layer_norm_plain(b, "", x);
    if (r) y = sdag_op_add(b, y, r);
    sdag_out(b, self, "y", o->relu ? sdag_op_relu(b, y) : y);
}

const sdag_node_type sdag_node_layer_batch_norm = {
    .name = "layer.batch_norm",
    .brief = "Every channel to mean 0 and variance 1 over the batch, then scaled and shifted.",
    .role = SDAG_ROLE_LAYER,
    .opts = opts,
    .opts_size = sizeof(norm),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .lower = lower,
    .example = "{type: layer.batch_norm, in: encoder, relu: true}",
    .paper = "Ioffe & Szegedy 2015, arXiv:1502.03167",
};
