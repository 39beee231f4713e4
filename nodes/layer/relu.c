/* layer.relu -- y = max(0, x), element by element        f32[B,...]
 * layer.activation has the others. */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

static const sdag_port ins[] = {{"x", "f32[B,...]", "any value", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,...]", "what is above 0", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_layer_out(b, self, sdag_op_relu(b, sdag_in(b, self, "x")));
}

const sdag_node_type sdag_node_layer_relu = {
    .name = "layer.relu",
    .brief = "max(0, x), element by element.",
    .role = SDAG_ROLE_LAYER,
    .ins = ins,
    .outs = outs,
    .maps = true,
    .lower = lower,
    .example = "{type: layer.relu, in: encoder}",
};
