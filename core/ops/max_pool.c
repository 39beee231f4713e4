/* max_pool over windows of images, channels last:
 *   y[n,i,j,c] = max of x[n, i*stride - pad + a, j*stride - pad + b, c],  0 <= a, b < size; outside of x: -inf
 * adjoint: gx[n,h,w,c] = sum of gy over the windows in which this element was the (first) maximum.
 * The place a * size + b of the maximum is a second result, u8: one byte an element is kept for the adjoint instead
 * of x. NaN is a maximum. Tiles are rows of y, or of gx: the adjoint gathers from the windows that hold an element. */
#include <string.h>

#include "core/cpu/simd.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/window.h"

enum { WINDOW_MAX = 15 }; /* 15 * 15 places fit a byte */

static bool max_pool_shape(sdag_shaping *s)
{
    sdag_window v;
    if (!sdag_window_rule(s, &v, WINDOW_MAX)) return false;
    s->out[1] = (sdag_tensor){.dtype = SDAG_DT_U8, .shape = s->out[0].shape};
    return true;
}

static sdag_window window_of(const sdag_args *a) { return sdag_window_of(&a->in[0].shape, a->attr); }

static void max_pool_plan(sdag_tiling *t, const sdag_args *a)
{
    const sdag_window v = window_of(a);
    t->tiles[0] = sdag_window_tiles(v.n * v.oh, v.ow * v.c);
    t->scratch = (size_t)v.c * sizeof(int32_t);
}

/* One more element x of the window, for all channels. NaN is taken and kept. */
SDAG_INLINE void take(float *y, int32_t *at, const float *x, int32_t place, int64_t c)
{
    SDAG_SIMD
    for (int64_t i = 0; i < c; i++) {
        const float u = x[i], m = y[i];
        const int32_t p = at[i];
        y[i] = u > m ? u : u != u ? u : m;
        at[i] = u > m ? place : u != u ? place : p;
    }
}

/* Row i of the result of one image x; at: i32[C]. */
SDAG_CLONES static void max_pool_row(float *y, uint8_t *place, int32_t *at, const float *x, const sdag_window *v,
                                     int64_t i)
{
    const int64_t top = i * v->stride - v->pad, c = v->c;
    for (int64_t j = 0; j < v->ow; j++, y += c, place += c) {
        const int64_t left = j * v->stride - v->pad;
        bool first = true;
        for (int64_t p = 0; p < v->size * v->size; p++) {
            const int64_t h = top + p / v->size, w = left + p % v->size;
            if (h < 0 || h >= v->h || w < 0 || w >= v->w) continue;
            const float *from = x + (h * v->w + w) * c;
            if (first)
                for (int64_t k = 0; k < c; k++) y[k] = from[k], at[k] = (int32_t)p;
            else take(y, at, from, (int32_t)p, c);
            first = false;
        }
        SDAG_SIMD
        for (int64_t k = 0; k < c; k++) place[k] = (uint8_t)at[k];
    }
}

static void max_pool_run(const sdag_args *a)
{
    const sdag_window v = window_of(a);
    int64_t lo, hi;
    sdag_window_rows(&lo, &hi, v.n * v.oh, v.ow * v.c, a->tile);
    for (int64_t row = lo; row < hi; row++) {
        const int64_t to = row * v.ow * v.c;
        max_pool_row(SDAG_DATA_F32(a->out[0]) + to, SDAG_DATA_U8(a->out[1]) + to, a->scratch,
                     SDAG_DATA_F32(a->in[0]) + row / v.oh * v.h * v.w * v.c, &v, row % v.oh);
    }
}

/* ---- adjoint: gy, place -> gx */

static bool max_pool_grad_shape(sdag_shaping *s)
{
    const sdag_attr_pool *o = s->attr;
    s->out[0] = s->in[0];
    s->out[0].shape.d[1] = o->h;
    s->out[0].shape.d[2] = o->w;
    return true;
}

static void max_pool_grad_plan(sdag_tiling *t, const sdag_args *a)
{
    const sdag_shape *gx = &a->out[0].shape;
    t->tiles[0] = sdag_window_tiles(gx->d[0] * gx->d[1], gx->d[2] * gx->d[3]);
}

SDAG_INLINE void give(float *gx, const float *gy, const uint8_t *place, int32_t here, int64_t c)
{
    SDAG_SIMD
    for (int64_t i = 0; i < c; i++) gx[i] += (int32_t)place[i] == here ? gy[i] : 0;
}

/* Row h of one image. */
SDAG_CLONES static void max_pool_grad_row(float *gx, const float *gy, const uint8_t *place, const sdag_window *v,
                                          int64_t h)
{
    int64_t i0, i1, j0, j1;
    memset(gx, 0, (size_t)(v->w * v->c) * sizeof *gx);
    sdag_window_holding(&i0, &i1, v, h, v->oh);
    for (int64_t w = 0; w < v->w; w++) {
        sdag_window_holding(&j0, &j1, v, w, v->ow);
        for (int64_t i = i0; i < i1; i++)
            for (int64_t j = j0; j < j1; j++) {
                const int64_t at = (i * v->ow + j) * v->c;
                const int64_t p = (h + v->pad - i * v->stride) * v->size + w + v->pad - j * v->stride;
                give(gx + w * v->c, gy + at, place + at, (int32_t)p, v->c);
            }
    }
}

static void max_pool_grad_run(const sdag_args *a)
{
    const sdag_window v = sdag_window_of(&a->out[0].shape, a->attr);
    int64_t lo, hi;
    sdag_window_rows(&lo, &hi, v.n * v.h, v.w * v.c, a->tile);
    for (int64_t row = lo; row < hi; row++) {
        const int64_t image = row / v.h * v.oh * v.ow * v.c;
        max_pool_grad_row(SDAG_DATA_F32(a->out[0]) + row * v.w * v.c, SDAG_DATA_F32(a->in[0]) + image,
                          SDAG_DATA_U8(a->in[1]) + image, &v, row % v.h);
    }
}

static const sdag_op max_pool_grad_op = {
    .name = "max_pool_grad",
    .math = "gx = gy where x was the maximum",
    .n_in = 2,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_pool),
    .flags = SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_PLAN,
    .shape = max_pool_grad_shape,
    .cpu = {.plan = max_pool_grad_plan, .run = max_pool_grad_run},
};

static void max_pool_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                          sdag_val *gin)
{
    sdag_attr_pool k = *(const sdag_attr_pool *)o->attr;
    k.h = sdag_dim(b, o->in[0], 1);
    k.w = sdag_dim(b, o->in[0], 2);
    if (wants[0] && gout[0]) gin[0] = sdag_emit2(b, &max_pool_grad_op, gout[0], o->out[1], &k);
}

static const sdag_attr_pool two = {2, 2, 0, 0, 0}, three = {3, 2, 1, 0, 0}, dense = {3, 1, 1, 0, 0},
                            sparse = {2, 3, 0, 0, 0}, one = {1, 1, 0, 0, 0};

const sdag_op sdag_opdef_max_pool = {
    .name = "max_pool",
    .math = "y = max of a window",
    .n_in = 1,
    .n_out = 2,
    .attr_size = sizeof(sdag_attr_pool),
    .split = SDAG_SPLIT_PLAN,
    .shape = max_pool_shape,
    .cpu = {.plan = max_pool_plan, .run = max_pool_run},
    .grad = max_pool_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[2,4,6,3]"}, .attr = &two},
                                     {.in = {"f32[1,5,7,5]"}, .attr = &three},
                                     {.in = {"f32[2,3,3,1]"}, .attr = &dense},
                                     {.in = {"f32[1,7,8,2]"}, .attr = &sparse},
                                     {.in = {"f32[2,1,3,4]"}, .attr = &one},
                                     {.in = {"f32[3,33,31,17]"}, .attr = &three},
                                     {0}},
};

sdag_val sdag_op_max_pool(sdag_build *b, sdag_val x, int size, int stride, int pad)
{
    return sdag_emit1(b, &sdag_opdef_max_pool, x, &(sdag_attr_pool){.size = size, .stride = stride, .pad = pad});
}
