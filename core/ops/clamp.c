/* clamp, element by element: y = min(max(x, lo), hi); a bound may be infinite.
 * adjoint: gx = g where lo <= x <= hi, else 0. */
#include <math.h>

#include "core/ops/attr.h"
#include "core/ops/map.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

#define BOUNDS const float lo = ((const sdag_attr_clamp *)attr)->lo, hi = ((const sdag_attr_clamp *)attr)->hi;

SDAG_MAP1(clamp_run, BOUNDS, (u < lo) ? lo : (u > hi) ? hi : u)
SDAG_MAP2(clamp_grad_run, BOUNDS, (u < lo || u > hi) ? 0 : v)

static bool clamp_shape(sdag_shaping *s)
{
    const sdag_attr_clamp *o = s->attr;
    if (!(o->lo <= o->hi))
        return sdag_shape_fail(s, "the bounds %g and %g are in the wrong order", (double)o->lo, (double)o->hi);
    return sdag_rule_like_first(s);
}

static const sdag_op clamp_grad_op = {
    .name = "clamp_grad",
    .math = "gx = g where lo <= x <= hi",
    .n_in = 2,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_clamp),
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_same,
    .cpu = {.run = clamp_grad_run},
};

static void clamp_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_emit2(b, &clamp_grad_op, o->in[0], gout[0], o->attr);
}

static const sdag_attr_clamp bounds[] = {{-0.5f, 0.25f}, {0, INFINITY}};

const sdag_op sdag_opdef_clamp = {
    .name = "clamp",
    .math = "y = min(max(x, lo), hi)",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_clamp),
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = clamp_shape,
    .cpu = {.run = clamp_run},
    .grad = clamp_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &bounds[0]},
                                     {.in = {"f32[7]"}, .attr = &bounds[1]},
                                     {.in = {"f32[]"}, .attr = &bounds[0]},
                                     {.in = {"f32[5,8191]"}, .attr = &bounds[0]},
                                     {0}},
};

sdag_val sdag_op_clamp(sdag_build *b, sdag_val x, float lo, float hi)
{
    return sdag_emit1(b, &sdag_opdef_clamp, x, &(sdag_attr_clamp){lo, hi});
}
