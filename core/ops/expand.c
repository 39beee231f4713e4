/* expand: x broadcast to a shape, NumPy's rules, and times a number (mean's adjoint needs one): y = scale x.
 * adjoint: gx = scale g, summed over the axes in which x was repeated. */
#include "core/cpu/broadcast.h"
#include "core/ops/adjoint.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

SDAG_ROWS(expand_rows, float, (u * v))

static void expand_run(const sdag_args *a)
{
    const sdag_attr_expand *o = a->attr;
    sdag_broadcast p = sdag_broadcast_of(&a->out[0].shape, &SDAG_SCALAR, &a->in[0].shape);
    sdag_broadcast_run(&p, a->lo, a->hi, a->out[0].data, &o->scale, a->in[0].data, expand_rows);
}

static bool expand_shape(sdag_shaping *s)
{
    const sdag_attr_expand *o = s->attr;
    sdag_shape both;
    char text[SDAG_SHAPE_TEXT];
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = o->to};
    if (!sdag_rule_f32(s)) return false;
    if (sdag_shape_broadcast(&both, s->in[0].shape, o->to) && sdag_shape_equal(both, o->to)) return true;
    return sdag_shape_fail(s, "it cannot be repeated to %s", sdag_shape_text(text, SDAG_DT_F32, o->to));
}

static void expand_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    const sdag_attr_expand *e = o->attr;
    if (wants[0]) gin[0] = sdag_sum_product_to(b, gout[0], 0, sdag_shape_at(b, o->in[0]), e->scale);
}

static const sdag_attr_expand some[] = {
    {{3, {2, 3, 5}}, 1}, {{2, {7, 4}}, -0.5f}, {{1, {1}}, 1}, {{3, {130, 3, 101}}, 2}, {{0}, 3}, {{4, {2, 1, 3, 2}}, 1},
};

const sdag_op sdag_opdef_expand = {
    .name = "expand",
    .math = "y = x repeated",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_expand),
    .split = SDAG_SPLIT_ELEMS,
    .shape = expand_shape,
    .cpu = {.run = expand_run},
    .grad = expand_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,1]"}, .attr = &some[0]},
                                     {.in = {"f32[]"}, .attr = &some[1]},
                                     {.in = {"f32[4]"}, .attr = &some[1]},
                                     {.in = {"f32[1]"}, .attr = &some[2]},
                                     {.in = {"f32[130,1,101]"}, .attr = &some[3]},
                                     {.in = {"f32[]"}, .attr = &some[4]},
                                     {.in = {"f32[2,1,1,2]"}, .attr = &some[5]},
                                     {0}},
};

sdag_val sdag_expand_scaled(sdag_build *b, sdag_val x, sdag_shape to, float scale)
{
    if (sdag_shape_equal(sdag_shape_at(b, x), to)) return sdag_op_affine(b, x, scale, 0);
    return sdag_emit1(b, &sdag_opdef_expand, x, &(sdag_attr_expand){to, scale});
}

sdag_val sdag_op_expand(sdag_build *b, sdag_val x, sdag_shape to) { return sdag_expand_scaled(b, x, to, 1); }
