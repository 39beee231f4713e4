/* affine, element by element: y = scale x + shift, two numbers for the whole tensor.
 * adjoint: gx = scale g, the same op with shift 0. */
#include "core/ops/attr.h"
#include "core/ops/map.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

#define NUMBERS \
    const float scale = ((const sdag_attr_affine *)attr)->scale, shift = ((const sdag_attr_affine *)attr)->shift;

SDAG_MAP1(affine_run, NUMBERS, (scale * u) + shift)

static void affine_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_op_affine(b, gout[0], ((const sdag_attr_affine *)o->attr)->scale, 0);
}

static const sdag_attr_affine some[] = {{-0.75f, 2}, {3, 0}};

const sdag_op sdag_opdef_affine = {
    .name = "affine",
    .math = "y = scale x + shift",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_affine),
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_like_first,
    .cpu = {.run = affine_run},
    .grad = affine_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &some[0]},
                                     {.in = {"f32[1]"}, .attr = &some[1]},
                                     {.in = {"f32[]"}, .attr = &some[0]},
                                     {.in = {"f32[5,8191]"}, .attr = &some[0]},
                                     {0}},
};

sdag_val sdag_op_affine(sdag_build *b, sdag_val x, float scale, float shift)
{
    if (scale == 1 && shift == 0) return x;
    return sdag_emit1(b, &sdag_opdef_affine, x, &(sdag_attr_affine){scale, shift});
}
