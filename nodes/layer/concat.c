/* layer.concat -- values side by side on their last axis: features, or the channels of feature maps
 *   f32[B,...,C], f32[B,...,D] -> f32[B,...,C+D]
 * What skip connections of a U-Net and dense blocks are made of. */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

static const sdag_port ins[] = {{"x", "f32[B,...]", "first", 0},
                                {"y", "f32[B,...]", "behind it; all sizes but the last are the same", 0},
                                {"z", "f32[B,...]", "behind that", SDAG_PORT_OPTIONAL},
                                {0}};
static const sdag_port outs[] = {{"y", "f32[B,...]", "all in one", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_val v[3] = {sdag_in(b, self, "x"), sdag_in(b, self, "y"), sdag_in(b, self, "z")};
    int rank = sdag_shape_at(b, v[0]).rank;
    if (b->status) return;
    if (rank < 2) sdag_build_fail(b, "%s: x has no axis beside the samples", sdag_node_name(self));
    sdag_out(b, self, "y", sdag_op_concat(b, v[2] ? 3 : 2, v, rank - 1));
}

const sdag_node_type sdag_node_layer_concat = {
    .name = "layer.concat",
    .brief = "Values side by side on their last axis.",
    .role = SDAG_ROLE_LAYER,
    .ins = ins,
    .outs = outs,
    .maps = true,
    .lower = lower,
    .example = "{type: layer.concat, in: {x: encoder, y: encoder}}",
};
