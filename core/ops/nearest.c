/* nearest: which row of a table is nearest to each row of x.
 *   y_i = argmin_q sum_d (x_id - c_qd)^2              x f32[...,D], c f32[Q,D] -> i32[...]
 * Of equal distances the lowest q; 0 where no distance is finite. No gradient. */
#include "core/cpu/simd.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

enum { WORK = 65536, LANES = 64 };

/* Rows of a tile: as many as make WORK distances. */
static int64_t rows_of_tile(const sdag_args *a)
{
    const int64_t q = sdag_elems(&a->in[1].shape);
    return q < WORK ? WORK / (q > 0 ? q : 1) : 1;
}

static void nearest_plan(sdag_tiling *t, const sdag_args *a)
{
    const int64_t n = sdag_rows(&a->in[0].shape), each = rows_of_tile(a);
    t->tiles[0] = n > each ? (n + each - 1) / each : 1;
    t->flops = 3.0 * (double)n * (double)sdag_elems(&a->in[1].shape);
}

/* n <= LANES rows of x at once, a lane each, so that no sum crosses lanes. */
SDAG_CLONES static void nearest_lanes(int32_t *y, const float *x, const float *c, int64_t n, int64_t q, int64_t d)
{
    float best[LANES];
    int32_t at[LANES];
    for (int64_t l = 0; l < n; l++) best[l] = __builtin_inff(), at[l] = 0;
    for (int64_t k = 0; k < q; k++, c += d) {
        float far[LANES] = {0};
        for (int64_t j = 0; j < d; j++) {
            const float m = c[j];
            SDAG_SIMD
            for (int64_t l = 0; l < n; l++) far[l] += (x[l * d + j] - m) * (x[l * d + j] - m);
        }
        SDAG_SIMD
        for (int64_t l = 0; l < n; l++) {
            at[l] = far[l] < best[l] ? (int32_t)k : at[l];
            best[l] = far[l] < best[l] ? far[l] : best[l];
        }
    }
    for (int64_t l = 0; l < n; l++) y[l] = at[l];
}

static void nearest_run(const sdag_args *a)
{
    const int64_t d = sdag_last(&a->in[0].shape), q = a->in[1].shape.d[0], n = sdag_rows(&a->in[0].shape);
    const int64_t each = rows_of_tile(a), lo = a->tile * each, hi = lo + each < n ? lo + each : n;
    int32_t *y = SDAG_DATA_I32(a->out[0]);
    for (int64_t i = lo; i < hi; i += LANES)
        nearest_lanes(y + i, SDAG_DATA_F32(a->in[0]) + i * d, SDAG_DATA_F32(a->in[1]), hi - i < LANES ? hi - i : LANES,
                      q, d);
}

static bool nearest_shape(sdag_shaping *s)
{
    sdag_shape x = s->in[0].shape, c = s->in[1].shape;
    if (!sdag_rule_f32(s)) return false;
    if (x.rank < 1 || c.rank != 2 || c.d[0] < 1 || c.d[1] < 1 || x.d[x.rank - 1] != c.d[1])
        return sdag_shape_fail(s, "the table must have rows as long as those of x");
    if (c.d[0] > INT32_MAX) return sdag_shape_fail(s, "the table has too many rows");
    x.rank--;
    x.d[x.rank] = 0;
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_I32, .shape = x};
    return true;
}

const sdag_op sdag_opdef_nearest = {
    .name = "nearest",
    .math = "y = argmin_q |x - c_q|",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_PLAN,
    .shape = nearest_shape,
    .cpu = {.plan = nearest_plan, .run = nearest_run},
    .check = (const sdag_op_check[]){{.in = {"f32[5,3]", "f32[4,3]"}},
                                     {.in = {"f32[2]", "f32[7,2]"}},
                                     {.in = {"f32[3,1,1]", "f32[1,1]"}},
                                     {.in = {"f32[67,2]#5", "f32[25,2]#5"}}, /* equal distances */
                                     {.in = {"f32[3,701,2]", "f32[313,2]"}},
                                     {0}},
};

sdag_val sdag_op_nearest(sdag_build *b, sdag_val x, sdag_val table)
{
    return sdag_emit2(b, &sdag_opdef_nearest, x, table, NULL);
}
