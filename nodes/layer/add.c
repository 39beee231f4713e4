/* layer.add -- y = x + y, element by element; axes of size 1 are broadcast        f32[B,...]
 * What a residual block ends in. */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

static const sdag_port ins[] = {{"x", "f32[B,...]", "a value", 0}, {"y", "f32[B,...]", "another", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,...]", "x + y", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_layer_out(b, self, sdag_op_add(b, sdag_in(b, self, "x"), sdag_in(b, self, "y")));
}

const sdag_node_type sdag_node_layer_add = {
    .name = "layer.add",
    .brief = "The sum of two values, element by element.",
    .role = SDAG_ROLE_LAYER,
    .ins = ins,
    .outs = outs,
    .maps = true,
    .lower = lower,
    .example = "{type: layer.add, in: {x: encoder, y: encoder}}",
};
