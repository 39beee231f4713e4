/* The thread pool: runs planned programs, tile by tile, on all threads that it was given.
 *
 *   sdag_pool *pool = sdag_pool_create(log, sdag_cpus());
 *   sdag_exec *x;
 *   status = sdag_exec_create(&x, arena, log, pool, plan, &memory);
 *   sdag_exec_names(x, node_names, node_locs);
 *   ... fill the inputs of step 0; status = sdag_exec_feed(x, &step_0);
 *   for (...) { fill the inputs of step t+1; status = sdag_exec_step(x, &step_t, &step_t1); }
 *
 * One step: the body on step t and, at the same time and after it in priority, the feed of step t+1. Ready ops are
 * taken by priority (longest path to the end first); the tiles of one op are shared by all idle threads. The calling
 * thread works too. Nothing is allocated in sdag_exec_step. Results do not depend on the number of threads. */
#ifndef SDAG_RUNTIME_POOL_POOL_H
#define SDAG_RUNTIME_POOL_POOL_H

#include "core/base/arena.h"
#include "core/base/log.h"
#include "graphs/plan/plan.h"

/* A pool serves any number of programs, one at a time: create, feed, step and destroy are called by one thread. */
typedef struct sdag_pool sdag_pool;
sdag_pool *sdag_pool_create(sdag_log *log, int threads); /* NULL: reported. 1..SDAG_SLOTS_MAX, the caller included */
void sdag_pool_destroy(sdag_pool *p);                    /* NULL is fine */
int sdag_pool_threads(const sdag_pool *p);

/* Memory of one program. states[i]: where state i of the program lives (64-byte aligned, outlives the exec). */
typedef struct sdag_memory {
    void *const *states;
    bool hostile; /* fill freed and fresh memory with NaN, run ready tasks in random legal order (seeded by `chaos`) */
    uint32_t chaos;
    const sdag_val *keep; /* with hostile: the values that the host reads, as given to sdag_plan_build */
    int n_keep;
} sdag_memory;

typedef struct sdag_exec sdag_exec;
/* Allocates the block; freed by the arena. SDAG_NOMEM is not reported. */
sdag_status sdag_exec_create(sdag_exec **out, sdag_arena *a, sdag_log *log, sdag_pool *pool, const sdag_plan *plan,
                             const sdag_memory *m);

/* Names and places of nodes, by index, for messages; both outlive the exec. Until then nodes are numbers. */
void sdag_exec_names(sdag_exec *x, const char *const *node_names, const sdag_loc *node_locs);

/* Where a value is while step t runs (inputs: to be filled before; results: valid until the next step). NULL: the plan
 * found that nobody needs it. */
void *sdag_exec_at(const sdag_exec *x, sdag_val v, int64_t t);

/* The first feed: fills slot `now->step` without a body. */
sdag_status sdag_exec_feed(sdag_exec *x, const sdag_step *now);
/* The body of *now, and the feed of *next (NULL: there is none). now->step may be any number, but consecutive steps
 * alternate between even and odd.
 *
 * Fails with the status that an op reported (sdag_op_fail), or with SDAG_DIVERGED when an op's result is not finite;
 * the message with the node's name and place is in the log. The first failing op in the order of the program wins,
 * those of the body before those of the feed, whatever the number of threads: what comes before it is still run, what
 * comes after is dropped. States may be half updated afterwards: restore them, or stop.
 *
 * Looked at: f32 results of up to SDAG_FINITE_MAX elements, and gradients of any size before they reach a state.
 * Larger results flow into such: batch statistics, losses, gradients. When one of those is hit, the large arguments of
 * its op are looked at too, so that the message names where it came from. */
#define SDAG_FINITE_MAX 65536
sdag_status sdag_exec_step(sdag_exec *x, const sdag_step *now, const sdag_step *next);

/* What the last steps took; sums since the last reset. */
typedef struct sdag_exec_stats {
    int64_t steps;
    double wall_s;      /* of sdag_exec_step and sdag_exec_feed */
    double wait_data_s; /* of that: only the feed was left to run */
    double idle_s;      /* thread seconds without work */
    const double *op_s; /* busy thread seconds of each op; valid until the next call */
} sdag_exec_stats;
void sdag_exec_stats_get(const sdag_exec *x, sdag_exec_stats *out);
void sdag_exec_stats_reset(sdag_exec *x, bool per_op); /* per_op: measure ops (two clock reads a tile) */
/* Between steps: from here on ops are measured, or not any more; their sums start at 0, all others go on. */
void sdag_exec_clock(sdag_exec *x, bool on);

#endif
