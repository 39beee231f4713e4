/* take: chosen tokens of every sample, y_bk = x_b,index(b,k); f32[B,T,D] by i32[B,K] -> f32[B,K,D]. The visible patches
 * of an image, the masked positions of a text. An index outside 0..T-1 fails the step.
 * put: its adjoint. y_bt = sum of x_bk over the k with index(b,k) = t, in order; f32[B,K,D] by i32[B,K] -> f32[B,T,D].
 * Tokens that were not chosen are 0. The adjoint of put is take.
 * Tiles are groups of samples. */
#include <string.h>

#include "core/cpu/simd.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

enum { TILE = 32768 };

/* Samples in a tile: by the larger of the two tensors. */
static int64_t group_of(const sdag_args *a)
{
    const sdag_shape *x = &a->in[0].shape, *y = &a->out[0].shape;
    int64_t each = (x->d[1] > y->d[1] ? x->d[1] : y->d[1]) * x->d[2];
    return each > 0 && each < TILE ? TILE / each : 1;
}

static void plan(sdag_tiling *t, const sdag_args *a)
{
    int64_t n = a->in[0].shape.d[0], group = group_of(a);
    t->tiles[0] = n > group ? (n + group - 1) / group : 1;
}

/* x f32[B,R,D], index i32[B,K] -> f32[B,tokens,D] */
static bool shape(sdag_shaping *s, int64_t tokens)
{
    const sdag_shape x = s->in[0].shape, index = s->in[1].shape;
    if (!sdag_rule_dtype(s, 0, SDAG_DT_F32) || !sdag_rule_dtype(s, 1, SDAG_DT_I32)) return false;
    if (x.rank != 3) return sdag_shape_fail(s, "the argument must be [samples, tokens, width]");
    if (index.rank != 2 || index.d[0] != x.d[0]) return sdag_shape_fail(s, "the index must be [samples, chosen]");
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = SDAG_SHAPE(x.d[0], tokens, x.d[2])};
    return true;
}

static bool take_shape(sdag_shaping *s) { return shape(s, s->in[1].shape.rank == 2 ? s->in[1].shape.d[1] : 0); }

static bool put_shape(sdag_shaping *s)
{
    const int64_t n = ((const sdag_attr_rows *)s->attr)->n;
    if (n < 0) return sdag_shape_fail(s, "no such result");
    if (!shape(s, n)) return false;
    if (s->in[0].shape.d[1] != s->in[1].shape.d[1]) return sdag_shape_fail(s, "one index for each token");
    return true;
}

static bool in_range(const sdag_args *a, const int32_t *index, int64_t n, int64_t tokens)
{
    for (int64_t i = 0; i < n; i++)
        if (index[i] < 0 || index[i] >= tokens) {
            sdag_op_fail(a, SDAG_IO, "token %d is outside 0..%lld", index[i], (long long)tokens - 1);
            return false;
        }
    return true;
}

static void take_run(const sdag_args *a)
{
    const int64_t n = a->in[0].shape.d[0], t = a->in[0].shape.d[1], d = a->in[0].shape.d[2], k = a->in[1].shape.d[1];
    const int64_t group = group_of(a);
    for (int64_t b = a->tile * group; b < n && b < (a->tile + 1) * group; b++) {
        const int32_t *index = SDAG_DATA_I32(a->in[1]) + b * k;
        const float *x = SDAG_DATA_F32(a->in[0]) + b * t * d;
        float *y = SDAG_DATA_F32(a->out[0]) + b * k * d;
        if (!in_range(a, index, k, t)) return;
        for (int64_t i = 0; i < k; i++) memcpy(y + i * d, x + index[i] * d, (size_t)d * sizeof *y);
    }
}

SDAG_CLONES static void put_row(float *y, const float *x, int64_t d)
{
    SDAG_SIMD
    for (int64_t i = 0; i < d; i++) y[i] += x[i];
}

static void put_run(const sdag_args *a)
{
    const int64_t n = a->in[0].shape.d[0], k = a->in[0].shape.d[1], d = a->in[0].shape.d[2], t = a->out[0].shape.d[1];
    const int64_t group = group_of(a);
    for (int64_t b = a->tile * group; b < n && b < (a->tile + 1) * group; b++) {
        const int32_t *index = SDAG_DATA_I32(a->in[1]) + b * k;
        const float *x = SDAG_DATA_F32(a->in[0]) + b * k * d;
        float *y = SDAG_DATA_F32(a->out[0]) + b * t * d;
        memset(y, 0, (size_t)(t * d) * sizeof *y);
        if (!in_range(a, index, k, t)) return;
        for (int64_t i = 0; i < k; i++) put_row(y + index[i] * d, x + i * d, d);
    }
}

static void take_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_op_put(b, gout[0], o->in[1], sdag_dim(b, o->in[0], 1));
}

static void put_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_op_take(b, gout[0], o->in[1]);
}

const sdag_op sdag_opdef_take = {
    .name = "take",
    .math = "y[b,k] = x[b,index[b,k]]",
    .n_in = 2,
    .n_out = 1,
    .split = SDAG_SPLIT_PLAN,
    .shape = take_shape,
    .cpu = {.plan = plan, .run = take_run},
    .grad = take_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[1,1,1]", "i32[1,1]<1"}},
                                     {.in = {"f32[3,5,2]", "i32[3,4]<5"}},
                                     {.in = {"f32[2,3,7]", "i32[2,5]<3"}},
                                     {.in = {"f32[37,65,33]", "i32[37,16]<65"}},
                                     {0}},
};

static const sdag_attr_rows some[] = {{1}, {5}, {65}};

const sdag_op sdag_opdef_put = {
    .name = "put",
    .math = "y[b,index[b,k]] += x[b,k]",
    .n_in = 2,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_rows),
    .split = SDAG_SPLIT_PLAN,
    .shape = put_shape,
    .cpu = {.plan = plan, .run = put_run},
    .grad = put_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[1,1,1]", "i32[1,1]<1"}, .attr = &some[0]},
                                     {.in = {"f32[3,4,2]", "i32[3,4]<5"}, .attr = &some[1]},
                                     {.in = {"f32[2,9,3]", "i32[2,9]<5"}, .attr = &some[1]},
                                     {.in = {"f32[37,16,33]", "i32[37,16]<65"}, .attr = &some[2]},
                                     {0}},
};

sdag_val sdag_op_take(sdag_build *b, sdag_val x, sdag_val index)
{
    return sdag_emit2(b, &sdag_opdef_take, x, index, NULL);
}

sdag_val sdag_op_put(sdag_build *b, sdag_val x, sdag_val index, int64_t tokens)
{
    return sdag_emit2(b, &sdag_opdef_put, x, index, &(sdag_attr_rows){tokens});
}
