/* Programs as a run compiles them (runtime/run), to be run again in other ways: without reuse of memory, with hostile
 * memory, with a fault in one operation. All ways must give the same bits.
 *
 *   programs p;
 *   programs_open(&p, path, sets, n_sets, 2);
 *   while (programs_next(&p)) {                       // every phase, then every pass of its probes
 *       program_run a = {.steps = 3}, b = {.steps = 3, .hostile = true};
 *       program_run_steps(&p, &a);
 *       program_run_steps(&p, &b);
 *       assert_true(program_runs_agree(&p, &a, &b));
 *   }
 *   programs_close(&p);
 *
 * Weights start as their rules say, also those that a phase takes from an earlier one. */
#ifndef SDAG_TESTS_PROGRAMS_H
#define SDAG_TESTS_PROGRAMS_H

#include "runtime/run/session.h"

typedef struct programs {
    sdag_arena arena;
    sdag_log *log;
    sdag_run_options options;
    sdag_session session;
    sdag_task *task; /* the program at hand: task->lowered, task->plan */
    sdag_plan_options keep;
    void **initial; /* its states before the first step */
    int32_t phase;
    int probe, pass; /* probe: place in the phase's order; pass -1: the phase itself */
    char name[128];  /* for messages */
} programs;

/* Any failure here ends the test program. */
void programs_open(programs *p, const char *path, const sdag_spec_set *sets, int n_sets, int threads);
bool programs_next(programs *p);
void programs_close(programs *p);

typedef struct program_run {
    /* how */
    int steps;
    const sdag_plan *plan; /* NULL: the task's own */
    sdag_pool *pool;       /* NULL: the session's own */
    bool hostile;
    uint32_t chaos;
    int32_t faulty;     /* with fault_step >= 0: this op's results hold a NaN ... */
    int64_t fault_step; /* ... on this step; 0 is never: the first step that can fail is 1 */
    sdag_log *log;      /* of the run; NULL: the programs' own */
    /* what came */
    sdag_status status;
    int64_t stopped_at; /* step of the failure */
    void **states;      /* after the last step */
    uint8_t *kept;      /* loss and collected values of all steps */
    size_t kept_bytes;
    uint64_t allocations; /* in all steps but the first */
} program_run;

void program_run_steps(programs *p, program_run *r);
bool program_runs_agree(const programs *p, const program_run *a, const program_run *b); /* prints what differs */

#endif
