/* Dependencies between ops: results, versions of states, and explicit ones. */
#include <string.h>

#include "graphs/plan/plan_int.h"

static bool bit(const uint64_t *row, int32_t i) { return row[i >> 6] >> (i & 63) & 1; }

bool sdag_deps_ordered(const sdag_deps *d, int32_t first, int32_t then)
{
    return bit(&d->ancestors[(size_t)then * (size_t)d->words], first);
}

static void edge(sdag_deps *d, int32_t first, int32_t then)
{
    if (first < 0 || first == then || !d->live[first] || !d->live[then] || d->feed[first] != d->feed[then]) return;
    for (int i = 0; i < d->before[then].n; i++)
        if (d->before[then].at[i] == first) return;
    *SDAG_PUSH(d->arena, &d->before[then]) = first;
    *SDAG_PUSH(d->arena, &d->after[first]) = then;
}

/* The value in whose memory v is, following views. */
static sdag_val base_of(const sdag_program *p, sdag_val v)
{
    while (p->values.at[v].alias && !(p->ops.at[p->values.at[v].producer].op->flags & SDAG_OP_UPDATES))
        v = p->values.at[v].alias;
    return v;
}

static void mark_live(sdag_deps *d, const sdag_val *keep, int n_keep)
{
    const sdag_program *p = d->program;
    for (int i = 0; i < n_keep; i++)
        if (keep[i] && p->values.at[keep[i]].producer >= 0) d->live[p->values.at[keep[i]].producer] = true;
    for (int i = d->n - 1; i >= 0; i--) {
        const sdag_program_op *o = &p->ops.at[i];
        if (o->op->flags & SDAG_OP_UPDATES) d->live[i] = true;
        for (int k = 0; d->live[i] && k < o->n_in; k++) {
            int32_t from = p->values.at[o->in[k]].producer;
            if (from >= 0) d->live[from] = true;
        }
    }
    for (int i = 0; i < d->n; i++) { /* the feed ends where something of the body, or a state, is read */
        const sdag_program_op *o = &p->ops.at[i];
        d->feed[i] = o->part == SDAG_PART_FEED;
        for (int k = 0; k < o->n_in; k++) {
            int32_t from = p->values.at[o->in[k]].producer;
            if (from >= 0 && !d->feed[from]) d->feed[i] = false;
            if (p->values.at[o->in[k]].state >= 0) d->feed[i] = false; /* the body may be changing it */
        }
    }
}

/* An op that writes a state waits for all that read its previous version. */
static void add_state_edges(sdag_deps *d)
{
    const sdag_program *p = d->program;
    sdag_ints32 *readers = SDAG_NEWS(d->arena, sdag_ints32, p->values.n);
    for (int i = 0; i < d->n; i++)
        for (int k = 0; k < p->ops.at[i].n_in; k++) {
            sdag_val v = base_of(p, p->ops.at[i].in[k]);
            if (p->values.at[v].state >= 0) *SDAG_PUSH(d->arena, &readers[v]) = i;
        }
    for (int i = 0; i < d->n; i++) {
        const sdag_program_op *o = &p->ops.at[i];
        if (!(o->op->flags & SDAG_OP_UPDATES)) continue;
        for (int k = 0; k < o->n_out; k++) {
            const sdag_ints32 *r = &readers[base_of(p, o->in[k])];
            for (int j = 0; j < r->n; j++) edge(d, r->at[j], i);
        }
    }
}

/* Program order, but updates come as soon as what they wait for is done: gradients then die early. */
static void put(sdag_deps *d, int32_t *unmet, int32_t op, int *n)
{
    d->pos[op] = *n;
    d->order[(*n)++] = op;
    for (int i = 0; i < d->after[op].n; i++) {
        int32_t next = d->after[op].at[i];
        if (--unmet[next] == 0 && d->program->ops.at[next].part == SDAG_PART_UPDATE) put(d, unmet, next, n);
    }
}

static void set_order(sdag_deps *d)
{
    int32_t *unmet = SDAG_NEWS(d->arena, int32_t, d->n + 1);
    int n = 0;
    for (int i = 0; i < d->n; i++) {
        unmet[i] = d->before[i].n;
        d->pos[i] = -1;
    }
    for (int i = 0; i < d->n; i++)
        if (d->pos[i] < 0 && (d->program->ops.at[i].part != SDAG_PART_UPDATE || unmet[i] == 0)) put(d, unmet, i, &n);
}

static void inherit(sdag_deps *d, int32_t then, int32_t first)
{
    uint64_t *to = &d->ancestors[(size_t)then * (size_t)d->words];
    const uint64_t *from = &d->ancestors[(size_t)first * (size_t)d->words];
    for (int w = 0; w < d->words; w++) to[w] |= from[w];
    to[first >> 6] |= 1ull << (first & 63);
}

void sdag_deps_build(sdag_deps *d, sdag_arena *a, const sdag_program *p, const sdag_val *keep, int n_keep)
{
    *d = (sdag_deps){.arena = a, .program = p, .n = p->ops.n, .words = (p->ops.n + 63) / 64 + 1};
    d->live = SDAG_NEWS(a, bool, d->n + 1);
    d->feed = SDAG_NEWS(a, bool, d->n + 1);
    d->after = SDAG_NEWS(a, sdag_ints32, d->n + 1);
    d->before = SDAG_NEWS(a, sdag_ints32, d->n + 1);
    d->pos = SDAG_NEWS(a, int32_t, d->n + 1);
    d->order = SDAG_NEWS(a, int32_t, d->n + 1);
    d->stack = SDAG_NEWS(a, int32_t, d->n + 1);
    d->ancestors = sdag_arena_array(a, (size_t)d->n + 1, (size_t)d->words * sizeof(uint64_t));
    mark_live(d, keep, n_keep);
    for (int i = 0; i < d->n; i++) {
        const sdag_program_op *o = &p->ops.at[i];
        for (int k = 0; k < o->n_in; k++) edge(d, p->values.at[o->in[k]].producer, i);
        edge(d, o->after, i);
    }
    add_state_edges(d);
    set_order(d);
    for (int i = 0; i < d->n; i++)
        for (int k = 0; k < d->before[d->order[i]].n; k++) inherit(d, d->order[i], d->before[d->order[i]].at[k]);
}

/* What follows `then` gets what comes before `first` as well. Where `first` is known already, all of that is, and below
 * it too: so each addition only walks what it changes. */
void sdag_deps_add(sdag_deps *d, int32_t first, int32_t then)
{
    int n = 0;
    if (sdag_deps_ordered(d, first, then)) return;
    edge(d, first, then);
    inherit(d, then, first);
    d->stack[n++] = then;
    while (n) {
        const sdag_ints32 *next = &d->after[d->stack[--n]];
        for (int i = 0; i < next->n; i++)
            if (!sdag_deps_ordered(d, first, next->at[i])) {
                inherit(d, next->at[i], first);
                d->stack[n++] = next->at[i]; /* once each: it knows first now */
            }
    }
}
