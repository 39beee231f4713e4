/* fill_holes: hidden pixels replaced by what can be known of them without seeing them.
 *   x f32[B,H,W,C], m f32[B,H,W,1] (0: visible), samples (optional, noise) -> y f32[B,H,W,C];  y = x where m = 0, else
 *     value    a number
 *     mean     the mean of the visible pixels of the image, for each channel
 *     noise    a normal number of their mean and deviation (the stream is named by the sample, core/ops/sample.h)
 *     border   the mean of the visible pixels around the hole: holes are what is hidden in a cell of a grid, with the
 *              smallest rectangle around it; where nothing is visible around it, the mean of the image
 * Tiles are images. No gradient: it is for data. */
#include <math.h>

#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"
#include "core/ops/sample.h"

/* One channel of one image; pixel i is at[i * c]. */
typedef struct plane {
    float *y;
    const float *x, *m;
    int64_t h, w, c;
} plane;

typedef struct box {
    int64_t y0, y1, x0, x1;
} box;

/* Mean and variance of the visible pixels in a box; false: there are none. */
static bool visible(const plane *p, box k, double *mean, double *var)
{
    double n = 0, sum = 0, squares = 0;
    for (int64_t y = k.y0; y < k.y1; y++)
        for (int64_t x = k.x0; x < k.x1; x++) {
            const int64_t i = y * p->w + x;
            if (p->m[i] != 0) continue;
            const double v = (double)p->x[i * p->c];
            n += 1;
            sum += v;
            squares += v * v;
        }
    *mean = n > 0 ? sum / n : 0;
    *var = n > 0 ? squares / n - *mean * *mean : 0;
    return n > 0;
}

/* The smallest rectangle around what is hidden in a cell; empty: nothing is. */
static box hole_in(const plane *p, box cell)
{
    box k = {cell.y1, cell.y0, cell.x1, cell.x0};
    for (int64_t y = cell.y0; y < cell.y1; y++)
        for (int64_t x = cell.x0; x < cell.x1; x++) {
            if (p->m[y * p->w + x] == 0) continue;
            if (y < k.y0) k.y0 = y;
            if (y >= k.y1) k.y1 = y + 1;
            if (x < k.x0) k.x0 = x;
            if (x >= k.x1) k.x1 = x + 1;
        }
    return k;
}

static box widened(const plane *p, box k)
{
    return (box){k.y0 > 0 ? k.y0 - 1 : 0, k.y1 < p->h ? k.y1 + 1 : p->h, k.x0 > 0 ? k.x0 - 1 : 0,
                 k.x1 < p->w ? k.x1 + 1 : p->w};
}

static void fill_box(const plane *p, box k, double v)
{
    for (int64_t y = k.y0; y < k.y1; y++)
        for (int64_t x = k.x0; x < k.x1; x++)
            if (p->m[y * p->w + x] != 0) p->y[(y * p->w + x) * p->c] = (float)v;
}

static void fill_noise(const plane *p, double mean, double var, sdag_rng *r)
{
    const double std = var > 0 ? sqrt(var) : 0;
    for (int64_t i = 0; i < p->h * p->w; i++)
        if (p->m[i] != 0) p->y[i * p->c] = (float)(mean + std * (double)sdag_rng_normal(r));
}

static void fill_borders(const plane *p, const sdag_attr_fill *o, double mean)
{
    for (int64_t y = 0; y < p->h; y += o->cell_h)
        for (int64_t x = 0; x < p->w; x += o->cell_w) {
            const box cell = {y, y + o->cell_h < p->h ? y + o->cell_h : p->h, x,
                              x + o->cell_w < p->w ? x + o->cell_w : p->w};
            const box hole = hole_in(p, cell);
            double around, var;
            if (hole.y0 >= hole.y1) continue;
            fill_box(p, hole, visible(p, widened(p, hole), &around, &var) ? around : mean);
        }
}

static void fill_plane(const plane *p, const sdag_attr_fill *o, sdag_rng *r)
{
    const box whole = {0, p->h, 0, p->w};
    double mean, var;
    for (int64_t i = 0; i < p->h * p->w; i++) p->y[i * p->c] = p->x[i * p->c];
    visible(p, whole, &mean, &var);
    if (o->fill == SDAG_FILL_NOISE) fill_noise(p, mean, var, r);
    else if (o->fill == SDAG_FILL_BORDER) fill_borders(p, o, mean);
    else fill_box(p, whole, o->fill == SDAG_FILL_MEAN ? mean : (double)o->value);
}

static void fill_run(const sdag_args *a)
{
    const sdag_attr_fill *o = a->attr;
    const sdag_shape *s = &a->in[0].shape;
    plane p = {.h = s->d[1], .w = s->d[2], .c = s->d[3]};
    for (int64_t i = a->lo; i < a->hi; i++) {
        sdag_rng r = sdag_sample_rng(a, &a->in[a->n_in - 1], o->stream, i);
        const int64_t at = i * p.h * p.w;
        p.m = SDAG_DATA_F32(a->in[1]) + at;
        for (int64_t c = 0; c < p.c; c++) {
            p.x = SDAG_DATA_F32(a->in[0]) + at * p.c + c;
            p.y = SDAG_DATA_F32(a->out[0]) + at * p.c + c;
            fill_plane(&p, o, &r);
        }
    }
}

static bool fill_shape(sdag_shaping *s)
{
    const sdag_attr_fill *o = s->attr;
    const sdag_shape *x = &s->in[0].shape;
    if (!sdag_rule_dtype(s, 0, SDAG_DT_F32) || !sdag_rule_dtype(s, 1, SDAG_DT_F32)) return false;
    if (x->rank != 4) return sdag_shape_fail(s, "images must be [B,H,W,C]");
    if (!sdag_shape_equal(s->in[1].shape, SDAG_SHAPE(x->d[0], x->d[1], x->d[2], 1)))
        return sdag_shape_fail(s, "the mask of images [B,H,W,C] must be [B,H,W,1]");
    if (s->n_in > 2 && (s->in[2].shape.rank < 1 || s->in[2].shape.d[0] != x->d[0]))
        return sdag_shape_fail(s, "there must be as many samples as images");
    if (o->cell_h < 1 || o->cell_w < 1) return sdag_shape_fail(s, "cells without pixels");
    s->out[0] = s->in[0];
    return true;
}

static const sdag_attr_fill value = {.fill = SDAG_FILL_VALUE, .value = 0.5f, .cell_h = 1, .cell_w = 1},
                            mean = {.fill = SDAG_FILL_MEAN, .cell_h = 1, .cell_w = 1},
                            noise = {.fill = SDAG_FILL_NOISE, .cell_h = 1, .cell_w = 1, .stream = 4},
                            border = {.fill = SDAG_FILL_BORDER, .cell_h = 2, .cell_w = 3},
                            whole = {.fill = SDAG_FILL_BORDER, .cell_h = 99, .cell_w = 99};

const sdag_op sdag_opdef_fill_holes = {
    .name = "fill_holes",
    .math = "y = m ? what is around : x",
    .n_in = 2,
    .n_in_max = 3,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_fill),
    .flags = SDAG_OP_NOGRAD | SDAG_OP_RANDOM,
    .split = SDAG_SPLIT_FIRST,
    .shape = fill_shape,
    .cpu = {.run = fill_run},
    .check = (const sdag_op_check[]){{.in = {"f32[3,4,5,2]", "f32[3,4,5,1]#2"}, .attr = &value},
                                     {.in = {"f32[3,4,5,2]", "f32[3,4,5,1]#2"}, .attr = &mean},
                                     {.in = {"f32[2,6,4,3]", "f32[2,6,4,1]#2", "i32[2]<50"}, .attr = &noise},
                                     {.in = {"f32[2,6,7,3]", "f32[2,6,7,1]#2"}, .attr = &border},
                                     {.in = {"f32[3,5,5,1]", "f32[3,5,5,1]#2"}, .attr = &whole},
                                     {.in = {"f32[2,1,1,1]", "f32[2,1,1,1]#1"}, .attr = &border},
                                     {.in = {"f32[9,61,40,3]", "f32[9,61,40,1]#2"}, .attr = &border},
                                     {0}},
};

sdag_val sdag_op_fill_holes(sdag_build *b, sdag_val x, sdag_val mask, sdag_val samples, const sdag_attr_fill *how)
{
    const sdag_val in[] = {x, mask, samples};
    return sdag_emit(b, &sdag_opdef_fill_holes, samples ? 3 : 2, in, how, NULL);
}
