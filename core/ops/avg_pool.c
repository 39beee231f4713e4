/* avg_pool over windows of images, channels last; the padding counts as zeros:
 *   y[n,i,j,c] = sum of x[n, i*stride - pad + a, j*stride - pad + b, c] / size^2,  0 <= a, b < size
 * adjoint: gx[n,h,w,c] = sum of gy over the windows that hold the element, / size^2. */
#include <string.h>

#include "core/cpu/simd.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/window.h"

enum { WINDOW_MAX = 4096 };

static bool avg_pool_shape(sdag_shaping *s)
{
    sdag_window v;
    return sdag_window_rule(s, &v, WINDOW_MAX);
}

static void avg_pool_plan(sdag_tiling *t, const sdag_args *a)
{
    const sdag_shape *y = &a->out[0].shape;
    t->tiles[0] = sdag_window_tiles(y->d[0] * y->d[1], y->d[2] * y->d[3]);
}

SDAG_INLINE void add_to(float *y, const float *x, int64_t c)
{
    SDAG_SIMD
    for (int64_t i = 0; i < c; i++) y[i] += x[i];
}

SDAG_INLINE void scale_by(float *y, float scale, int64_t c)
{
    SDAG_SIMD
    for (int64_t i = 0; i < c; i++) y[i] *= scale;
}

/* Row i of the result of one image x. */
SDAG_CLONES static void avg_pool_row(float *y, const float *x, const sdag_window *v, int64_t i)
{
    const int64_t top = i * v->stride - v->pad;
    memset(y, 0, (size_t)(v->ow * v->c) * sizeof *y);
    for (int64_t h = top < 0 ? 0 : top; h < top + v->size && h < v->h; h++)
        for (int64_t j = 0; j < v->ow; j++) {
            const int64_t left = j * v->stride - v->pad, w0 = left < 0 ? 0 : left;
            for (int64_t w = w0; w < left + v->size && w < v->w; w++)
                add_to(y + j * v->c, x + (h * v->w + w) * v->c, v->c);
        }
    scale_by(y, 1.0f / (float)(v->size * v->size), v->ow * v->c);
}

static void avg_pool_run(const sdag_args *a)
{
    const sdag_window v = sdag_window_of(&a->in[0].shape, a->attr);
    int64_t lo, hi;
    sdag_window_rows(&lo, &hi, v.n * v.oh, v.ow * v.c, a->tile);
    for (int64_t row = lo; row < hi; row++)
        avg_pool_row(SDAG_DATA_F32(a->out[0]) + row * v.ow * v.c,
                     SDAG_DATA_F32(a->in[0]) + row / v.oh * v.h * v.w * v.c, &v, row % v.oh);
}

/* ---- adjoint: gy -> gx */

static bool avg_pool_grad_shape(sdag_shaping *s)
{
    const sdag_attr_pool *o = s->attr;
    s->out[0] = s->in[0];
    s->out[0].shape.d[1] = o->h;
    s->out[0].shape.d[2] = o->w;
    return true;
}

/* Row h of gx of one image. */
SDAG_CLONES static void avg_pool_grad_row(float *gx, const float *gy, const sdag_window *v, int64_t h)
{
    int64_t i0, i1, j0, j1;
    memset(gx, 0, (size_t)(v->w * v->c) * sizeof *gx);
    sdag_window_holding(&i0, &i1, v, h, v->oh);
    for (int64_t w = 0; w < v->w; w++) {
        sdag_window_holding(&j0, &j1, v, w, v->ow);
        for (int64_t i = i0; i < i1; i++)
            for (int64_t j = j0; j < j1; j++) add_to(gx + w * v->c, gy + (i * v->ow + j) * v->c, v->c);
    }
    scale_by(gx, 1.0f / (float)(v->size * v->size), v->w * v->c);
}

static void avg_pool_grad_run(const sdag_args *a)
{
    const sdag_window v = sdag_window_of(&a->out[0].shape, a->attr);
    int64_t lo, hi;
    sdag_window_rows(&lo, &hi, v.n * v.h, v.w * v.c, a->tile);
    for (int64_t row = lo; row < hi; row++)
        avg_pool_grad_row(SDAG_DATA_F32(a->out[0]) + row * v.w * v.c,
                          SDAG_DATA_F32(a->in[0]) + row / v.h * v.oh * v.ow * v.c, &v, row % v.h);
}

static const sdag_op avg_pool_grad_op = {
    .name = "avg_pool_grad",
    .math = "gx = sum of gy over windows / size^2",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_pool),
    .flags = SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_PLAN,
    .shape = avg_pool_grad_shape,
    .cpu = {.plan = avg_pool_plan, .run = avg_pool_grad_run},
};

static void avg_pool_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                          sdag_val *gin)
{
    sdag_attr_pool k = *(const sdag_attr_pool *)o->attr;
    k.h = sdag_dim(b, o->in[0], 1);
    k.w = sdag_dim(b, o->in[0], 2);
    if (wants[0] && gout[0]) gin[0] = sdag_emit1(b, &avg_pool_grad_op, gout[0], &k);
}

static const sdag_attr_pool two = {2, 2, 0, 0, 0}, three = {3, 2, 1, 0, 0}, dense = {3, 1, 1, 0, 0},
                            sparse = {2, 3, 0, 0, 0};

const sdag_op sdag_opdef_avg_pool = {
    .name = "avg_pool",
    .math = "y = mean of a window",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_pool),
    .split = SDAG_SPLIT_PLAN,
    .shape = avg_pool_shape,
    .cpu = {.plan = avg_pool_plan, .run = avg_pool_run},
    .grad = avg_pool_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[2,4,6,3]"}, .attr = &two},
                                     {.in = {"f32[1,5,7,5]"}, .attr = &three},
                                     {.in = {"f32[2,1,3,1]"}, .attr = &dense},
                                     {.in = {"f32[1,7,8,2]"}, .attr = &sparse},
                                     {.in = {"f32[3,33,31,17]"}, .attr = &three},
                                     {0}},
};

sdag_val sdag_op_avg_pool(sdag_build *b, sdag_val x, int size, int stride, int pad)
{
    return sdag_emit1(b, &sdag_opdef_avg_pool, x, &(sdag_attr_pool){.size = size, .stride = stride, .pad = pad});
}
