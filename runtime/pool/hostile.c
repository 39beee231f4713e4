/* The hostile mode: memory that nobody should read is NaN, so that a wrong plan shows in the results. */
#include <string.h>

#include "runtime/pool/parts.h"

/* All bits set: a NaN as f32, -1 as i32. */
static void spoil(void *p, size_t bytes) { memset(p, 0xff, bytes); }

static size_t bytes_of(const sdag_exec *x, sdag_val v)
{
    const sdag_value *s = &x->program->values.at[v];
    return (size_t)sdag_elems(&s->shape) * sdag_dtype_size(s->dtype);
}

/* Which values' memory each task reads; `reads` NULL: only counted into start. */
static void list_reads(sdag_exec *x, int32_t *start, int32_t *reads)
{
    int32_t n = 0;
    for (int r = 0; r < x->n; r++) {
        const sdag_program_op *o = &x->program->ops.at[x->tasks[r].index];
        start[r] = n;
        for (int k = 0; k < o->n_in; k++) {
            sdag_val v = sdag_exec_root(x, o->in[k]);
            bool again = false;
            for (int j = 0; j < k; j++) again |= sdag_exec_root(x, o->in[j]) == v;
            if (again || x->plan->places[v].at != SDAG_AT_BLOCK) continue;
            if (reads) reads[n] = v;
            n++;
        }
    }
    start[x->n] = n;
}

void sdag_hostile_plan(sdag_exec *x, sdag_arena *a, const sdag_memory *m)
{
    int nv = x->program->values.n;
    sdag_hostile *h = SDAG_NEW(a, sdag_hostile);
    h->chaos = m->chaos;
    h->start = SDAG_NEWS(a, int32_t, x->n + 1);
    list_reads(x, h->start, NULL);
    h->reads = SDAG_NEWS(a, int32_t, h->start[x->n] + 1);
    list_reads(x, h->start, h->reads);
    h->readers = SDAG_NEWS(a, int32_t, nv + 1);
    h->unread = sdag_arena_array(a, (size_t)nv + 1, sizeof *h->unread);
    for (int i = 0; i < h->start[x->n]; i++) h->readers[h->reads[i]]++;
    for (int i = 0; i < m->n_keep; i++) h->readers[sdag_exec_root(x, m->keep[i])] = 0;
    for (int r = 0; r < x->n; r++) { /* a result in the memory of an argument takes it over */
        const sdag_program_op *o = &x->program->ops.at[x->tasks[r].index];
        const sdag_args *g = &x->tasks[r].args[0];
        for (int k = 0; k < g->n_in; k++)
            for (int i = 0; i < g->n_out; i++)
                if (sdag_tensors_overlap(&g->in[k], &g->out[i])) h->readers[sdag_exec_root(x, o->in[k])] = 0;
    }
    x->hostile = h;
}

void sdag_hostile_step(sdag_exec *x, bool body)
{
    sdag_hostile *h = x->hostile;
    if (body) spoil(x->block, x->plan->block);
    for (sdag_val v = 0; v < x->program->values.n; v++)
        atomic_store_explicit(&h->unread[v], h->readers[v], memory_order_relaxed);
    uint64_t seed = ((uint64_t)h->chaos << 32 | (uint32_t)x->steps[0].step) * 0x9e3779b97f4a7c15u;
    for (int i = 0; i < sdag_pool_threads(x->pool); i++) x->pool->workers[i].dice = seed + (uint64_t)i;
}

void sdag_hostile_begin(sdag_exec *x, const sdag_task *t)
{
    const sdag_args *a = &t->args[x->parity[t->feed]];
    for (int i = 0; i < a->n_out && !(t->op->flags & SDAG_OP_UPDATES); i++) {
        bool shared = false;
        for (int k = 0; k < a->n_in; k++) shared |= sdag_tensors_overlap(&a->in[k], &a->out[i]);
        if (!shared) spoil(a->out[i].data, (size_t)sdag_elems(&a->out[i].shape) * sdag_dtype_size(a->out[i].dtype));
    }
    if (a->workspace) spoil(a->workspace, t->workspace);
}

void sdag_hostile_end(sdag_exec *x, int rank)
{
    sdag_hostile *h = x->hostile;
    for (int i = h->start[rank]; i < h->start[rank + 1]; i++) {
        sdag_val v = h->reads[i];
        if (!h->readers[v] || atomic_fetch_sub_explicit(&h->unread[v], 1, memory_order_acq_rel) != 1) continue;
        spoil(x->block + x->plan->places[v].offset, bytes_of(x, v));
    }
}

void sdag_hostile_tile(const sdag_worker *w, const sdag_task *t)
{
    if (t->scratch) spoil(w->scratch, t->scratch);
}
