#include "core/ops/op.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/ops/fault.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"

/* Elements of one tile: large enough that taking a task costs nothing beside it, small enough for the L2 cache. */
enum { TILE_ELEMS = 32768 };

#define X(n) &sdag_opdef_##n,
static const sdag_op *const table[] = {SDAG_OPS(X)};
#undef X

const sdag_op *const *sdag_op_table(int *n)
{
    *n = (int)(sizeof table / sizeof *table);
    return table;
}

bool sdag_shape_like_first(sdag_shaping *s)
{
    s->out[0] = s->in[0];
    return true;
}

bool sdag_shape_fail(sdag_shaping *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s->why, sizeof s->why, fmt, ap);
    va_end(ap);
    return false;
}

void sdag_op_fail(const sdag_args *a, sdag_status s, const char *fmt, ...)
{
    sdag_fault *f = a->fault;
    if (!f) return;
    pthread_mutex_lock(&f->lock);
    if (!f->status || a->op < f->op) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(f->text, sizeof f->text, fmt, ap);
        va_end(ap);
        f->status = s;
        f->op = a->op;
    }
    pthread_mutex_unlock(&f->lock);
}

/* The units that a split counts, and how many make a tile. */
static int64_t split_units(int64_t *chunk, const sdag_op *op, const sdag_args *a)
{
    int64_t n = 1, size = 1;
    switch (op->split) {
    case SDAG_SPLIT_ELEMS: n = sdag_elems(&a->out[0].shape); break;
    case SDAG_SPLIT_ROWS:
        n = sdag_rows(&a->in[0].shape);
        size = sdag_last(&a->in[0].shape);
        break;
    case SDAG_SPLIT_FIRST:
        n = a->out[0].shape.rank ? a->out[0].shape.d[0] : 1;
        size = n ? sdag_elems(&a->out[0].shape) / n : 1;
        break;
    case SDAG_SPLIT_NONE:
    case SDAG_SPLIT_PLAN: break;
    }
    *chunk = size >= TILE_ELEMS ? 1 : TILE_ELEMS / (size > 0 ? size : 1);
    return n;
}

void sdag_op_tiling(sdag_tiling *t, const sdag_op *op, const sdag_args *a)
{
    *t = (sdag_tiling){.stages = 1, .tiles = {1}};
    if (op->split != SDAG_SPLIT_PLAN && op->split != SDAG_SPLIT_NONE) {
        int64_t chunk, n = split_units(&chunk, op, a);
        t->tiles[0] = n > chunk ? (n + chunk - 1) / chunk : 1;
    }
    if (op->cpu.plan) op->cpu.plan(t, a);
    if (t->flops > 0) return;
    for (int i = 0; i < a->n_in; i++) t->flops += (double)sdag_elems(&a->in[i].shape);
    for (int i = 0; i < a->n_out; i++) t->flops += (double)sdag_elems(&a->out[i].shape);
}

void sdag_op_range(sdag_args *a, const sdag_op *op)
{
    int64_t chunk, n = split_units(&chunk, op, a);
    a->lo = op->split == SDAG_SPLIT_PLAN || op->split == SDAG_SPLIT_NONE ? 0 : a->tile * chunk;
    a->hi = n - a->lo > chunk && op->split != SDAG_SPLIT_NONE && op->split != SDAG_SPLIT_PLAN ? a->lo + chunk : n;
}
