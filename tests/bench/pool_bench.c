/* What the pool costs: a chain of empty ops, and how independent tiles spread over threads.
 *
 *   pool_bench            prints a table: the fastest of many runs, since other programs may share the machine */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "runtime/pool/cpus.h"
#include "runtime/pool/pool.h"
#include "tests/support/toy.h"

enum { CHAIN = 1000, TILES = 64, TILE_US = 100, RUNS = 41 };

/* Seconds of a step of what `emit` gives. */
static double measure(void (*emit)(sdag_build *b, sdag_val x, sdag_val *keep), int threads)
{
    double best = 1e9;
    sdag_arena a;
    sdag_program p = {0};
    sdag_build b;
    sdag_plan *plan;
    sdag_exec *x;
    sdag_log *log = sdag_log_create(stderr);
    sdag_val keep = 0;
    float *state = sdag_alloc_aligned(64, 64);
    sdag_arena_init(&a);
    sdag_build_init(&b, &a, log, &p);
    b.node_name = "bench";
    emit(&b, sdag_state_get(&b, "x", SDAG_DT_F32, SDAG_SHAPE(1), (sdag_init){0}, 0), &keep);
    const sdag_memory m = {.states = (void *const[]){state}};
    sdag_pool *pool = sdag_pool_create(log, threads);
    if (!log || !state || sdag_build_failed(&b) || !pool ||
        sdag_plan_build(&plan, &a, log, &p, &(sdag_plan_options){.keep = &keep, .n_keep = 1, .no_reuse = true}) ||
        sdag_exec_create(&x, &a, log, pool, plan, &m))
        exit(1);
    state[0] = 1;
    for (int i = 0; i < p.values.n; i++) /* empty ops write nothing, and garbage may look like a NaN */
        if (plan->places[i].at == SDAG_AT_BLOCK) memset(sdag_exec_at(x, i, 0), 0, sizeof(float));
    for (int i = 0; i < RUNS; i++) {
        sdag_exec_stats s;
        sdag_exec_stats_reset(x, false);
        if (sdag_exec_step(x, &(sdag_step){.step = i}, NULL)) exit(1);
        sdag_exec_stats_get(x, &s);
        if (s.wall_s < best) best = s.wall_s;
    }
    sdag_arena_free(&a);
    sdag_pool_destroy(pool);
    sdag_free(state);
    sdag_log_destroy(log);
    return best;
}

static void chain(sdag_build *b, sdag_val x, sdag_val *keep)
{
    for (int i = 0; i < CHAIN; i++) x = sdag_emit1(b, &sdag_toy_empty, x, NULL);
    *keep = x;
}

/* Pairs of independent ops that meet again: there is always one for somebody else. */
static void ladder(sdag_build *b, sdag_val x, sdag_val *keep)
{
    for (int i = 0; i < CHAIN / 2; i++) {
        sdag_val y = sdag_emit1(b, &sdag_toy_empty, x, NULL), z = sdag_emit1(b, &sdag_toy_empty, x, NULL);
        x = sdag_emit2(b, &sdag_toy_empty, y, z, NULL);
    }
    *keep = x;
}

static void small(sdag_build *b, sdag_val x, sdag_val *keep)
{
    const sdag_toy_order o = {.step = -1, .tiles = 4, .spin_us = 5, .at = -1};
    for (int i = 0; i < 100; i++) x = sdag_emit1(b, &sdag_toy_obey, x, &o);
    *keep = x;
}

static void wide(sdag_build *b, sdag_val x, sdag_val *keep)
{
    const sdag_toy_order o = {.step = -1, .tiles = TILES, .spin_us = TILE_US, .at = -1};
    *keep = sdag_emit1(b, &sdag_toy_obey, x, &o);
}

int main(void)
{
    printf("%d CPUs\n", sdag_cpus());
    for (int threads = 1; threads <= 2; threads++) {
        double t = measure(chain, threads);
        printf("chain of %d empty ops, %d threads:            %6.0f ns an op\n", CHAIN, threads, t / CHAIN * 1e9);
    }
    for (int threads = 1; threads <= 2; threads++) {
        double t = measure(ladder, threads);
        printf("%d rungs of two empty ops and one, %d threads: %6.0f ns an op\n", CHAIN / 2, threads,
               t / (1.5 * CHAIN) * 1e9);
    }
    double one = 0;
    for (int threads = 1; threads <= 2; threads++) {
        double t = measure(small, threads);
        if (threads == 1) one = t;
        printf("100 ops of 4 tiles of 5 us, %d threads:         %6.3f ms, %.2f times\n", threads, t * 1e3, one / t);
    }
    for (int threads = 1; threads <= 2; threads++) {
        double t = measure(wide, threads);
        if (threads == 1) one = t;
        printf("%d independent tiles of %d us, %d threads:     %6.3f ms, %.2f times\n", TILES, TILE_US, threads,
               t * 1e3, one / t);
    }
    return 0;
}
