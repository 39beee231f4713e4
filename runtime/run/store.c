/* Weights of all phases: made by their rule, taken from an earlier phase, or read from a file. */
#include <math.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/rng.h"
#include "core/base/str.h"
#include "core/io/safetensors.h"
#include "runtime/run/session.h"

static int find(sdag_session *s, int32_t phase, const char *node, const char *name)
{
    const char *key = sdag_arena_printf(s->arena, "%s.%s.%s", s->graph->phases[phase].name, node, name);
    return sdag_map_get(&s->store.index, key);
}

static void unit_rows(float *x, int64_t n, int64_t width)
{
    for (int64_t i = 0; i < n; i += width) {
        double sum = 0;
        for (int64_t k = 0; k < width; k++) sum += (double)x[i + k] * (double)x[i + k];
        for (int64_t k = 0; k < width && sum > 0; k++) x[i + k] = (float)((double)x[i + k] / sqrt(sum));
    }
}

/* The stream is named by node and weight, not by phase: a network trained from scratch in another phase starts from the
 * same numbers. */
static void start(sdag_session *s, const sdag_state *t, void *data)
{
    int64_t n = sdag_elems(&t->shape);
    if (t->dtype != SDAG_DT_F32) {
        memset(data, 0, (size_t)n * sdag_dtype_size(t->dtype));
        return;
    }
    float *x = data, a = t->init.a;
    uint32_t key = sdag_hash32(t->node) * 31u + sdag_hash32(t->name);
    sdag_rng r = sdag_rng_at(s->graph->seed, key, UINT32_MAX, 0);
    for (int64_t i = 0; i < n; i++) switch (t->init.rule) {
        case SDAG_INIT_ZEROS: x[i] = 0; break;
        case SDAG_INIT_ONES: x[i] = 1; break;
        case SDAG_INIT_CONST: x[i] = a; break;
        case SDAG_INIT_UNIFORM: x[i] = sdag_rng_uniform(&r, -a, a); break;
        case SDAG_INIT_NORMAL: x[i] = a * sdag_rng_normal(&r); break;
        case SDAG_INIT_UNIT_ROWS: x[i] = sdag_rng_normal(&r); break;
        }
    if (t->init.rule == SDAG_INIT_UNIT_ROWS) unit_rows(x, n, sdag_last(&t->shape));
}

static sdag_status read_entry(const sdag_session *s, const sdag_st *st, const sdag_st_entry *e, const sdag_state *t,
                              const sdag_gnode *g, void *data)
{
    bool same = e->rank == t->shape.rank;
    for (int i = 0; same && i < e->rank; i++) same = e->shape[i] == t->shape.d[i];
    if (!same) {
        char want[SDAG_SHAPE_TEXT], have[SDAG_SHAPE_TEXT];
        sdag_shape got = {.rank = e->rank};
        for (int i = 0; i < e->rank && i < SDAG_RANK_MAX; i++) got.d[i] = e->shape[i];
        return sdag_fail(s->log, SDAG_IO, g->weights_loc, "weight '%s' of '%s' is %s, but %s has %s", t->name, t->node,
                         sdag_shape_text(want, t->dtype, t->shape), g->weights, sdag_shape_text(have, t->dtype, got));
    }
    if (t->dtype == SDAG_DT_F32) return sdag_st_read_f32(st, e, data, e->count, s->log);
    if (t->flags & SDAG_STATE_COUNTER && e->count == 1) {
        int64_t v;
        sdag_status status = sdag_st_read_i64(st, e, &v, 1, s->log);
        *(int32_t *)data = (int32_t)(v > INT32_MAX ? INT32_MAX : v);
        return status;
    }
    return sdag_st_read_raw(st, e, data, e->bytes, s->log);
}

static const sdag_gnode *gnode_of(const sdag_session *s, int32_t phase, const char *node)
{
    int32_t i = sdag_graph_find(s->graph, phase, node);
    return i < 0 ? NULL : &s->graph->nodes[i];
}

static const char *entry_name(const void *st, int i) { return i < sdag_st_count(st) ? sdag_st_at(st, i)->name : NULL; }

/* What the file has instead of a weight that is not in it. */
static sdag_status report_missing(const sdag_session *s, const sdag_st *st, const sdag_gnode *g, const sdag_state *t)
{
    char shape[SDAG_SHAPE_TEXT];
    const char *near = sdag_nearest(t->name, entry_name, st);
    const char *first = sdag_st_count(st) ? sdag_st_at(st, 0)->name : NULL;
    return sdag_fail(s->log, SDAG_IO, g->weights_loc, "%s has no weight '%s' %s for '%s'%s%s%s", g->weights, t->name,
                     sdag_shape_text(shape, t->dtype, t->shape), t->node,
                     near    ? "; did you mean '"
                     : first ? "; its first one is '"
                             : "; it is empty",
                     near    ? near
                     : first ? first
                             : "",
                     near    ? "'?"
                     : first ? "'"
                             : "");
}

/* Other weights of the file are left alone. A counter may be missing, as PyTorch allows: files from before 2018 do not
 * have num_batches_tracked. */
static sdag_status from_file(sdag_session *s, const sdag_gnode *g, const sdag_state *t, void *data)
{
    sdag_st *st;
    sdag_status status = sdag_st_open(&st, s->log, g->weights_loc, g->weights);
    if (status) return status;
    const sdag_st_entry *e = sdag_st_find(st, t->name);
    if (e) status = read_entry(s, st, e, t, g, data);
    else if (t->flags & SDAG_STATE_COUNTER) start(s, t, data);
    else status = report_missing(s, st, g, t);
    sdag_st_close(st);
    return status;
}

/* Whether a weight may be taken as t: the same numbers in the same shape. */
static sdag_status check_same(const sdag_session *s, int32_t phase, const sdag_weight *w, const sdag_state *t)
{
    if (w->dtype == t->dtype && sdag_shape_equal(w->shape, t->shape)) return SDAG_OK;
    char have[SDAG_SHAPE_TEXT], want[SDAG_SHAPE_TEXT];
    const sdag_gnode *g = gnode_of(s, phase, t->node);
    return sdag_fail(s->log, SDAG_INVALID, g ? g->loc : SDAG_NOLOC,
                     "weight '%s' of '%s' is %s, but what is read here would make it %s", w->name, w->node,
                     sdag_shape_text(have, w->dtype, w->shape), sdag_shape_text(want, t->dtype, t->shape));
}

sdag_status sdag_store_bind(void **data, sdag_session *s, int32_t phase, const sdag_state *t)
{
    int have = find(s, phase, t->node, t->name);
    if (have >= 0) {
        sdag_weight *w = &s->store.list.at[have];
        *data = w->data;
        if (w->restored && (w->dtype != t->dtype || !sdag_shape_equal(w->shape, t->shape)))
            return sdag_fail(s->log, SDAG_IO, SDAG_NOLOC,
                             "the checkpoint's '%s.%s' has another shape than this pipeline's", t->node, t->name);
        w->restored = false;
        w->flags = t->flags;
        return check_same(s, phase, w, t);
    }
    sdag_weight w = {.phase = phase,
                     .node = sdag_arena_str(s->arena, t->node),
                     .name = sdag_arena_str(s->arena, t->name),
                     .dtype = t->dtype,
                     .shape = t->shape,
                     .flags = t->flags};
    const sdag_gnode *g = gnode_of(s, phase, t->node), *from = g && g->use >= 0 ? &s->graph->nodes[g->use] : NULL;
    int source = from && !(t->flags & SDAG_STATE_SLOT) ? find(s, from->phase, from->name, t->name) : -1;
    bool changes = s->graph->phases[phase].optimizer >= 0;
    int copied = t->copy_node ? find(s, phase, t->copy_node, t->copy_name) : -1;
    int taken = source >= 0 ? source : copied;
    sdag_status status = taken >= 0 ? check_same(s, phase, &s->store.list.at[taken], t) : SDAG_OK;
    if (status) return status;
    if (source >= 0 && !changes) {
        w.data = s->store.list.at[source].data;
        w.shared = true;
    } else {
        size_t bytes = 0;
        sdag_shape_bytes(&bytes, t->dtype, t->shape);
        w.data = sdag_alloc_aligned((bytes + 63) / 64 * 64 + 64, 64);
        if (!w.data) return SDAG_NOMEM;
        sdag_arena_defer(s->arena, sdag_free, w.data);
        if (taken >= 0) memcpy(w.data, s->store.list.at[taken].data, bytes);
        else if (g && g->weights && !(t->flags & SDAG_STATE_SLOT)) status = from_file(s, g, t, w.data);
        else start(s, t, w.data);
        if (status) return status;
    }
    *SDAG_PUSH(s->arena, &s->store.list) = w;
    s->store.index.a = s->arena;
    sdag_map_put(&s->store.index, sdag_arena_printf(s->arena, "%s.%s.%s", s->graph->phases[phase].name, w.node, w.name),
                 s->store.list.n - 1);
    *data = w.data;
    return SDAG_OK;
}

sdag_status sdag_store_check(sdag_session *s, int32_t phase)
{
    for (int i = 0; i < s->store.list.n; i++) {
        const sdag_weight *w = &s->store.list.at[i];
        const float *x = w->data;
        bool finite = true;
        if (w->phase != phase || w->shared || w->dtype != SDAG_DT_F32) continue;
        for (int64_t k = 0, n = sdag_elems(&w->shape); k < n; k++) finite &= isfinite(x[k]) != 0;
        if (finite) continue;
        const sdag_gnode *g = gnode_of(s, phase, w->node);
        return sdag_fail(s->log, SDAG_DIVERGED, g ? g->loc : SDAG_NOLOC,
                         "%s: '%s' holds a number that is not finite after the update of step %lld", w->node, w->name,
                         (long long)s->step - 1);
    }
    return SDAG_OK;
}

void sdag_store_drop_slots(sdag_session *s, int32_t phase)
{
    for (int i = 0; i < s->store.list.n; i++) {
        sdag_weight *w = &s->store.list.at[i];
        if (w->phase == phase && w->flags & SDAG_STATE_SLOT) w->flags |= SDAG_STATE_DROPPED;
    }
}

static sdag_status export_node(sdag_session *s, int32_t phase, const char *node)
{
    SDAG_VEC(sdag_st_tensor) list = {0};
    for (int i = 0; i < s->store.list.n; i++) {
        const sdag_weight *w = &s->store.list.at[i];
        if (w->phase != phase || strcmp(w->node, node) || w->flags & SDAG_STATE_SLOT) continue;
        sdag_st_tensor t = {.name = w->name,
                            .dtype = w->dtype == SDAG_DT_F32 ? SDAG_ST_F32 : SDAG_ST_I32,
                            .data = w->data,
                            .rank = w->shape.rank};
        memcpy(t.shape, w->shape.d, sizeof w->shape.d);
        if (w->flags & SDAG_STATE_COUNTER) {
            int64_t *v = SDAG_NEW(s->arena, int64_t);
            *v = *(const int32_t *)w->data;
            t.dtype = SDAG_ST_I64;
            t.data = v;
        }
        *SDAG_PUSH(s->arena, &list) = t;
    }
    if (!list.n) return SDAG_OK;
    const char *path = sdag_arena_printf(s->arena, "%s/weights/%s.%s.safetensors", s->options->out_dir,
                                         s->graph->phases[phase].name, node);
    sdag_st_pair meta[] = {{"format", "pt"}};
    sdag_log_add(s->log, SDAG_DETAIL, SDAG_NOLOC, "writes %s", path);
    return sdag_st_write(s->log, path, list.at, list.n, meta, 1);
}

sdag_status sdag_store_export(sdag_session *s, int32_t phase)
{
    sdag_status status =
        sdag_make_dirs(s->log, SDAG_NOLOC, sdag_arena_printf(s->arena, "%s/weights", s->options->out_dir));
    const sdag_phase *p = &s->graph->phases[phase];
    for (int i = 0; i < p->n_nodes && !status; i++) status = export_node(s, phase, s->graph->nodes[p->order[i]].name);
    return status;
}

static sdag_status read_weight(sdag_session *s, int32_t phase, const char *node, const sdag_st *st,
                               const sdag_st_entry *e)
{
    const bool f32 = e->dtype == SDAG_ST_F32, counter = e->dtype == SDAG_ST_I64 && e->count == 1;
    sdag_weight w = {.phase = phase,
                     .node = node,
                     .name = sdag_arena_str(s->arena, e->name),
                     .restored = true,
                     .dtype = f32 ? SDAG_DT_F32 : SDAG_DT_I32,
                     .shape = {.rank = e->rank}};
    memcpy(w.shape.d, e->shape, sizeof w.shape.d);
    w.data = sdag_alloc_aligned((e->bytes + 63) / 64 * 64 + 64, 64);
    if (!w.data) return SDAG_NOMEM;
    sdag_arena_defer(s->arena, sdag_free, w.data);
    int64_t count = 0;
    sdag_status status =
        counter ? sdag_st_read_i64(st, e, &count, 1, s->log) : sdag_st_read_raw(st, e, w.data, e->bytes, s->log);
    if (status) return status;
    if (counter) *(int32_t *)w.data = (int32_t)(count > INT32_MAX ? INT32_MAX : count);
    *SDAG_PUSH(s->arena, &s->store.list) = w;
    s->store.index.a = s->arena;
    sdag_map_put(&s->store.index, sdag_arena_printf(s->arena, "%s.%s.%s", s->graph->phases[phase].name, node, w.name),
                 s->store.list.n - 1);
    return SDAG_OK;
}

sdag_status sdag_store_read(sdag_session *s, int32_t phase, const char *node, const char *path)
{
    sdag_st *st;
    sdag_status status = sdag_st_open(&st, s->log, SDAG_NOLOC, path);
    if (status) return status;
    for (int i = 0; i < sdag_st_count(st) && !status; i++) {
        const sdag_st_entry *e = sdag_st_at(st, i);
        if (e->dtype == SDAG_ST_F32 || e->dtype == SDAG_ST_I32 || e->dtype == SDAG_ST_I64)
            status = read_weight(s, phase, node, st, e);
        else
            status = sdag_fail(s->log, SDAG_IO, SDAG_NOLOC, "%s: weight '%s' is of a type that no run writes", path,
                               e->name);
    }
    sdag_st_close(st);
    return status;
}
