/* Private to the comparison: several runs as one set of rows. */
#ifndef SDAG_RUNTIME_REPORT_RUNS_H
#define SDAG_RUNTIME_REPORT_RUNS_H

#include "runtime/report/folder.h"

enum { SDAG_RUNS_MAX = 1000, SDAG_RUNS_DIFFS_MAX = 200 };

typedef struct sdag_runs_metric {
    const char *phase, *name;
    double *value; /* [n]; NAN: this run has none */
} sdag_runs_metric;

typedef struct sdag_runs_diff {
    const char *path;  /* "phases.pretrain.nodes.loss.temperature" */
    const char **text; /* [n]; NULL: this run has no such key */
} sdag_runs_diff;

typedef struct sdag_runs {
    sdag_arena *a;
    int n;
    sdag_folder **run;
    const char **label;
    sdag_runs_metric *metrics; /* phase by phase */
    int n_metrics;
    sdag_runs_diff *diffs;   /* keys of the configs that are not the same in all runs, in the order of the files */
    int n_diffs, more_diffs; /* those past the limit */
} sdag_runs;

/* SDAG_USAGE: too many; SDAG_IO: one is no folder of a run. */
sdag_status sdag_runs_read(sdag_runs *r, sdag_arena *a, sdag_log *log, const char *const *dirs,
                           const char *const *labels, int n);
void sdag_runs_diffs(sdag_runs *r); /* diff.c */

#endif
