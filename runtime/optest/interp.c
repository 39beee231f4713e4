/* Ops one after the other, each again and again: other orders of tiles, other garbage, in place. */
#include "runtime/optest/interp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"

enum { GUARD = 64, GUARD_BYTE = 0xA5 };

static size_t bytes_of(sdag_dtype dtype, sdag_shape shape)
{
    size_t n = 0;
    if (!sdag_shape_bytes(&n, dtype, shape)) abort();
    return n;
}

/* Aligned to the element and no better: a slice of a larger tensor may start anywhere. */
void *sdag_interp_memory(sdag_arena *a, sdag_dtype dtype, sdag_shape shape)
{
    size_t n = bytes_of(dtype, shape);
    unsigned char *p = sdag_arena_get(a, n + 2 * GUARD + 64);
    p += (64 - (uintptr_t)p % 64) % 64 + GUARD - 64 + sdag_dtype_size(dtype);
    memset(p, GUARD_BYTE, GUARD);
    memset(p + GUARD, 0xFF, n);
    memset(p + GUARD + n, GUARD_BYTE, GUARD - sdag_dtype_size(dtype));
    return p + GUARD;
}

bool sdag_interp_intact(const void *memory, sdag_dtype dtype, sdag_shape shape)
{
    const unsigned char *p = memory, *q = p + bytes_of(dtype, shape);
    for (int i = 1; i <= GUARD - 4; i++)
        if (p[-i] != GUARD_BYTE || q[i - 1] != GUARD_BYTE) return false;
    return true;
}

void sdag_interp_init(sdag_interp *t, sdag_arena *a, const sdag_program *p)
{
    *t = (sdag_interp){.arena = a, .program = p, .fault = {.lock = PTHREAD_MUTEX_INITIALIZER}};
    t->at = SDAG_NEWS(a, sdag_tensor, p->values.n);
    for (int i = 1; i < p->values.n; i++) {
        const sdag_value *v = &p->values.at[i];
        t->at[i] = (sdag_tensor){.dtype = v->dtype, .shape = v->shape};
        if (v->alias) {
            t->at[i].data = (char *)t->at[v->alias].data + v->offset;
            continue;
        }
        t->at[i].data = sdag_interp_memory(a, v->dtype, v->shape);
        if (v->data) memcpy(t->at[i].data, v->data, bytes_of(v->dtype, v->shape));
    }
}

/* ---- one op ---- */

static int64_t tile_at(int64_t i, int64_t n, sdag_tile_order order)
{
    if (order == SDAG_TILES_BACKWARD) return n - 1 - i;
    if (order == SDAG_TILES_FORWARD || n < 3) return i;
    /* Steps of a fixed stride that shares no factor with n visit every tile once. */
    int64_t stride = n / 2 + 1;
    for (int64_t x = stride, y = n; x != 1;) {
        int64_t r = y % x;
        if (r == 0) x = ++stride, y = n;
        else y = x, x = r;
    }
    return (1 + i * stride) % n;
}

bool sdag_interp_op(const sdag_program_op *o, const sdag_tensor *in, const sdag_tensor *out, const sdag_step *step,
                    sdag_fault *fault, sdag_tile_order order, int garbage)
{
    if (o->op->flags & SDAG_OP_VIEW) return true;
    sdag_tensor shapes_in[SDAG_IN_MAX], shapes_out[SDAG_OUT_MAX];
    for (int i = 0; i < o->n_in; i++) shapes_in[i] = (sdag_tensor){.dtype = in[i].dtype, .shape = in[i].shape};
    for (int i = 0; i < o->n_out; i++) shapes_out[i] = (sdag_tensor){.dtype = out[i].dtype, .shape = out[i].shape};
    sdag_args plan = {.in = shapes_in,
                      .out = shapes_out,
                      .n_in = o->n_in,
                      .n_out = o->n_out,
                      .attr = o->attr,
                      .salt = o->salt,
                      .samples = o->samples};
    sdag_tiling tiling;
    sdag_op_tiling(&tiling, o->op, &plan);
    char *work = sdag_alloc_aligned(tiling.workspace + 1, 64), *scratch = sdag_alloc_aligned(tiling.scratch + 1, 64);
    if (!work || !scratch) {
        sdag_free(work);
        sdag_free(scratch);
        return false;
    }
    memset(work, garbage, tiling.workspace);
    for (int s = 0; s < tiling.stages; s++)
        for (int64_t i = 0; i < tiling.tiles[s]; i++) {
            sdag_args a = plan;
            a.in = in;
            a.out = out;
            a.step = step;
            a.fault = fault;
            a.workspace = work;
            a.scratch = scratch;
            a.stage = s;
            a.tile = tile_at(i, tiling.tiles[s], order);
            memset(scratch, garbage, tiling.scratch);
            sdag_op_range(&a, o->op);
            o->op->cpu.run(&a);
        }
    sdag_free(work);
    sdag_free(scratch);
    return true;
}

/* ---- the repetitions ---- */

typedef struct repeat {
    sdag_interp *t;
    const sdag_program_op *o;
    int index;
    sdag_tensor in[SDAG_IN_MAX], before[SDAG_IN_MAX], out[SDAG_OUT_MAX]; /* before: the arguments as they were */
} repeat;

static sdag_status complain(repeat *r, const char *what, int which)
{
    snprintf(r->t->wrong, sizeof r->t->wrong, "op %d (%s): %s %d", r->index, r->o->op->name, what, which);
    return SDAG_FAILED;
}

static sdag_tensor copy_of(sdag_arena *a, sdag_tensor x)
{
    sdag_tensor y = x;
    y.data = sdag_interp_memory(a, x.dtype, x.shape);
    memcpy(y.data, x.data, bytes_of(x.dtype, x.shape));
    return y;
}

static bool same_bits(sdag_tensor x, sdag_tensor y)
{
    size_t n = bytes_of(x.dtype, x.shape);
    return n == 0 || memcmp(x.data, y.data, n) == 0;
}

/* Runs the op again on copies; inplace: the argument whose memory out[0] gets, -1: none. */
static sdag_status again(repeat *r, sdag_arena *a, sdag_tile_order order, int garbage, int inplace, const char *what)
{
    sdag_tensor in[SDAG_IN_MAX], out[SDAG_OUT_MAX];
    const sdag_program_op *o = r->o;
    for (int i = 0; i < o->n_in; i++) {
        in[i] = copy_of(a, r->before[i]);
        for (int j = 0; j < i; j++) /* the same value twice is the same memory twice */
            if (o->in[j] == o->in[i]) in[i] = in[j];
    }
    for (int i = 0; i < o->n_out; i++) {
        out[i] = r->out[i];
        out[i].data = sdag_interp_memory(a, out[i].dtype, out[i].shape);
        if (o->op->flags & SDAG_OP_UPDATES) out[i].data = in[i].data;
        else if (i == 0 && inplace >= 0) out[i].data = in[inplace].data;
    }
    sdag_fault fault = {.lock = PTHREAD_MUTEX_INITIALIZER};
    if (!sdag_interp_op(o, in, out, &r->t->step, &fault, order, garbage)) return SDAG_NOMEM;
    for (int i = 0; i < o->n_out; i++) {
        if (!same_bits(out[i], r->out[i])) return complain(r, what, i);
        if (!sdag_interp_intact(out[i].data, out[i].dtype, out[i].shape)) return complain(r, "writes beyond result", i);
    }
    for (int i = 0; i < o->n_in; i++) {
        bool given = false;
        for (int j = 0; j < o->n_out; j++) given |= out[j].data == in[i].data;
        if (!given && !same_bits(in[i], r->before[i])) return complain(r, "writes into argument", i);
        if (!sdag_interp_intact(in[i].data, in[i].dtype, in[i].shape)) return complain(r, "writes beyond argument", i);
    }
    return SDAG_OK;
}

static sdag_status all_again(repeat *r, sdag_arena *a)
{
    unsigned flags = r->o->op->flags;
    sdag_status s = again(r, a, SDAG_TILES_BACKWARD, 0x00, -1, "tiles in reverse order change result");
    if (!s) s = again(r, a, SDAG_TILES_RANDOM, 0x7F, -1, "tiles in random order change result");
    const sdag_tensor *in = r->before, *out = r->out;
    size_t want = r->o->n_out ? bytes_of(out[0].dtype, out[0].shape) : 0;
    if (!s && flags & SDAG_OP_INPLACE && bytes_of(in[0].dtype, in[0].shape) == want)
        s = again(r, a, SDAG_TILES_RANDOM, 0xFF, 0, "running in place changes result");
    if (!s && flags & SDAG_OP_INPLACE_1 && r->o->n_in > 1 && bytes_of(in[1].dtype, in[1].shape) == want)
        s = again(r, a, SDAG_TILES_RANDOM, 0xFF, 1, "running in place of argument 1 changes result");
    return s;
}

static sdag_status run_op(sdag_interp *t, int index, sdag_arena *scratch)
{
    repeat r = {.t = t, .o = &t->program->ops.at[index], .index = index};
    for (int i = 0; i < r.o->n_in; i++) r.in[i] = t->at[r.o->in[i]];
    for (int i = 0; i < r.o->n_out; i++) r.out[i] = t->at[r.o->out[i]];
    for (int i = 0; i < r.o->n_in && !t->plain; i++) r.before[i] = copy_of(scratch, r.in[i]);
    if (!sdag_interp_op(r.o, r.in, r.out, &t->step, &t->fault, SDAG_TILES_FORWARD, 0xFF)) return SDAG_NOMEM;
    if (t->fault.status) return t->fault.status;
    if (t->plain || r.o->op->flags & SDAG_OP_VIEW) return SDAG_OK;
    return all_again(&r, scratch);
}

sdag_status sdag_interp_run(sdag_interp *t)
{
    for (int i = 0; i < t->program->ops.n; i++) {
        sdag_arena scratch;
        sdag_arena_init(&scratch);
        sdag_status s = run_op(t, i, &scratch);
        sdag_arena_free(&scratch);
        if (s) return s;
    }
    for (int i = 1; i < t->program->values.n; i++) {
        const sdag_value *v = &t->program->values.at[i];
        if (!v->alias && !sdag_interp_intact(t->at[i].data, v->dtype, v->shape)) {
            snprintf(t->wrong, sizeof t->wrong, "value %d: its guards are gone", i);
            return SDAG_FAILED;
        }
    }
    return SDAG_OK;
}
