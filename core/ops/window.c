#include "core/ops/window.h"

#include "core/ops/rules.h"

enum { TILE = 32768 }; /* elements of a tile */

sdag_window sdag_window_of(const sdag_shape *x, const sdag_attr_pool *o)
{
    sdag_window v = {x->d[0], x->d[1], x->d[2], x->d[3], 0, 0, o->size, o->stride, o->pad};
    v.oh = (v.h + 2 * v.pad - v.size) / v.stride + 1;
    v.ow = (v.w + 2 * v.pad - v.size) / v.stride + 1;
    return v;
}

bool sdag_window_rule(sdag_shaping *s, sdag_window *win, int64_t size_max)
{
    const sdag_attr_pool *o = s->attr;
    const sdag_shape *x = &s->in[0].shape;
    if (!sdag_rule_f32(s)) return false;
    if (x->rank != 4) return sdag_shape_fail(s, "x must be images [N,H,W,C]");
    if (o->size < 1 || o->size > size_max || o->stride < 1 || o->stride > INT32_MAX)
        return sdag_shape_fail(s, "the window must be 1 to %lld wide and its stride at least 1", (long long)size_max);
    if (o->pad < 0 || 2 * o->pad > o->size) return sdag_shape_fail(s, "the padding must be 0 to half of the window");
    if (x->d[1] + 2 * o->pad < o->size || x->d[2] + 2 * o->pad < o->size)
        return sdag_shape_fail(s, "a window of %lld does not fit into the image", (long long)o->size);
    *win = sdag_window_of(x, o);
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = SDAG_SHAPE(win->n, win->oh, win->ow, win->c)};
    return true;
}

static int64_t rows_of_tile(int64_t width) { return width > 0 && width < TILE ? TILE / width : 1; }

int64_t sdag_window_tiles(int64_t rows, int64_t width)
{
    int64_t each = rows_of_tile(width);
    return rows > each ? (rows + each - 1) / each : 1;
}

void sdag_window_rows(int64_t *lo, int64_t *hi, int64_t rows, int64_t width, int64_t tile)
{
    int64_t each = rows_of_tile(width);
    *lo = tile * each;
    *hi = *lo + each < rows ? *lo + each : rows;
}
