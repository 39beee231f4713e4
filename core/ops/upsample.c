/* upsample: every pixel of x becomes a square of k by k pixels (nearest neighbour; torch's Upsample).
 *   y[n,i,j,c] = x[n, i/k, j/k, c]                                f32[N,H,W,C] -> f32[N,kH,kW,C]
 * adjoint: gx[n,h,w,c] = sum of gy over the square, row by row.
 * Tiles are rows of x. */
#include <string.h>

#include "core/cpu/simd.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"
#include "core/ops/window.h"

enum { FACTOR_MAX = 64 };

static bool upsample_shape(sdag_shaping *s)
{
    const int64_t k = ((const sdag_attr_factor *)s->attr)->factor;
    const sdag_shape *x = &s->in[0].shape;
    if (!sdag_rule_f32(s)) return false;
    if (x->rank != 4) return sdag_shape_fail(s, "x must be images [N,H,W,C]");
    if (k < 1 || k > FACTOR_MAX) return sdag_shape_fail(s, "the factor must be 1 to %d", FACTOR_MAX);
    if (x->d[1] > INT32_MAX || x->d[2] > INT32_MAX) return sdag_shape_fail(s, "the image is too large");
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = SDAG_SHAPE(x->d[0], k * x->d[1], k * x->d[2], x->d[3])};
    return true;
}

/* Both directions: tiles are rows of the smaller image. */
static void upsample_plan(sdag_tiling *t, const sdag_args *a)
{
    const int64_t k = ((const sdag_attr_factor *)a->attr)->factor;
    const sdag_shape *x = &a->in[0].shape, *y = &a->out[0].shape;
    const sdag_shape *small = x->d[1] < y->d[1] ? x : y;
    t->tiles[0] = sdag_window_tiles(small->d[0] * small->d[1], small->d[2] * small->d[3] * k * k);
}

/* k rows of y, of w * k pixels, from one row of x. */
SDAG_CLONES static void upsample_row(float *y, const float *x, int64_t w, int64_t c, int64_t k)
{
    float *to = y;
    for (int64_t j = 0; j < w; j++, x += c)
        for (int64_t q = 0; q < k; q++, to += c) {
            SDAG_SIMD
            for (int64_t i = 0; i < c; i++) to[i] = x[i];
        }
    for (int64_t p = 1; p < k; p++) memcpy(y + p * w * k * c, y, (size_t)(w * k * c) * sizeof *y);
}

static void upsample_run(const sdag_args *a)
{
    const int64_t k = ((const sdag_attr_factor *)a->attr)->factor;
    const int64_t *d = a->in[0].shape.d, width = d[2] * d[3];
    int64_t lo, hi;
    sdag_window_rows(&lo, &hi, d[0] * d[1], width * k * k, a->tile);
    for (int64_t row = lo; row < hi; row++)
        upsample_row(SDAG_DATA_F32(a->out[0]) + row * width * k * k, SDAG_DATA_F32(a->in[0]) + row * width, d[2], d[3],
                     k);
}

/* ---- adjoint: gy -> gx */

static bool upsample_grad_shape(sdag_shaping *s)
{
    const int64_t k = ((const sdag_attr_factor *)s->attr)->factor;
    s->out[0] = s->in[0];
    s->out[0].shape.d[1] /= k;
    s->out[0].shape.d[2] /= k;
    return true;
}

/* One row of gx, of w pixels, from k rows of gy. */
SDAG_CLONES static void upsample_grad_row(float *gx, const float *gy, int64_t w, int64_t c, int64_t k)
{
    memset(gx, 0, (size_t)(w * c) * sizeof *gx);
    for (int64_t p = 0; p < k; p++)
        for (int64_t j = 0; j < w; j++)
            for (int64_t q = 0; q < k; q++, gy += c) {
                SDAG_SIMD
                for (int64_t i = 0; i < c; i++) gx[j * c + i] += gy[i];
            }
}

static void upsample_grad_run(const sdag_args *a)
{
    const int64_t k = ((const sdag_attr_factor *)a->attr)->factor;
    const int64_t *d = a->out[0].shape.d, width = d[2] * d[3];
    int64_t lo, hi;
    sdag_window_rows(&lo, &hi, d[0] * d[1], width * k * k, a->tile);
    for (int64_t row = lo; row < hi; row++)
        upsample_grad_row(SDAG_DATA_F32(a->out[0]) + row * width, SDAG_DATA_F32(a->in[0]) + row * width * k * k, d[2],
                          d[3], k);
}

static const sdag_op upsample_grad_op = {
    .name = "upsample_grad",
    .math = "gx = sum of gy over a square",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_factor),
    .flags = SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_PLAN,
    .shape = upsample_grad_shape,
    .cpu = {.plan = upsample_plan, .run = upsample_grad_run},
};

static void upsample_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                          sdag_val *gin)
{
    if (wants[0] && gout[0]) gin[0] = sdag_emit1(b, &upsample_grad_op, gout[0], o->attr);
}

static const sdag_attr_factor one = {1}, two = {2}, three = {3};

const sdag_op sdag_opdef_upsample = {
    .name = "upsample",
    .math = "y[n,i,j,c] = x[n,i/k,j/k,c]",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_factor),
    .split = SDAG_SPLIT_PLAN,
    .shape = upsample_shape,
    .cpu = {.plan = upsample_plan, .run = upsample_run},
    .grad = upsample_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[2,4,6,3]"}, .attr = &two},
                                     {.in = {"f32[1,5,1,7]"}, .attr = &three},
                                     {.in = {"f32[3,1,1,1]"}, .attr = &two},
                                     {.in = {"f32[2,3,2,5]"}, .attr = &one},
                                     {.in = {"f32[3,17,19,33]"}, .attr = &two},
                                     {0}},
};

sdag_val sdag_op_upsample(sdag_build *b, sdag_val x, int factor)
{
    return factor == 1 ? x : sdag_emit1(b, &sdag_opdef_upsample, x, &(sdag_attr_factor){.factor = factor});
}
