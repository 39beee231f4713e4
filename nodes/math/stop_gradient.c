/* math.stop_gradient -- the value as it is, but no gradient goes back through it.
 *   y = x,  dy/dx taken as 0                                f32[B,...]
 * What holds the target of SimSiam and of a teacher still (Chen & He 2021, section 3). */
#include "core/node/node.h"
#include "core/ops/ops.h"

static const sdag_port ins[] = {{"x", "f32[B,...]", "any value", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,...]", "the same value", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_out(b, self, "y", sdag_op_stop_grad(b, sdag_in(b, self, "x")));
}

const sdag_node_type sdag_node_math_stop_gradient = {
    .name = "math.stop_gradient",
    .brief = "The same value, through which no gradient goes back.",
    .role = SDAG_ROLE_MATH,
    .ins = ins,
    .outs = outs,
    .maps = true,
    .lower = lower,
    .example = "{type: math.stop_gradient, in: projector}",
    .paper = "Chen & He 2021, arXiv:2011.10566",
    .stops_gradient = true,
};
