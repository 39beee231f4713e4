/* A sweep: one run for every combination of the values that several --set list.
 *
 *   ssldag sweep simclr.yaml --set pretrain.optimizer.lr=[1e-3, 3e-3] --set seed=[1, 2, 3] --out DIR
 *
 * DIR/sweep.json says what belongs to the sweep and how each run ended; it is written anew after every run, so that the
 * same command goes on where it was stopped. What the parts of cmd_sweep.c share: */
#ifndef SDAG_RUNTIME_CLI_SWEEP_H
#define SDAG_RUNTIME_CLI_SWEEP_H

#include "runtime/cli/cli.h"

enum { SDAG_SWEEP_RUNS_MAX = 1000 };

/* One --set with several values. */
typedef struct sdag_sweep_axis {
    const char *path, *name; /* as typed; the last key where that is clear: "lr" */
    int set;                 /* which --set */
    const char **values;     /* as they would be typed */
    int n;
} sdag_sweep_axis;

typedef struct sdag_sweep_run {
    const char *label, *dir; /* "lr=0.1 seed=2"; DIR/lr=0.1,seed=2 */
    const char **values;     /* one an axis */
    int code;                /* what it exited with; -1: it has not ended yet */
} sdag_sweep_run;

typedef struct sdag_sweep {
    sdag_cli *c;
    const char *file, *dir, *config; /* config: the pipeline without what is swept, as text */
    sdag_sweep_axis *axes;
    int n_axes;
    sdag_sweep_run *runs;
    int n_runs;
} sdag_sweep;

/* sweep_plan.c: axes and runs, each of them checked as `check` does; DIR is named, and nothing is written. */
sdag_status sdag_sweep_plan(sdag_sweep *s, sdag_cli *c);
/* The sets of a run: those typed, with its values in place of the lists. */
void sdag_sweep_sets(sdag_spec_set *out, const sdag_sweep *s, const sdag_sweep_run *r);

/* sweep_state.c */
sdag_status sdag_sweep_open(sdag_sweep *s); /* makes DIR, or reads how far the same sweep got there */
sdag_status sdag_sweep_save(const sdag_sweep *s);

/* sweep_run.c: runs what has not ended, in the order of the list; SDAG_STOPPED after a signal. */
sdag_status sdag_sweep_work(sdag_sweep *s);

/* sweep_values.c: the results of the runs that ended, to standard output, sweep.csv and sweep.html. */
sdag_status sdag_sweep_results(const sdag_sweep *s);

#endif
