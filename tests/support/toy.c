#include "tests/support/toy.h"

#include <string.h>
#include <time.h>

enum { PART = 1024, CHUNK = 1000 };

static int64_t parts(int64_t n, int64_t of) { return n > 0 ? (n + of - 1) / of : 1; }

/* out_i = 0.5 x_i + 0.1 mean over all arguments, the mean by way of the workspace */
static void mix_plan(sdag_tiling *t, const sdag_args *a)
{
    int64_t n = sdag_elems(&a->out[0].shape);
    t->stages = 2;
    t->tiles[0] = parts(n, PART);
    t->tiles[1] = parts(n, CHUNK);
    t->workspace = (size_t)t->tiles[0] * sizeof(float);
    t->scratch = PART * sizeof(float);
}

static void mix_run(const sdag_args *a)
{
    int64_t n = sdag_elems(&a->out[0].shape), tiles = parts(n, PART);
    float *sums = a->workspace, *part = a->scratch, *y = SDAG_DATA_F32(a->out[0]);
    if (a->stage == 0) {
        int64_t lo = a->tile * PART, hi = lo + PART < n ? lo + PART : n;
        for (int64_t i = lo; i < hi; i++) {
            part[i - lo] = 0;
            for (int k = 0; k < a->n_in; k++) part[i - lo] += SDAG_DATA_F32(a->in[k])[i % sdag_elems(&a->in[k].shape)];
        }
        sums[a->tile] = 0;
        for (int64_t i = lo; i < hi; i++) sums[a->tile] += part[i - lo];
        return;
    }
    float all = 0;
    for (int64_t i = 0; i < tiles; i++) all += sums[i];
    int64_t lo = a->tile * CHUNK, hi = lo + CHUNK < n ? lo + CHUNK : n;
    float shift = 0.1f * all / (float)n + 0.001f * (float)(a->salt % 7) + 0.0001f * (float)(a->step->step % 5);
    for (int64_t i = lo; i < hi; i++) y[i] = 0.5f * SDAG_DATA_F32(a->in[0])[i] + shift;
}

const sdag_op sdag_toy_mix = {.name = "toy_mix",
                              .n_in = 1,
                              .n_in_max = 4,
                              .n_out = 1,
                              .split = SDAG_SPLIT_PLAN,
                              .shape = sdag_shape_like_first,
                              .cpu = {.plan = mix_plan, .run = mix_run}};

static void blend_run(const sdag_args *a)
{
    const float *x = SDAG_DATA_F32(a->in[0]), *y = SDAG_DATA_F32(a->in[1]);
    int64_t n = sdag_elems(&a->in[1].shape);
    for (int64_t i = a->lo; i < a->hi; i++) SDAG_DATA_F32(a->out[0])[i] = 0.75f * x[i] - 0.25f * y[i % n];
}

const sdag_op sdag_toy_blend = {.name = "toy_blend",
                                .n_in = 2,
                                .n_out = 1,
                                .flags = SDAG_OP_INPLACE,
                                .split = SDAG_SPLIT_ELEMS,
                                .shape = sdag_shape_like_first,
                                .cpu = {.run = blend_run}};
const sdag_op sdag_toy_update = {.name = "toy_update",
                                 .n_in = 2,
                                 .n_out = 1,
                                 .flags = SDAG_OP_UPDATES,
                                 .split = SDAG_SPLIT_ELEMS,
                                 .shape = sdag_shape_like_first,
                                 .cpu = {.run = blend_run}};

static bool half_shape(sdag_shaping *s)
{
    s->out[0] = s->in[0];
    s->out[0].shape = SDAG_SHAPE(sdag_elems(&s->in[0].shape) / 2);
    return true;
}

static int64_t half_offset(const sdag_shaping *s)
{
    return sdag_elems(&s->in[0].shape) - sdag_elems(&s->in[0].shape) / 2;
}

const sdag_op sdag_toy_half = {
    .name = "toy_half", .n_in = 1, .n_out = 1, .flags = SDAG_OP_VIEW, .shape = half_shape, .view_offset = half_offset};

static bool sum_shape(sdag_shaping *s)
{
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = SDAG_SCALAR};
    return true;
}

static void sum_run(const sdag_args *a)
{
    float all = 0;
    for (int64_t i = 0; i < sdag_elems(&a->in[0].shape); i++) all += SDAG_DATA_F32(a->in[0])[i];
    SDAG_DATA_F32(a->out[0])[0] = all;
}

const sdag_op sdag_toy_sum = {
    .name = "toy_sum", .n_in = 1, .n_out = 1, .split = SDAG_SPLIT_NONE, .shape = sum_shape, .cpu = {.run = sum_run}};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void obey_plan(sdag_tiling *t, const sdag_args *a)
{
    const sdag_toy_order *o = a->attr;
    t->tiles[0] = o->tiles;
}

static void obey_run(const sdag_args *a)
{
    const sdag_toy_order *o = a->attr;
    int64_t n = sdag_elems(&a->out[0].shape), lo = n * a->tile / o->tiles, hi = n * (a->tile + 1) / o->tiles;
    bool acts = o->step < 0 || o->step == a->step->step;
    float *y = SDAG_DATA_F32(a->out[0]);
    if (o->count) atomic_fetch_add(o->count, 1);
    if (hi > lo) memcpy(y + lo, SDAG_DATA_F32(a->in[0]) + lo, (size_t)(hi - lo) * sizeof *y);
    if (!acts) return;
    if (o->meet) {
        for (double end = now() + 5; atomic_load(o->count) < o->meet && now() < end;) {
        }
        if (o->at >= lo && o->at < hi) y[o->at] = atomic_load(o->count) >= o->meet ? 1 : 0;
        return;
    }
    double spin =
        1e-6 * o->spin_us * (o->fail_from && a->tile == o->fail_from ? 20 : 1); /* the first to fail is late */
    if (spin > 0)
        for (double end = now() + spin; now() < end;) {
        }
    if (o->at >= lo && o->at < hi) y[o->at] = o->value;
    if (o->fail_from && a->tile >= o->fail_from) sdag_op_fail(a, SDAG_IO, "tile %d is bad", (int)a->tile);
}

const sdag_op sdag_toy_obey = {.name = "toy_obey",
                               .n_in = 1,
                               .n_out = 1,
                               .attr_size = sizeof(sdag_toy_order),
                               .split = SDAG_SPLIT_PLAN,
                               .shape = sdag_shape_like_first,
                               .cpu = {.plan = obey_plan, .run = obey_run}};
const sdag_op sdag_toy_obey_inf = {.name = "toy_obey_inf",
                                   .n_in = 1,
                                   .n_out = 1,
                                   .attr_size = sizeof(sdag_toy_order),
                                   .flags = SDAG_OP_INFINITE,
                                   .split = SDAG_SPLIT_PLAN,
                                   .shape = sdag_shape_like_first,
                                   .cpu = {.plan = obey_plan, .run = obey_run}};

static void empty_run(const sdag_args *a) { (void)a; }

const sdag_op sdag_toy_empty = {.name = "toy_empty",
                                .n_in = 1,
                                .n_in_max = 2,
                                .n_out = 1,
                                .split = SDAG_SPLIT_NONE,
                                .shape = sdag_shape_like_first,
                                .cpu = {.run = empty_run}};
