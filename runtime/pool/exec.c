/* Programs ready to run: memory, arguments, steps. */
#include <string.h>
#include <sys/mman.h>

#include "core/base/alloc.h"
#include "runtime/pool/parts.h"

sdag_val sdag_exec_root(const sdag_exec *x, sdag_val v)
{
    while (x->program->values.at[v].alias) v = x->program->values.at[v].alias;
    return v;
}

static void *place_at(const sdag_exec *x, sdag_val v, int parity)
{
    const sdag_place *p = &x->plan->places[v];
    switch (p->at) {
    case SDAG_AT_NONE: break;
    case SDAG_AT_BLOCK: return x->block + p->offset;
    case SDAG_AT_FEED: return x->feed[parity] + p->offset;
    case SDAG_AT_STATE: return (char *)x->states[p->index] + p->offset;
    case SDAG_AT_CONST: return (char *)x->program->values.at[sdag_exec_root(x, v)].data + p->offset; /* only read */
    }
    return NULL;
}

void *sdag_exec_at(const sdag_exec *x, sdag_val v, int64_t t) { return place_at(x, v, (int)(t & 1)); }

/* One piece of the block. Large ones come in large pages where the system has them, which spares the processor most
 * of its address look-ups. */
enum { LARGE_PAGE = 2 << 20 };

static void *get_block(sdag_arena *a, size_t bytes)
{
    size_t all;
    if (!sdag_add_size(&all, bytes, LARGE_PAGE)) sdag_arena_escape(a);
    bool large = bytes >= 2 * LARGE_PAGE;
    void *p = sdag_alloc_aligned(bytes ? bytes : SDAG_ALIGN, large ? LARGE_PAGE : SDAG_ALIGN);
    if (!p) sdag_arena_escape(a);
    sdag_arena_defer(a, sdag_free, p);
    if (large) madvise(p, bytes, MADV_HUGEPAGE); /* refused: small pages then */
    return p;
}

static void fill_args(sdag_exec *x, sdag_arena *a, sdag_task *t)
{
    const sdag_program_op *o = &x->program->ops.at[t->index];
    int n = o->n_in + o->n_out;
    int64_t w = x->plan->workspace[t->index];
    bool alternates = false;
    for (int k = 0; k < n; k++)
        alternates |= x->plan->places[k < o->n_in ? o->in[k] : o->out[k - o->n_in]].at == SDAG_AT_FEED;
    for (int parity = 0; parity < 2; parity++) {
        sdag_args *g = &t->args[parity];
        *g = (sdag_args){.n_in = o->n_in,
                         .n_out = o->n_out,
                         .attr = o->attr,
                         .salt = o->salt,
                         .samples = o->samples,
                         .op = t->index,
                         .step = &x->steps[t->feed],
                         .workspace = w < 0 ? NULL : x->block + w};
        if (parity && !alternates) {
            g->in = t->args[0].in;
            g->out = t->args[0].out;
            continue;
        }
        sdag_tensor *at = SDAG_NEWS(a, sdag_tensor, n + 1);
        for (int k = 0; k < n; k++) {
            sdag_val v = k < o->n_in ? o->in[k] : o->out[k - o->n_in];
            const sdag_value *s = &x->program->values.at[v];
            at[k] = (sdag_tensor){.data = place_at(x, v, parity), .dtype = s->dtype, .shape = s->shape};
        }
        g->in = at;
        g->out = at + o->n_in;
    }
}

static void destroy(void *p)
{
    sdag_exec *x = p;
    pthread_mutex_destroy(&x->hit_lock);
    sdag_free(x);
}

/* What threads write, each kind on lines of its own. */
static void get_turns(sdag_exec *x, sdag_arena *a)
{
    size_t ready = ((size_t)x->job.words * sizeof(uint64_t) + SDAG_LINE - 1) / SDAG_LINE * SDAG_LINE;
    size_t bytes = ready + ((size_t)x->n + 1) * sizeof(sdag_turn);
    char *p = sdag_alloc_aligned(bytes, SDAG_LINE);
    if (!p) sdag_arena_escape(a);
    sdag_arena_defer(a, sdag_free, p);
    memset(p, 0, bytes);
    x->job.ready = (_Atomic uint64_t *)(void *)p;
    x->turns = (sdag_turn *)(void *)(p + ready);
}

static sdag_status check_kernels(const sdag_exec *x)
{
    for (int r = 0; r < x->n; r++)
        if (!x->tasks[r].op->cpu.run)
            return sdag_fail(x->log, SDAG_INVALID, SDAG_NOLOC, "operation '%s' cannot run on the CPU",
                             x->tasks[r].op->name);
    return SDAG_OK;
}

typedef struct making {
    sdag_exec **out;
    sdag_arena *arena;
    sdag_log *log;
    sdag_pool *pool;
    const sdag_plan *plan;
    const sdag_memory *memory;
} making;

static sdag_status make(void *arg)
{
    const making *m = arg;
    sdag_arena *a = m->arena;
    sdag_exec *x = sdag_alloc_aligned(sizeof *x, SDAG_LINE);
    if (!x) return SDAG_NOMEM;
    memset(x, 0, sizeof *x);
    pthread_mutex_init(&x->hit_lock, NULL);
    sdag_arena_defer(a, destroy, x);
    x->job.work = sdag_exec_work;
    x->pool = m->pool;
    x->log = m->log;
    x->plan = m->plan;
    x->program = m->plan->program;
    x->states = m->memory->states;
    sdag_tasks_build(x, a);
    get_turns(x, a);
    x->block = get_block(a, m->plan->block);
    for (int i = 0; i < 2; i++) x->feed[i] = get_block(a, m->plan->feed_block);
    for (int r = 0; r < x->n; r++) fill_args(x, a, &x->tasks[r]);
    x->op_ns = sdag_arena_array(a, (size_t)x->program->ops.n + 1, sizeof *x->op_ns);
    x->op_s = SDAG_NEWS(a, double, x->program->ops.n + 1);
    sdag_finite_plan(x);
    if (m->memory->hostile) sdag_hostile_plan(x, a, m->memory);
    if (!sdag_pool_scratch(m->pool, m->plan->scratch)) return SDAG_NOMEM;
    sdag_status s = check_kernels(x);
    if (!s) *m->out = x;
    return s;
}

sdag_status sdag_exec_create(sdag_exec **out, sdag_arena *a, sdag_log *log, sdag_pool *pool, const sdag_plan *plan,
                             const sdag_memory *m)
{
    making all = {.out = out, .arena = a, .log = log, .pool = pool, .plan = plan, .memory = m};
    *out = NULL;
    return sdag_arena_try(a, make, &all);
}

void sdag_exec_names(sdag_exec *x, const char *const *node_names, const sdag_loc *node_locs)
{
    x->node_names = node_names;
    x->node_locs = node_locs;
}

/* ---- steps */

static void get_ready(sdag_exec *x, bool body, bool feed)
{
    for (int r = body ? 0 : x->n_body; r < (feed ? x->n : x->n_body); r++) {
        sdag_turn *t = &x->turns[r];
        atomic_store_explicit(&t->next, 0, memory_order_relaxed);
        atomic_store_explicit(&t->done, 0, memory_order_relaxed);
        atomic_store_explicit(&t->unmet, x->tasks[r].before, memory_order_relaxed);
    }
    if (x->hostile) sdag_hostile_step(x, body);
    for (int w = 0; w < x->job.words; w++) {
        uint64_t bits = (body ? x->first[0][w] : 0) | (feed ? x->first[1][w] : 0);
        for (uint64_t b = bits; x->hostile && b; b &= b - 1)
            sdag_hostile_begin(x, &x->tasks[w * 64 + __builtin_ctzll(b)]);
        atomic_store_explicit(&x->job.ready[w], bits, memory_order_relaxed);
    }
    uint64_t left = (body ? (uint64_t)x->n_body : 0) + ((feed ? (uint64_t)(x->n - x->n_body) : 0) << 32);
    atomic_store_explicit(&x->limit, UINT64_MAX, memory_order_relaxed);
    atomic_store(&x->job.left, left); /* the pool publishes it all */
}

static sdag_status report(sdag_exec *x)
{
    const sdag_hit *h = &x->hit;
    const sdag_program_op *o = &x->program->ops.at[h->op];
    int32_t node = o->node;
    sdag_loc loc = node >= 0 && x->node_locs ? x->node_locs[node] : SDAG_NOLOC;
    if (node >= 0 && x->node_names && o->inner && o->inner[0]) { /* within a module: its line, then the node's */
        sdag_fail(x->log, h->status, o->loc, "%s.%.*s: %s", x->node_names[node], (int)strlen(o->inner) - 1, o->inner,
                  h->text);
        sdag_log_add(x->log, SDAG_NOTE, loc, "in '%s', here", x->node_names[node]);
        return h->status;
    }
    if (node >= 0 && x->node_names) return sdag_fail(x->log, h->status, loc, "%s: %s", x->node_names[node], h->text);
    if (node >= 0) return sdag_fail(x->log, h->status, loc, "node %d: %s", node, h->text);
    return sdag_fail(x->log, h->status, loc, "%s", h->text);
}

static sdag_status run(sdag_exec *x, const sdag_step *now, const sdag_step *next)
{
    int64_t start = sdag_now_ns(), busy = atomic_load_explicit(&x->job.busy, memory_order_relaxed);
    const sdag_step *const steps[2] = {now, next};
    for (int part = 0; part < 2; part++) {
        if (!steps[part]) continue;
        x->steps[part] = *steps[part];
        x->parity[part] = (int)(steps[part]->step & 1);
    }
    x->hit = (sdag_hit){.status = SDAG_OK};
    x->body_end = start;
    get_ready(x, now != NULL, next != NULL);
    sdag_pool_run(x->pool, &x->job);

    int64_t end = sdag_now_ns(), wall = end - start;
    busy = atomic_load_explicit(&x->job.busy, memory_order_relaxed) - busy;
    int64_t idle = wall * sdag_pool_threads(x->pool) - busy;
    x->stats.steps += now != NULL;
    x->stats.wall_s += 1e-9 * (double)wall;
    x->stats.idle_s += idle > 0 ? 1e-9 * (double)idle : 0;
    if (next) x->stats.wait_data_s += 1e-9 * (double)(end - x->body_end);
    return x->hit.status ? report(x) : SDAG_OK;
}

sdag_status sdag_exec_feed(sdag_exec *x, const sdag_step *now) { return run(x, NULL, now); }

sdag_status sdag_exec_step(sdag_exec *x, const sdag_step *now, const sdag_step *next) { return run(x, now, next); }

void sdag_exec_stats_get(const sdag_exec *x, sdag_exec_stats *out)
{
    for (int i = 0; i < x->program->ops.n; i++)
        x->op_s[i] = 1e-9 * (double)atomic_load_explicit(&x->op_ns[i], memory_order_relaxed);
    *out = x->stats;
    out->op_s = x->op_s;
}

void sdag_exec_clock(sdag_exec *x, bool on)
{
    x->timing = on;
    for (int i = 0; i < x->program->ops.n; i++) atomic_store_explicit(&x->op_ns[i], 0, memory_order_relaxed);
}

void sdag_exec_stats_reset(sdag_exec *x, bool per_op)
{
    x->stats = (sdag_exec_stats){0};
    sdag_exec_clock(x, per_op);
}
