/* Offsets in the block: largest first, into the smallest gap that holds it (Pisarchyk & Lee 2020, "Efficient memory
 * management for deep neural net inference", greedy by size), with lives ordered by the dependencies of a parallel
 * schedule rather than by time. */
#include <stdlib.h>
#include <string.h>

#include "graphs/plan/plan_int.h"

/* Two lives this many positions apart may be forced into order to share memory: what lies between keeps the threads
 * busy. Nearer ones stay independent, so that neighbours such as dX and dW of one layer run at the same time. */
enum { SLACK = 3 };

typedef enum { FREE, SOFT, HARD } clash; /* may share as it is; may share with new dependencies; may not */

/* Every user of `a` finishes before b's writer starts. */
static bool dies_before(const sdag_deps *d, const sdag_life *a, const sdag_life *b)
{
    for (int i = a->users.n - 1; i >= 0; i--)
        if (!sdag_deps_ordered(d, a->users.at[i], b->writer)) return false;
    return true;
}

static clash compare(const sdag_deps *d, const sdag_life *a, const sdag_life *b)
{
    if (a->first > b->first) {
        const sdag_life *t = a;
        a = b;
        b = t;
    }
    if (a->feed != b->feed || a->kept || a->last >= b->first) return HARD;
    if (dies_before(d, a, b)) return FREE;
    return b->first - a->last >= SLACK ? SOFT : HARD;
}

typedef struct taken {
    int64_t from, to;
    int32_t life;
    clash how;
} taken;

static int by_offset(const void *x, const void *y)
{
    const taken *a = x, *b = y;
    return a->from < b->from ? -1 : a->from > b->from ? 1 : a->life - b->life;
}

/* The start of the smallest gap of at least `bytes` between intervals that are at least `worst`. */
static int64_t find_gap(const taken *t, int n, int64_t bytes, clash worst)
{
    int64_t end = 0, best = -1, best_size = INT64_MAX;
    for (int i = 0; i < n; i++) {
        if (t[i].how < worst) continue;
        int64_t gap = t[i].from - end;
        if (gap >= bytes && gap < best_size) {
            best = end;
            best_size = gap;
        }
        if (t[i].to > end) end = t[i].to;
    }
    return best >= 0 ? best : end;
}

static void order_lives(sdag_deps *d, const sdag_life *a, const sdag_life *b, int *added)
{
    if (a->first > b->first) {
        const sdag_life *t = a;
        a = b;
        b = t;
    }
    for (int i = 0; i < a->users.n; i++)
        if (!sdag_deps_ordered(d, a->users.at[i], b->writer)) {
            sdag_deps_add(d, a->users.at[i], b->writer);
            ++*added;
        }
}

typedef struct ranked {
    size_t bytes;
    int32_t first, life;
} ranked;

static int by_size(const void *x, const void *y)
{
    const ranked *a = x, *b = y;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? 1 : -1;
    return a->first != b->first ? a->first - b->first : a->life - b->life;
}

size_t sdag_lives_place(sdag_deps *d, sdag_life *lives, int n, bool reuse, int *edges_added)
{
    ranked *rank = SDAG_NEWS(d->arena, ranked, n + 1);
    taken *t = SDAG_NEWS(d->arena, taken, n + 1);
    int32_t *placed = SDAG_NEWS(d->arena, int32_t, n + 1);
    int n_placed = 0, m = 0;
    int64_t high = 0;
    for (int i = 0; i < n; i++)
        if (lives[i].bytes) rank[m++] = (ranked){.bytes = lives[i].bytes, .first = lives[i].first, .life = i};
    qsort(rank, (size_t)m, sizeof *rank, by_size);
    for (int r = 0; r < m; r++) {
        sdag_life *l = &lives[rank[r].life];
        int64_t bytes = (int64_t)((l->bytes + SDAG_ALIGN - 1) / SDAG_ALIGN * SDAG_ALIGN);
        int n_taken = 0;
        for (int i = 0; i < n_placed; i++) {
            const sdag_life *o = &lives[placed[i]];
            t[n_taken++] = (taken){.from = o->offset,
                                   .to = o->offset + (int64_t)((o->bytes + SDAG_ALIGN - 1) / SDAG_ALIGN * SDAG_ALIGN),
                                   .life = placed[i],
                                   .how = reuse ? compare(d, l, o) : HARD};
        }
        qsort(t, (size_t)n_taken, sizeof *t, by_offset);
        l->offset = find_gap(t, n_taken, bytes, SOFT);
        if (l->offset + bytes > high) { /* the block would grow: is it worth an order? */
            int64_t other = find_gap(t, n_taken, bytes, HARD);
            if (other < l->offset) l->offset = other;
        }
        for (int i = 0; i < n_taken; i++)
            if (t[i].how == SOFT && t[i].from < l->offset + bytes && t[i].to > l->offset)
                order_lives(d, l, &lives[t[i].life], edges_added);
        if (l->offset + bytes > high) high = l->offset + bytes;
        placed[n_placed++] = rank[r].life;
    }
    return (size_t)high;
}
