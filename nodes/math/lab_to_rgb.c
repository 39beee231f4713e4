/* math.lab_to_rgb -- a picture from its lightness and its colours: what pretext.colorize took apart, put together.
 *   rgb = sRGB of (100 l, 110 a, 110 b), CIE L*a*b* with white D65, clipped to 0..1           f32[B,H,W,3]
 * To look at; no gradient goes through. */
#include "core/node/node.h"
#include "core/ops/ops.h"

static const sdag_port ins[] = {
    {"l", "f32[B,H,W,1]", "lightness, L / 100", 0}, {"ab", "f32[B,H,W,2]", "colour, (a, b) / 110", 0}, {0}};
static const sdag_port outs[] = {{"image", "f32[B,H,W,3]", "the picture, 0..1", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_val l = sdag_op_affine(b, sdag_in(b, self, "l"), 100, 0),
             ab = sdag_op_affine(b, sdag_in(b, self, "ab"), 110, 0);
    sdag_out(b, self, "image", sdag_op_lab_to_rgb(b, sdag_op_concat(b, 2, (sdag_val[]){l, ab}, -1)));
}

const sdag_node_type sdag_node_math_lab_to_rgb = {
    .name = "math.lab_to_rgb",
    .brief = "A picture from lightness and colours.",
    .role = SDAG_ROLE_MATH,
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: math.lab_to_rgb, in: {l: colour.image, ab: colour.ab}}",
};
