/* layer.tokens -- the pixels of a feature map as a row of tokens.
 *   y_b,(hW + w) = x_bhw        f32[B,H,W,D] -> f32[B,HW,D]
 * Behind a convolution whose stride is its kernel these are the patches of a vision transformer (Dosovitskiy et al.
 * 2021, arXiv:2010.11929). How many lie in a column and in a row goes on beside them, so that head.pixels can put them
 * back. */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

static const sdag_port ins[] = {{"x", "f32[B,H,W,D]", "a feature map", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,T,D]", "row by row", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_val x = sdag_in(b, self, "x");
    const sdag_shape s = sdag_shape_at(b, x);
    if (b->status) return;
    sdag_out(b, self, "y", sdag_op_reshape(b, x, SDAG_SHAPE(s.d[0], -1, s.d[3])));
    sdag_out_beside(b, self, "y", &(sdag_beside){.grid_h = s.d[1], .grid_w = s.d[2]});
}

const sdag_node_type sdag_node_layer_tokens = {
    .name = "layer.tokens",
    .brief = "The pixels of a feature map as a row of tokens.",
    .role = SDAG_ROLE_LAYER,
    .ins = ins,
    .outs = outs,
    .maps = true,
    .lower = lower,
    .example = "{type: layer.tokens, in: images}",
    .paper = "Dosovitskiy et al. 2021, arXiv:2010.11929",
};
