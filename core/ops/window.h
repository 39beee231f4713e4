/* Pooling windows: shapes, and the cut into tiles of image rows, for max_pool and avg_pool. */
#ifndef SDAG_OPS_WINDOW_H
#define SDAG_OPS_WINDOW_H

#include "core/ops/attr.h"
#include "core/ops/op.h"

typedef struct sdag_window {
    int64_t n, h, w, c, oh, ow; /* x f32[n,h,w,c], y f32[n,oh,ow,c] */
    int64_t size, stride, pad;
} sdag_window;

/* Of images x. false: with a sentence in s->why. PyTorch's rule: the padding is at most half of the window. */
bool sdag_window_rule(sdag_shaping *s, sdag_window *win, int64_t size_max);
sdag_window sdag_window_of(const sdag_shape *x, const sdag_attr_pool *o);

/* Tiles are rows of all images, n * h of width * c elements each. */
int64_t sdag_window_tiles(int64_t rows, int64_t width);
void sdag_window_rows(int64_t *lo, int64_t *hi, int64_t rows, int64_t width, int64_t tile);

/* The windows [*from, *to) along one axis that hold the position at; out: number of windows. */
static inline void sdag_window_holding(int64_t *from, int64_t *to, const sdag_window *v, int64_t at, int64_t out)
{
    const int64_t p = at + v->pad, last = p / v->stride + 1;
    *from = p < v->size ? 0 : (p - v->size) / v->stride + 1;
    *to = last < out ? last : out;
}

#endif
