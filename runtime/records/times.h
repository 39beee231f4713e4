/* Where the time of a step goes, and the memory: by node and by kind of op. */
#ifndef SDAG_RUNTIME_RECORDS_TIMES_H
#define SDAG_RUNTIME_RECORDS_TIMES_H

#include "runtime/run/session.h"

typedef struct sdag_time {
    const char *name; /* of a node, or of an op; "compiler": ops that belong to no node */
    double seconds;   /* thread seconds a step */
    int64_t bytes;    /* nodes: planned for its values; what the feed hands over twice counts twice */
    int64_t ops;      /* that run */
} sdag_time;

typedef struct sdag_times {
    sdag_time *nodes, *kinds; /* the longest first */
    int n_nodes, n_kinds;
} sdag_times;

/* op_s: thread seconds of each op of the task's program, in `steps` steps together. */
sdag_times sdag_times_sum(sdag_arena *a, const sdag_task *t, const double *op_s, int64_t steps);

/* A few steps of a phase, measured while it runs: three at its beginning (the first two are passed over), then one in
 * fifty. Allocates nothing after sdag_timing_start, and touches no result. */
typedef struct sdag_timing {
    double *op_s; /* f64[ops], sums over the steps that were measured */
    double step_s, before;
    int64_t steps; /* that were measured */
    int64_t seen, to_come;
    bool on;
} sdag_timing;

void sdag_timing_start(sdag_timing *m, sdag_arena *a, const sdag_task *t, int64_t to_come); /* steps there will be */
void sdag_timing_before(sdag_timing *m, const sdag_task *t);                                /* a step */
void sdag_timing_after(sdag_timing *m, const sdag_task *t);                                 /* it */

#endif
