/* The results of a sweep: a value for every run and metric, and runs that differ in their seed alone as groups. */
#ifndef SDAG_RUNTIME_CLI_SWEEP_VALUES_H
#define SDAG_RUNTIME_CLI_SWEEP_VALUES_H

#include "runtime/cli/sweep.h"

typedef struct sdag_sweep_values {
    const sdag_sweep *s;
    sdag_map names; /* "pretrain.loss", in the order in which they come */
    double *values; /* [run][metric], NAN: none */
    int n;
    int seed; /* the axis `seed`, when it has several values; -1 */
} sdag_sweep_values;

bool sdag_sweep_same_group(const sdag_sweep_values *r, int a, int b);
bool sdag_sweep_is_first(const sdag_sweep_values *r, int run); /* of its group */
/* Over the finished runs of a run's group: their number; sd with n - 1, NAN for one run. */
int sdag_sweep_mean(const sdag_sweep_values *r, int run, int metric, double *mean, double *sd);

void sdag_sweep_table(sdag_str *s, const sdag_sweep_values *r); /* sweep_table.c */
/* The runs that have no results, and what became of them. */
void sdag_sweep_missing(sdag_str *s, const sdag_sweep *w, const char *after);
sdag_status sdag_sweep_json(const sdag_sweep_values *r); /* sweep_json.c: to standard output */

#endif
