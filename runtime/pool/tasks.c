/* Which ops run, what each waits for, and which is preferred. */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "runtime/pool/parts.h"

typedef SDAG_VEC(int32_t) ints;

typedef struct sorter {
    const sdag_plan *plan;
    const sdag_program *program;
    sdag_arena *arena;
    int n;            /* ops */
    const bool *feed; /* the op runs in the feed's loop */
    int32_t *sorted;  /* every op after all that it waits for; otherwise in the order of the program */
    int32_t *pos;     /* and back */
    ints *after;      /* ops that wait for op i, with those that never run (views) skipped */
} sorter;

static bool runs(const sorter *s, int i) { return s->plan->tilings[i].tiles[0] > 0; }

/* Of all ops whose predecessors are out, the lowest is next: a bitmap does for the queue. */
static void sort(sorter *s)
{
    int words = s->n / 64 + 1, n = 0;
    uint64_t *free_ops = SDAG_NEWS(s->arena, uint64_t, words);
    int32_t *unmet = SDAG_NEWS(s->arena, int32_t, s->n + 1);
    for (int i = 0; i < s->plan->after_start[s->n]; i++) unmet[s->plan->after[i]]++;
    for (int i = 0; i < s->n; i++)
        if (!unmet[i]) free_ops[i >> 6] |= 1ull << (i & 63);
    for (int w = 0; w < words;) {
        if (!free_ops[w]) {
            w++;
            continue;
        }
        int i = w * 64 + __builtin_ctzll(free_ops[w]);
        free_ops[w] &= free_ops[w] - 1;
        s->pos[i] = n;
        s->sorted[n++] = i;
        for (int k = s->plan->after_start[i]; k < s->plan->after_start[i + 1]; k++) {
            int32_t then = s->plan->after[k];
            if (--unmet[then]) continue;
            free_ops[then >> 6] |= 1ull << (then & 63);
            if (then >> 6 < w) w = then >> 6;
        }
    }
}

/* Lists are short but for views of much-used values; `seen` keeps each op in a list once. */
static void skip_views(sorter *s)
{
    int32_t *seen = SDAG_NEWS(s->arena, int32_t, s->n + 1);
    for (int k = s->n - 1; k >= 0; k--) {
        int32_t i = s->sorted[k];
        for (int j = s->plan->after_start[i]; j < s->plan->after_start[i + 1]; j++) {
            int32_t then = s->plan->after[j];
            const ints one = {.at = &then, .n = 1};
            const ints *next = runs(s, then) ? &one : &s->after[then];
            for (int e = 0; e < next->n; e++) {
                if (seen[next->at[e]] == i + 1 || s->feed[next->at[e]] != s->feed[i]) continue;
                seen[next->at[e]] = i + 1;
                *SDAG_PUSH(s->arena, &s->after[i]) = next->at[e];
            }
        }
    }
}

typedef struct ranked {
    double priority;
    int32_t op, pos;
    bool feed;
} ranked;

static int by_rank(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->feed != y->feed) return x->feed ? 1 : -1;
    if (x->priority != y->priority) return x->priority > y->priority ? -1 : 1;
    return x->pos < y->pos ? -1 : x->pos > y->pos;
}

static void set_ranks(sdag_exec *x, const sorter *s)
{
    ranked *r = SDAG_NEWS(s->arena, ranked, s->n + 1);
    for (int i = 0; i < s->n; i++) {
        x->rank[i] = -1;
        if (!runs(s, i)) continue;
        x->n_body += !s->feed[i];
        r[x->n++] = (ranked){.priority = s->plan->priority[i], .op = i, .pos = s->pos[i], .feed = s->feed[i]};
    }
    qsort(r, (size_t)x->n, sizeof *r, by_rank);
    for (int i = 0; i < x->n; i++) x->rank[r[i].op] = i;
}

static void fill_task(sdag_exec *x, const sorter *s, int32_t i)
{
    const sdag_tiling *t = &s->plan->tilings[i];
    sdag_task *k = &x->tasks[x->rank[i]];
    k->op = s->program->ops.at[i].op;
    k->index = i;
    k->feed = s->feed[i];
    k->order = (uint64_t)s->pos[i] + ((uint64_t)s->feed[i] << 32);
    k->stages = t->stages;
    memcpy(k->tiles, t->tiles, sizeof k->tiles);
    k->scratch = t->scratch;
    k->workspace = t->workspace;
    int32_t *after = s->after[i].at;
    k->after = after;
    k->n_after = s->after[i].n;
    for (int j = 0; j < k->n_after; j++) {
        after[j] = x->rank[after[j]];
        x->tasks[after[j]].before++;
    }
}

void sdag_tasks_build(sdag_exec *x, sdag_arena *a)
{
    int n = x->program->ops.n;
    sorter s = {.plan = x->plan, .program = x->program, .arena = a, .n = n};
    s.feed = x->plan->feed;
    s.sorted = SDAG_NEWS(a, int32_t, n + 1);
    s.pos = SDAG_NEWS(a, int32_t, n + 1);
    s.after = SDAG_NEWS(a, ints, n + 1);
    x->rank = SDAG_NEWS(a, int32_t, n + 1);
    sort(&s);
    skip_views(&s);
    set_ranks(x, &s);
    x->tasks = SDAG_NEWS(a, sdag_task, x->n + 1);
    for (int i = 0; i < n; i++)
        if (runs(&s, i)) fill_task(x, &s, i);
    x->job.words = x->n / 64 + 1;
    for (int part = 0; part < 2; part++) x->first[part] = SDAG_NEWS(a, uint64_t, x->job.words);
    for (int r = 0; r < x->n; r++)
        if (!x->tasks[r].before) x->first[x->tasks[r].feed][r >> 6] |= 1ull << (r & 63);
}
