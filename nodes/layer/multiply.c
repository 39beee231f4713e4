/* layer.multiply -- y = x y, element by element; axes of size 1 are broadcast        f32[B,...]
 * What a gate is made of. */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

static const sdag_port ins[] = {
    {"x", "f32[B,...]", "a value", 0}, {"y", "f32[B,...]", "another, or one number a channel", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,...]", "x times y", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_val x = sdag_in(b, self, "x"), y = sdag_in(b, self, "y");
    sdag_shape s = sdag_shape_at(b, y);
    if (s.rank == 2 && sdag_shape_at(b, x).rank == 4) y = sdag_op_reshape(b, y, SDAG_SHAPE(s.d[0], 1, 1, s.d[1]));
    sdag_layer_out(b, self, sdag_op_mul(b, x, y));
}

const sdag_node_type sdag_node_layer_multiply = {
    .name = "layer.multiply",
    .brief = "The product of two values, element by element.",
    .role = SDAG_ROLE_LAYER,
    .ins = ins,
    .outs = outs,
    .maps = true,
    .lower = lower,
    .example = "{type: layer.multiply, in: {x: encoder, y: encoder}}",
    .paper = "Hu et al. 2018, arXiv:1709.01507",
};
