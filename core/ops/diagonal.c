/* diagonal of the last two axes: y_i = x_ii; f32[..., N, N] -> f32[..., N].
 * adjoint: g on the diagonal, 0 elsewhere. */
#include <string.h>

#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

static void diagonal_run(const sdag_args *a)
{
    int64_t n = sdag_last(&a->in[0].shape);
    const float *x = SDAG_DATA_F32(a->in[0]);
    float *y = SDAG_DATA_F32(a->out[0]);
    for (int64_t i = a->lo; i < a->hi; i++) y[i] = x[i / n * n * n + i % n * (n + 1)];
}

static bool diagonal_shape(sdag_shaping *s)
{
    sdag_shape x = s->in[0].shape;
    if (!sdag_rule_f32(s)) return false;
    if (x.rank < 2 || x.d[x.rank - 1] != x.d[x.rank - 2])
        return sdag_shape_fail(s, "the last two axes are not a square");
    x.rank--;
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = x};
    return true;
}

static void spread_run(const sdag_args *a)
{
    int64_t n = sdag_last(&a->in[0].shape);
    const float *g = SDAG_DATA_F32(a->in[0]);
    float *gx = SDAG_DATA_F32(a->out[0]);
    memset(gx + a->lo, 0, (size_t)(a->hi - a->lo) * sizeof *gx);
    for (int64_t row = a->lo / (n ? n : 1); row * n < a->hi; row++) { /* row % n is the place in the row, too */
        int64_t at = row * n + row % n;
        if (at >= a->lo && at < a->hi) gx[at] = g[row];
    }
}

static bool spread_shape(sdag_shaping *s)
{
    sdag_shape x = s->in[0].shape;
    if (x.rank < 1 || x.rank == SDAG_RANK_MAX) return sdag_shape_fail(s, "not a diagonal");
    x.d[x.rank] = x.d[x.rank - 1];
    x.rank++;
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = x};
    return sdag_rule_f32(s);
}

static const sdag_op diagonal_grad_op = {
    .name = "diagonal_grad",
    .math = "gx = diag(g)",
    .n_in = 1,
    .n_out = 1,
    .flags = SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = spread_shape,
    .cpu = {.run = spread_run},
};

static void diagonal_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                          sdag_val *gin)
{
    (void)o;
    if (wants[0]) gin[0] = sdag_emit1(b, &diagonal_grad_op, gout[0], NULL);
}

const sdag_op sdag_opdef_diagonal = {
    .name = "diagonal",
    .math = "y = diag(x)",
    .n_in = 1,
    .n_out = 1,
    .split = SDAG_SPLIT_ELEMS,
    .shape = diagonal_shape,
    .cpu = {.run = diagonal_run},
    .grad = diagonal_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[5,5]"}},
                                     {.in = {"f32[2,3,3]"}},
                                     {.in = {"f32[1,1]"}},
                                     {.in = {"f32[3,1,1]"}},
                                     {.in = {"f32[211,211]"}},
                                     {0}},
};

sdag_val sdag_op_diagonal(sdag_build *b, sdag_val x) { return sdag_emit1(b, &sdag_opdef_diagonal, x, NULL); }
