/* eye_distance: how far a square matrix is from a multiple of the identity, on and beside its diagonal.
 *   y = on sum_i (x_ii - eye)^2 + off sum_i sum_j!=i x_ij^2            f32[...,N,N] -> f32[]
 * adjoint: gx_ii = 2 g on (x_ii - eye), gx_ij = 2 g off x_ij
 * One pass over x each way, where D x D correlations are large. Stage 0 sums blocks of rows, stage 1 adds them in
 * order. */
#include "core/cpu/rows.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

enum { TILE = 65536 };

static bool eye_distance_shape(sdag_shaping *s)
{
    const sdag_shape x = s->in[0].shape;
    if (x.rank < 2 || x.d[x.rank - 1] != x.d[x.rank - 2])
        return sdag_shape_fail(s, "the last two axes are not a square");
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = SDAG_SCALAR};
    return sdag_rule_f32(s);
}

static int64_t rows_of(const sdag_shape *x) /* in a tile */
{
    const int64_t n = sdag_last(x);
    return n < 1 || n > TILE ? 1 : TILE / n;
}

static int64_t tiles_of(const sdag_shape *x)
{
    const int64_t rows = sdag_rows(x), each = rows_of(x);
    return rows > each ? (rows + each - 1) / each : 1;
}

static void eye_distance_plan(sdag_tiling *t, const sdag_args *a)
{
    const sdag_shape *x = &a->in[0].shape;
    t->stages = 2;
    t->tiles[0] = tiles_of(x);
    t->tiles[1] = 1;
    t->workspace = (size_t)t->tiles[0] * sizeof(double);
    t->flops = 2 * (double)sdag_elems(x);
}

/* Rows [lo,hi); the diagonal of row r is at r % n. */
SDAG_CLONES static double eye_rows(const float *x, int64_t lo, int64_t hi, int64_t n, const sdag_attr_eye *o)
{
    double on = 0, off = 0;
    for (int64_t r = lo; r < hi; r++) {
        const float *row = x + r * n;
        const int64_t i = r % n;
        const double d = (double)row[i] - (double)o->eye;
        on += d * d;
        off += sdag_row_dot(row, row, i) + sdag_row_dot(row + i + 1, row + i + 1, n - i - 1);
    }
    return (double)o->on * on + (double)o->off * off;
}

static void eye_distance_run(const sdag_args *a)
{
    const sdag_shape *x = &a->in[0].shape;
    double *part = a->workspace, sum = 0;
    if (a->stage == 1) {
        for (int64_t t = 0, n = tiles_of(x); t < n; t++) sum += part[t];
        *SDAG_DATA_F32(a->out[0]) = (float)sum;
        return;
    }
    const int64_t rows = sdag_rows(x), lo = a->tile * rows_of(x), hi = lo + rows_of(x);
    part[a->tile] = eye_rows(SDAG_DATA_F32(a->in[0]), lo, hi < rows ? hi : rows, sdag_last(x), a->attr);
}

/* ---- adjoint: x, g -> gx */

SDAG_CLONES static void eye_grad_rows(float *gx, const float *x, int64_t lo, int64_t hi, int64_t n, float g,
                                      const sdag_attr_eye *o)
{
    for (int64_t r = lo; r < hi; r++) {
        const int64_t i = r * n + r % n;
        const float d = 2 * g * o->on * (x[i] - o->eye);
        sdag_row_scale(gx + r * n, x + r * n, 2 * g * o->off, n);
        gx[i] = d;
    }
}

static void eye_grad_run(const sdag_args *a)
{
    eye_grad_rows(SDAG_DATA_F32(a->out[0]), SDAG_DATA_F32(a->in[0]), a->lo, a->hi, sdag_last(&a->in[0].shape),
                  *SDAG_DATA_F32(a->in[1]), a->attr);
}

static const sdag_op eye_grad_op = {
    .name = "eye_distance_grad",
    .math = "gx = 2 g (on (x - eye) on the diagonal, off x beside it)",
    .n_in = 2,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_eye),
    .flags = SDAG_OP_INPLACE | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ROWS,
    .shape = sdag_shape_like_first,
    .cpu = {.run = eye_grad_run},
};

static void eye_distance_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                              sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_emit2(b, &eye_grad_op, o->in[0], gout[0], o->attr);
}

static const sdag_attr_eye twins = {1, 1, 5e-3f}, beside = {0, 0, 0.25f}, both = {2, 0.5f, 1};

const sdag_op sdag_opdef_eye_distance = {
    .name = "eye_distance",
    .math = "y = on sum (x_ii - eye)^2 + off sum_i!=j x_ij^2",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_eye),
    .split = SDAG_SPLIT_PLAN,
    .shape = eye_distance_shape,
    .cpu = {.plan = eye_distance_plan, .run = eye_distance_run},
    .grad = eye_distance_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[5,5]"}, .attr = &twins},
                                     {.in = {"f32[2,3,3]"}, .attr = &both},
                                     {.in = {"f32[1,1]"}, .attr = &both},
                                     {.in = {"f32[4,4]"}, .attr = &beside},
                                     {.in = {"f32[371,371]"}, .attr = &twins},
                                     {0}},
};

sdag_val sdag_op_eye_distance(sdag_build *b, sdag_val x, float eye, float on, float off)
{
    return sdag_emit1(b, &sdag_opdef_eye_distance, x, &(sdag_attr_eye){eye, on, off});
}
