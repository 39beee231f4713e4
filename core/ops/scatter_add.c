/* scatter_add: the adjoint of gather. y_v = sum of the rows i with index_i = v; i32[...], f32[index..., ...] -> f32[n,
 * ...]. An index outside 0..n-1 fails the step. adjoint: the rows of g at index (gather).
 *
 * A tile owns a block of the results (rows and columns), walks all indices in order and adds in double, so that no two
 * tiles write the same number and the order is fixed. */
#include <string.h>

#include "core/cpu/simd.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

enum { BLOCK = 16384, COLS_MIN = 64, WORK = 65536 };

typedef struct blocks {
    int64_t n, row, count;            /* rows of y, elements of a row, number of indices */
    int64_t rows, cols, down, across; /* of a block; how many blocks */
} blocks;

static blocks blocks_of(const sdag_args *a)
{
    blocks k = {.n = ((const sdag_attr_rows *)a->attr)->n, .count = sdag_elems(&a->in[0].shape)};
    k.row = sdag_run_of(&a->out[0].shape, 0, 1).after;
    /* Columns are cut when what all indices add is much and rows are long, rows so that a block stays in the cache. */
    int64_t pieces = k.row > 0 ? k.count * k.row / WORK : 0;
    if (pieces > k.row / COLS_MIN) pieces = k.row / COLS_MIN;
    int64_t fewest = (k.row + BLOCK - 1) / BLOCK; /* a row alone may be larger than a block */
    if (pieces < fewest) pieces = fewest;
    k.cols = pieces > 1 ? (k.row + pieces - 1) / pieces : k.row;
    if (k.cols < 1) k.cols = 1;
    k.rows = BLOCK / k.cols;
    if (k.rows > k.n) k.rows = k.n > 0 ? k.n : 1;
    k.down = (k.n + k.rows - 1) / k.rows;
    k.across = (k.row + k.cols - 1) / k.cols;
    return k;
}

static void scatter_plan(sdag_tiling *t, const sdag_args *a)
{
    blocks k = blocks_of(a);
    t->tiles[0] = k.down * k.across > 0 ? k.down * k.across : 1;
    t->scratch = (size_t)(k.rows * k.cols) * sizeof(double);
}

SDAG_CLONES static void scatter_add_row(double *to, const float *x, int64_t n)
{
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) to[i] += (double)x[i];
}

static void scatter_run(const sdag_args *a)
{
    blocks k = blocks_of(a);
    if (!k.across || !k.down) return;
    int64_t from = a->tile / k.across * k.rows, to = from + k.rows < k.n ? from + k.rows : k.n;
    int64_t col = a->tile % k.across * k.cols, cols = k.row - col < k.cols ? k.row - col : k.cols;
    const int32_t *index = SDAG_DATA_I32(a->in[0]);
    const float *x = SDAG_DATA_F32(a->in[1]) + col;
    float *y = SDAG_DATA_F32(a->out[0]) + col;
    double *sum = a->scratch;
    memset(sum, 0, (size_t)((to - from) * cols) * sizeof *sum);
    for (int64_t i = 0; i < k.count; i++) {
        if (index[i] < 0 || index[i] >= k.n) {
            sdag_op_fail(a, SDAG_IO, "index %d is outside 0..%lld", index[i], (long long)k.n - 1);
            return;
        }
        if (index[i] >= from && index[i] < to) scatter_add_row(sum + (index[i] - from) * cols, x + i * k.row, cols);
    }
    for (int64_t r = from; r < to; r++)
        for (int64_t c = 0; c < cols; c++) y[r * k.row + c] = (float)sum[(r - from) * cols + c];
}

static bool scatter_shape(sdag_shaping *s)
{
    sdag_shape index = s->in[0].shape, x = s->in[1].shape, y = {1, {((const sdag_attr_rows *)s->attr)->n}};
    if (!sdag_rule_dtype(s, 0, SDAG_DT_I32) || !sdag_rule_dtype(s, 1, SDAG_DT_F32)) return false;
    if (x.rank < index.rank || memcmp(x.d, index.d, (size_t)index.rank * sizeof *x.d))
        return sdag_shape_fail(s, "the rows do not start with the shape of the index");
    if (y.d[0] < 0 || x.rank - index.rank + 1 > SDAG_RANK_MAX) return sdag_shape_fail(s, "no such result");
    for (int i = index.rank; i < x.rank; i++) y.d[y.rank++] = x.d[i];
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = y};
    return true;
}

static void scatter_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                         sdag_val *gin)
{
    if (wants[1]) gin[1] = sdag_op_gather(b, gout[0], o->in[0]);
}

static const sdag_attr_rows some[] = {{5}, {1}, {101}, {20011}};

const sdag_op sdag_opdef_scatter_add = {
    .name = "scatter_add",
    .math = "y[index] += x",
    .n_in = 2,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_rows),
    .split = SDAG_SPLIT_PLAN,
    .shape = scatter_shape,
    .cpu = {.plan = scatter_plan, .run = scatter_run},
    .grad = scatter_grad,
    .check = (const sdag_op_check[]){{.in = {"i32[4]<5", "f32[4,3]"}, .attr = &some[0]},
                                     {.in = {"i32[2,3]<5", "f32[2,3]"}, .attr = &some[0]},
                                     {.in = {"i32[3]<1", "f32[3,2,1]"}, .attr = &some[1]},
                                     {.in = {"i32[]<5", "f32[3]"}, .attr = &some[0]},
                                     {.in = {"i32[1009]<101", "f32[1009,137]"}, .attr = &some[2]},
                                     {.in = {"i32[7]<5", "f32[7,20011]"}, .attr = &some[0]},
                                     {.in = {"i32[300]<20011", "f32[300,3]"}, .attr = &some[3]},
                                     {0}},
};

sdag_val sdag_op_scatter_add(sdag_build *b, sdag_val index, sdag_val rows, int64_t n)
{
    return sdag_emit2(b, &sdag_opdef_scatter_add, index, rows, &(sdag_attr_rows){n});
}
