/* Runs a pipeline: its phases in order, with metrics, checkpoints, probes and files.
 *
 *   sdag_run_options o = {.graph = g, .out_dir = "runs/simclr/...", .threads = 2, ...};
 *   status = sdag_run(&o, arena, log);
 *
 * What a run writes: config.yaml (the effective pipeline), graph.svg, metrics.jsonl (a line an event), summary.json
 * (the last value of every probe, by phase), classes.json (names of classes, by source), report.html (the run as a
 * page, runtime/report), timing.json and report/ (what the page is made from, runtime/records),
 * checkpoints/NNNNNN.safetensors (the last two), weights/PHASE.NODE.safetensors at the end of each phase, and what its
 * sinks write. */
#ifndef SDAG_RUNTIME_RUN_RUN_H
#define SDAG_RUNTIME_RUN_RUN_H

#include "graphs/graph/graph.h"

typedef struct sdag_run_options {
    const sdag_graph *graph;
    const char *out_dir; /* exists, and is this run's own */
    int threads;
    bool resume;   /* continue from the newest checkpoint of out_dir that verifies */
    bool progress; /* a bar on stderr; otherwise a line an epoch when not quiet */
    bool quiet;
    bool no_report;        /* keep nothing for a report */
    const char *embedding; /* "tsne": maps of features by t-SNE; otherwise by principal components */
    bool tensorboard;      /* scalars also as events of TensorBoard, in out_dir/tensorboard */
} sdag_run_options;

/* Removes the unfinished files that a killed run left in its folder; for who holds the folder's lock. */
void sdag_run_clean(const char *dir);

sdag_status sdag_run(const sdag_run_options *o, sdag_arena *a, sdag_log *log);

/* Times one phase: `steps` steps after `warmup` of them. */
typedef struct sdag_bench_options {
    const sdag_graph *graph;
    int threads, steps, warmup;
    const char *phase; /* NULL: the first */
    bool json;
} sdag_bench_options;
sdag_status sdag_bench(const sdag_bench_options *o, sdag_arena *a, sdag_log *log, FILE *to);

#endif
