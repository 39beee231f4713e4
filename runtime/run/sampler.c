#include <string.h>

#include "core/base/rng.h"
#include "runtime/run/session.h"

/* Streams of sdag_rng_at that are not an epoch's: the choice of a subset is the same in every phase that asks for it.
 */
enum { SUBSET_KEY = 0x5b5e7, CLASS_KEY = 0xc1a55 };

static void shuffle(int32_t *x, int64_t n, sdag_rng r)
{
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t k = sdag_rng_below(&r, (uint32_t)(i + 1));
        int32_t t = x[i];
        x[i] = x[k];
        x[k] = t;
    }
}

static int by_id(const void *a, const void *b)
{
    return *(const int32_t *)a < *(const int32_t *)b ? -1 : *(const int32_t *)a > *(const int32_t *)b;
}

/* fraction: a range of one fixed random order. */
static void take_fraction(sdag_sampler *m, const sdag_floats *f)
{
    double lo = f->n > 1 ? f->at[0] : 0, hi = f->n > 1 ? f->at[1] : f->n ? f->at[0] : 1;
    if (lo <= 0 && hi >= 1) return;
    shuffle(m->subset, m->n, sdag_rng_at(m->seed, SUBSET_KEY, 0, 0));
    int64_t from = (int64_t)(lo * (double)m->n + 0.5), to = (int64_t)(hi * (double)m->n + 0.5);
    memmove(m->subset, m->subset + from, (size_t)(to - from) * sizeof *m->subset);
    m->n = to - from;
    qsort(m->subset, (size_t)m->n, sizeof *m->subset, by_id);
}

/* per_class: the first so many of each class in one fixed random order. */
static void take_per_class(sdag_sampler *m, sdag_arena *a, int64_t per_class)
{
    if (!per_class || !m->data->labels || m->data->classes <= 0) return;
    int64_t *seen = SDAG_NEWS(a, int64_t, m->data->classes), kept = 0;
    shuffle(m->subset, m->n, sdag_rng_at(m->seed, CLASS_KEY, 0, 0));
    for (int64_t i = 0; i < m->n; i++) {
        int32_t label = m->data->labels[m->subset[i]];
        if (label >= 0 && label < m->data->classes && seen[label]++ < per_class) m->subset[kept++] = m->subset[i];
    }
    m->n = kept;
    qsort(m->subset, (size_t)m->n, sizeof *m->subset, by_id);
}

sdag_status sdag_sampler_init(sdag_sampler *m, sdag_session *s, int32_t node, int64_t batch, bool training)
{
    const sdag_gnode *g = &s->graph->nodes[node];
    const sdag_source_opts *o = g->opts;
    const sdag_dataset *d = s->data[node];
    *m = (sdag_sampler){
        .data = d, .seed = s->graph->seed, .key = sdag_hash32(g->name), .batch = batch, .epoch = -1, .n = d->n};
    m->shuffle = o->shuffle == SDAG_TRUE || (o->shuffle == SDAG_AUTO && training);
    if (d->n > INT32_MAX) return sdag_fail(s->log, SDAG_IO, g->loc, "'%s' has more than 2^31 samples", g->name);
    m->subset = SDAG_NEWS(s->arena, int32_t, d->n + 1);
    for (int64_t i = 0; i < d->n; i++) m->subset[i] = (int32_t)i;
    take_fraction(m, &o->fraction);
    if (o->per_class && !d->labels)
        return sdag_fail(s->log, SDAG_IO, sdag_gnode_opt_loc(g, "per_class"),
                         "'%s' has no labels to choose per_class by", g->name);
    take_per_class(m, s->arena, o->per_class);
    if (m->n < 1) return sdag_fail(s->log, SDAG_IO, g->loc, "'%s' has no samples left", g->name);
    m->wrap = o->last == SDAG_LAST_WRAP || (o->last == SDAG_LAST_AUTO && m->n < batch);
    if (training && m->n < batch && !m->wrap)
        return sdag_fail(s->log, SDAG_IO, g->loc,
                         "'%s' has %lld samples, fewer than a batch of %lld: give a smaller batch, or last: wrap",
                         g->name, (long long)m->n, (long long)batch);
    m->order = SDAG_NEWS(s->arena, int32_t, m->n);
    return SDAG_OK;
}

int64_t sdag_sampler_steps(const sdag_sampler *m)
{
    return m->wrap ? (m->n + m->batch - 1) / m->batch : m->n / m->batch;
}

static void load_epoch(sdag_sampler *m, int64_t epoch)
{
    if (m->epoch == epoch) return;
    m->epoch = epoch;
    memcpy(m->order, m->subset, (size_t)m->n * sizeof *m->order);
    if (m->shuffle) shuffle(m->order, m->n, sdag_rng_at(m->seed, m->key, (uint32_t)epoch, UINT32_MAX));
}

static void put(const sdag_sampler *m, int64_t i, int64_t at, int32_t *ids, int32_t *labels)
{
    ids[i] = m->order[at];
    labels[i] = m->data->labels ? m->data->labels[m->order[at]] : -1;
}

void sdag_sampler_fill(sdag_sampler *m, int64_t step, int32_t *ids, int32_t *labels)
{
    int64_t steps = sdag_sampler_steps(m);
    load_epoch(m, step / steps);
    for (int64_t i = 0, from = step % steps * m->batch; i < m->batch; i++) put(m, i, (from + i) % m->n, ids, labels);
}

void sdag_sampler_take(sdag_sampler *m, int64_t from, int64_t rows, int32_t *ids, int32_t *labels)
{
    load_epoch(m, 0);
    for (int64_t i = 0; i < rows; i++) put(m, i, (from + i) % m->n, ids, labels);
}
