/* mask_diag: the diagonal of the last two axes replaced by a number (-inf: no sample is its own negative);
 * f32[..., N, N] -> the same.
 * adjoint: g with zeros on the diagonal, the same op. */
#include <math.h>
#include <string.h>

#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

static void mask_diag_run(const sdag_args *a)
{
    float value = ((const sdag_attr_value *)a->attr)->value;
    int64_t n = sdag_last(&a->in[0].shape);
    const float *x = SDAG_DATA_F32(a->in[0]);
    float *y = SDAG_DATA_F32(a->out[0]);
    if (x != y) memcpy(y + a->lo, x + a->lo, (size_t)(a->hi - a->lo) * sizeof *y);
    for (int64_t row = a->lo / (n ? n : 1); row * n < a->hi; row++) { /* row % n is the place in the row, too */
        int64_t at = row * n + row % n;
        if (at >= a->lo && at < a->hi) y[at] = value;
    }
}

static bool mask_diag_shape(sdag_shaping *s)
{
    sdag_shape x = s->in[0].shape;
    if (x.rank < 2 || x.d[x.rank - 1] != x.d[x.rank - 2])
        return sdag_shape_fail(s, "the last two axes are not a square");
    return sdag_rule_like_first(s);
}

static void mask_diag_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                           sdag_val *gin)
{
    (void)o;
    if (wants[0]) gin[0] = sdag_op_mask_diag(b, gout[0], 0);
}

static const sdag_attr_value some[] = {{0}, {-3}, {-INFINITY}};

const sdag_op sdag_opdef_mask_diag = {
    .name = "mask_diag",
    .math = "y = x, diagonal replaced",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_value),
    .flags = SDAG_OP_INPLACE | SDAG_OP_INFINITE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = mask_diag_shape,
    .cpu = {.run = mask_diag_run},
    .grad = mask_diag_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[5,5]"}, .attr = &some[0]},
                                     {.in = {"f32[2,3,3]"}, .attr = &some[1]},
                                     {.in = {"f32[1,1]"}, .attr = &some[1]},
                                     {.in = {"f32[4,4]"}, .attr = &some[2], .fixed = 1},
                                     {.in = {"f32[211,211]"}, .attr = &some[1]},
                                     {0}},
};

sdag_val sdag_op_mask_diag(sdag_build *b, sdag_val x, float value)
{
    return sdag_emit1(b, &sdag_opdef_mask_diag, x, &(sdag_attr_value){value});
}
