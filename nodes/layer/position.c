/* layer.position -- a learned vector for every place, added to the tokens.
 *   y_bt = x_bt + weight_t        f32[B,T,D];  weight f32[T,D] in N(0, 0.02)
 * Attention itself does not know where a token stands. Gehring et al. 2017, arXiv:1705.03122; Radford et al. 2018. */
#include "core/ops/ops.h"
#include "nodes/layer/transformer.h"

static const sdag_port ins[] = {{"x", "f32[B,T,D]", "tokens", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,T,D]", "tokens that know their place", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_val x = sdag_in(b, self, "x");
    sdag_val table = sdag_layer_table(b, "weight", sdag_dim(b, x, 1), sdag_dim(b, x, 2));
    sdag_layer_out(b, self, sdag_op_add(b, x, table));
}

const sdag_node_type sdag_node_layer_position = {
    .name = "layer.position",
    .brief = "A learned vector for every place, added to the tokens.",
    .role = SDAG_ROLE_LAYER,
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .lower = lower,
    .example = "{type: layer.position, in: model}",
    .paper = "Gehring et al. 2017, arXiv:1705.03122",
};
