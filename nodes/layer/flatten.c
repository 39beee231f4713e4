/* layer.flatten -- every sample as one row        f32[B,...] -> f32[B,D]
 * A row of features stays as it is. Pixels come row by row, the channels of each together. */
#include "nodes/layer/layer.h"

static const sdag_port ins[] = {{"x", "f32[B,...]", "a feature map, tokens, features", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,D]", "a row a sample", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_out(b, self, "y", sdag_layer_flat(b, sdag_in(b, self, "x")));
}

const sdag_node_type sdag_node_layer_flatten = {
    .name = "layer.flatten",
    .brief = "Every sample as one row.",
    .role = SDAG_ROLE_LAYER,
    .ins = ins,
    .outs = outs,
    .maps = true,
    .lower = lower,
    .example = "{type: layer.flatten, in: images}",
};
