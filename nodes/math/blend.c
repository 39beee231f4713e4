/* math.blend -- two values under a mask: out = m x + (1 - m) y, all f32[B,...]; axes of size 1 are broadcast.
 * What a network made of the hidden pixels, pasted into what was seen. */
#include "core/node/node.h"
#include "core/ops/ops.h"

static const sdag_port ins[] = {{"x", "f32[B,...]", "where the mask is 1", 0},
                                {"y", "f32[B,...]", "where it is 0", 0},
                                {"mask", "f32[B,...]", "0..1", 0},
                                {0}};
static const sdag_port outs[] = {{"out", "f32[B,...]", "both in one", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_val x = sdag_in(b, self, "x"), y = sdag_in(b, self, "y"), m = sdag_in(b, self, "mask");
    sdag_val rest = sdag_op_affine(b, m, -1, 1);
    sdag_out(b, self, "out", sdag_op_add(b, sdag_op_mul(b, m, x), sdag_op_mul(b, rest, y)));
}

const sdag_node_type sdag_node_math_blend = {
    .name = "math.blend",
    .brief = "One value where a mask is 1, another where it is 0.",
    .role = SDAG_ROLE_MATH,
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: math.blend, in: {x: decoder, y: images, mask: images}}",
};
