/* reshape: the same elements under another shape of as many. A view: nothing runs.
 * adjoint: g under the old shape. */
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"

static bool reshape_shape(sdag_shaping *s)
{
    int64_t n;
    char text[SDAG_SHAPE_TEXT];
    s->out[0] = (sdag_tensor){.dtype = s->in[0].dtype, .shape = ((const sdag_attr_shape *)s->attr)->to};
    if (sdag_shape_count(&n, s->out[0].shape) && n == sdag_elems(&s->in[0].shape)) return true;
    return sdag_shape_fail(s, "%s has another number of elements",
                           sdag_shape_text(text, s->out[0].dtype, s->out[0].shape));
}

static void reshape_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                         sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_op_reshape(b, gout[0], sdag_shape_at(b, o->in[0]));
}

static const sdag_attr_shape some[] = {{{1, {15}}}, {{3, {5, 1, 3}}}, {{0}}};

const sdag_op sdag_opdef_reshape = {
    .name = "reshape",
    .math = "y = x",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_shape),
    .flags = SDAG_OP_VIEW,
    .shape = reshape_shape,
    .grad = reshape_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &some[0]},
                                     {.in = {"f32[15]"}, .attr = &some[1]},
                                     {.in = {"f32[1,1]"}, .attr = &some[2]},
                                     {.in = {"i32[5,3]"}, .attr = &some[0]},
                                     {.in = {"u8[1]"}, .attr = &some[2]},
                                     {0}},
};

sdag_val sdag_op_reshape(sdag_build *b, sdag_val x, sdag_shape to)
{
    if (sdag_build_failed(b)) return 0;
    sdag_shape s = sdag_shape_at(b, x);
    int64_t known = 1;
    for (int i = 0; i < to.rank; i++)
        if (to.d[i] != -1 && __builtin_mul_overflow(known, to.d[i], &known)) known = 0; /* refused by the shape rule */
    for (int i = 0; i < to.rank && known > 0; i++)
        if (to.d[i] == -1) {
            to.d[i] = sdag_elems(&s) / known;
            known = 0; /* a second -1 stays, and is refused */
        }
    if (sdag_shape_equal(s, to)) return x;
    return sdag_emit1(b, &sdag_opdef_reshape, x, &(sdag_attr_shape){to});
}
