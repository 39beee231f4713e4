/* gather: rows of a table, y_i = table[index_i]; f32[V, ...] by i32[...] -> f32[index..., ...]. Token embeddings,
 * pairs. An index outside 0..V-1 fails the step. adjoint: the rows of g added up at their index (scatter_add). */
#include <string.h>

#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

enum { TILE = 32768 };

static int64_t rows_of_tile(int64_t row) { return row < TILE ? TILE / (row > 0 ? row : 1) : 1; }

static int64_t row_of(const sdag_args *a) { return sdag_run_of(&a->in[0].shape, 0, 1).after; }

static void gather_plan(sdag_tiling *t, const sdag_args *a)
{
    int64_t n = sdag_elems(&a->in[1].shape), each = rows_of_tile(row_of(a));
    t->tiles[0] = n > each ? (n + each - 1) / each : 1;
}

static void gather_run(const sdag_args *a)
{
    int64_t row = row_of(a), each = rows_of_tile(row), n = sdag_elems(&a->in[1].shape), v = a->in[0].shape.d[0];
    int64_t hi = (a->tile + 1) * each < n ? (a->tile + 1) * each : n;
    const int32_t *index = SDAG_DATA_I32(a->in[1]);
    for (int64_t i = a->tile * each; i < hi; i++) {
        if (index[i] < 0 || index[i] >= v) {
            sdag_op_fail(a, SDAG_IO, "index %d is outside 0..%lld", index[i], (long long)v - 1);
            return;
        }
        memcpy(SDAG_DATA_F32(a->out[0]) + i * row, SDAG_DATA_F32(a->in[0]) + index[i] * row,
               (size_t)row * sizeof(float));
    }
}

static bool gather_shape(sdag_shaping *s)
{
    sdag_shape table = s->in[0].shape, y = s->in[1].shape;
    if (!sdag_rule_dtype(s, 0, SDAG_DT_F32) || !sdag_rule_dtype(s, 1, SDAG_DT_I32)) return false;
    if (table.rank < 1) return sdag_shape_fail(s, "the table has no rows");
    if (y.rank + table.rank - 1 > SDAG_RANK_MAX) return sdag_shape_fail(s, "more than %d axes", SDAG_RANK_MAX);
    for (int i = 1; i < table.rank; i++) y.d[y.rank++] = table.d[i];
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = y};
    return true;
}

static void gather_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_op_scatter_add(b, o->in[1], gout[0], sdag_dim(b, o->in[0], 0));
}

const sdag_op sdag_opdef_gather = {
    .name = "gather",
    .math = "y = table[index]",
    .n_in = 2,
    .n_out = 1,
    .split = SDAG_SPLIT_PLAN,
    .shape = gather_shape,
    .cpu = {.plan = gather_plan, .run = gather_run},
    .grad = gather_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[5,3]", "i32[4]<5"}},
                                     {.in = {"f32[7]", "i32[2,3]<7"}},
                                     {.in = {"f32[1,2,1]", "i32[3]<1"}},
                                     {.in = {"f32[5,3]", "i32[]<5"}},
                                     {.in = {"f32[101,37]", "i32[1009]<101"}},
                                     {.in = {"f32[3,20011]", "i32[5]<3"}},
                                     {0}},
};

sdag_val sdag_op_gather(sdag_build *b, sdag_val table, sdag_val index)
{
    return sdag_emit2(b, &sdag_opdef_gather, table, index, NULL);
}
