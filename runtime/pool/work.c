/* Taking a tile, running it, finishing an op. Every thread of the pool is in here most of its time. */
#include <string.h>

#include "runtime/pool/parts.h"

#define TILE_MASK ((1ull << SDAG_STAGE_SHIFT) - 1)

static int next_ready(const sdag_exec *x, int from)
{
    for (int w = from >> 6; w < x->job.words; w++) {
        uint64_t bits = atomic_load_explicit(&x->job.ready[w], memory_order_acquire);
        if (w == from >> 6) bits &= ~0ull << (from & 63);
        if (bits) return w * 64 + __builtin_ctzll(bits);
    }
    return -1;
}

/* Whether a stage of a task is still to be run: not when it comes after a failure. */
static bool wanted(const sdag_exec *x, const sdag_task *t, int stage)
{
    return SDAG_LIMIT(t->order, stage) <= atomic_load_explicit(&x->limit, memory_order_relaxed);
}

static void make_ready(sdag_exec *x, int rank) { atomic_fetch_or(&x->job.ready[rank >> 6], 1ull << (rank & 63)); }

/* Sleepers are worth a system call when there is more to do than the tile just taken. */
static void share(sdag_exec *x, int64_t more)
{
    if (!atomic_load(&x->pool->asleep)) return;
    if (more > SDAG_FINITE_MAX) more = SDAG_FINITE_MAX; /* any large number */
    for (int w = 0; w < x->job.words; w++) more += __builtin_popcountll(atomic_load(&x->job.ready[w]));
    if (more) sdag_pool_wake(x->pool, (int)more);
}

void sdag_exec_hit(sdag_exec *x, const sdag_hit *h)
{
    sdag_hit *best = &x->hit;
    pthread_mutex_lock(&x->hit_lock);
    bool wins = !best->status || h->order < best->order;
    if (best->status && h->order == best->order)
        wins = h->stage != best->stage ? h->stage < best->stage : h->tile < best->tile;
    if (wins) {
        *best = *h;
        atomic_store(&x->limit, SDAG_LIMIT(h->order, h->stage));
    }
    pthread_mutex_unlock(&x->hit_lock);
}

static void take_fault(sdag_exec *x, const sdag_task *t, sdag_worker *w, const sdag_args *a)
{
    sdag_hit h = {.order = t->order,
                  .stage = a->stage,
                  .tile = a->tile,
                  .feed = t->feed,
                  .op = t->index,
                  .status = w->fault.status};
    memcpy(h.text, w->fault.text, sizeof h.text);
    w->fault.status = SDAG_OK;
    sdag_exec_hit(x, &h);
}

static void run_tile(sdag_exec *x, sdag_worker *w, const sdag_task *t, int stage, int64_t tile)
{
    sdag_args a = t->args[x->parity[t->feed]];
    a.stage = stage;
    a.tile = tile;
    a.scratch = w->scratch;
    a.slot = w->slot;
    a.fault = &w->fault;
    sdag_op_range(&a, t->op);
    if (t->check && !stage && !sdag_finite_ins(x, t, &a)) return;
    if (x->hostile) sdag_hostile_tile(w, t);
    int64_t from = x->timing ? sdag_now_ns() : 0;
    t->op->cpu.run(&a);
    if (x->timing) atomic_fetch_add_explicit(&x->op_ns[t->index], sdag_now_ns() - from, memory_order_relaxed);
    if (w->fault.status) take_fault(x, t, w, &a);
}

static void finish(sdag_exec *x, int rank)
{
    const sdag_task *t = &x->tasks[rank];
    if (t->scan && wanted(x, t, SDAG_STAGES)) sdag_finite_outs(x, t);
    if (x->hostile) sdag_hostile_end(x, rank);
    for (int i = 0; i < t->n_after; i++) {
        int next = t->after[i];
        if (atomic_fetch_sub_explicit(&x->turns[next].unmet, 1, memory_order_acq_rel) != 1) continue;
        if (x->hostile) sdag_hostile_begin(x, &x->tasks[next]);
        make_ready(x, next);
    }
    uint64_t one = t->feed ? 1ull << 32 : 1, left = atomic_fetch_sub(&x->job.left, one) - one;
    if (!t->feed && !(left & UINT32_MAX)) x->body_end = sdag_now_ns();
    if (!left) sdag_pool_wake_caller(x->pool);
}

static void finish_tile(sdag_exec *x, int rank, int stage)
{
    const sdag_task *t = &x->tasks[rank];
    sdag_turn *turn = &x->turns[rank];
    int64_t tiles = t->tiles[stage];
    if (tiles > 1 && atomic_fetch_add_explicit(&turn->done, 1, memory_order_acq_rel) + 1 < tiles) return;
    if (stage + 1 == t->stages) {
        finish(x, rank);
        return;
    }
    /* Who comes late with an addition to `next` gets a tile of the new stage, or one too many: both are fine. */
    atomic_store_explicit(&turn->done, 0, memory_order_relaxed);
    atomic_store_explicit(&turn->next, (uint64_t)(stage + 1) << SDAG_STAGE_SHIFT, memory_order_release);
    make_ready(x, rank);
}

/* The first tile to be had of tasks `from` and later. */
static bool take(sdag_exec *x, sdag_worker *w, int from)
{
    for (int r = from; (r = next_ready(x, r)) >= 0; r++) {
        const sdag_task *t = &x->tasks[r];
        uint64_t got = atomic_fetch_add_explicit(&x->turns[r].next, 1, memory_order_acquire);
        int stage = (int)(got >> SDAG_STAGE_SHIFT);
        int64_t tile = (int64_t)(got & TILE_MASK), more = t->tiles[stage] - tile - 1;
        if (more < 0) continue; /* somebody took the last one, and has yet to clear the bit */
        if (!more) atomic_fetch_and(&x->job.ready[r >> 6], ~(1ull << (r & 63)));
        if (w->looking) sdag_worker_found(w);
        share(x, more);
        if (wanted(x, t, stage)) run_tile(x, w, t, stage, tile);
        finish_tile(x, r, stage);
        return true;
    }
    return false;
}

bool sdag_exec_work(sdag_job *j, sdag_worker *w)
{
    sdag_exec *x = (sdag_exec *)j;
    if (!x->hostile || !x->n) return take(x, w, 0);
    w->dice = w->dice * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
    return take(x, w, (int)((w->dice >> 33) % (uint64_t)x->n)) || take(x, w, 0);
}
