/* layer.global_pool -- the mean of a feature map or of a row of tokens: one number a channel.
 *   y = mean over H and W        f32[B,H,W,C] -> f32[B,C]
 *   y = mean over T              f32[B,T,C]   -> f32[B,C]
 * Lin et al. 2014, "Network in network", section 3.2. */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

static const sdag_port ins[] = {{"x", "f32[B,H,W,C]|f32[B,T,C]", "a feature map, or tokens", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,C]", "its mean", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_val x = sdag_in(b, self, "x");
    const bool tokens = sdag_shape_at(b, x).rank == 3;
    sdag_out(b, self, "y", tokens ? sdag_op_mean(b, x, 1, (const int[]){1}, false) : sdag_op_global_pool(b, x));
}

const sdag_node_type sdag_node_layer_global_pool = {
    .name = "layer.global_pool",
    .brief = "The mean of a feature map or of tokens: one number a channel.",
    .role = SDAG_ROLE_LAYER,
    .ins = ins,
    .outs = outs,
    .maps = true,
    .lower = lower,
    .example = "{type: layer.global_pool, in: images}",
    .paper = "Lin et al. 2014, arXiv:1312.4400",
};
