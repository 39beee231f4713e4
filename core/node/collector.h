/* Probes and sinks: nodes that look at values while a phase runs and turn them into metrics or files.
 *
 * open, then batch for every batch of every pass in order, then close; all on one thread, between steps.
 * A collector without passes sees its input ports after each step of its phase (of the last epoch's steps for
 * training phases: reset by open at each epoch). One with passes (a kNN probe) runs the nodes named by its
 * SDAG_PORT_EVAL port over the data of each SDAG_PORT_DATA port: ports then holds the features and the labels. */
#ifndef SDAG_NODE_COLLECTOR_H
#define SDAG_NODE_COLLECTOR_H

#include "core/base/arena.h"
#include "core/base/log.h"
#include "core/data/dataset.h"
#include "core/tensor/tensor.h"

/* How often each class was taken for which: what a collector that classifies counts beside its metric. */
typedef struct sdag_confusion {
    int classes;     /* 0: nothing yet */
    int64_t *counts; /* i64[classes,classes], a row a true class, a column what was guessed */
    bool full;       /* too many classes, or no memory: nothing is counted */
} sdag_confusion;

#define SDAG_CONFUSION_MAX 256 /* classes */

typedef struct sdag_collector {
    const void *opts;
    sdag_log *log;
    sdag_loc loc;
    const char *node;    /* name of the node */
    const char *out_dir; /* of the run */
    uint64_t seed;
    int64_t rows[4];             /* samples that each pass will bring; [0] also without passes; 0: unknown */
    const sdag_dataset *data[4]; /* of each pass, or [0]: the phase's first source; NULL: none */
    bool done;                   /* set by batch when the collector makes its data itself and has enough */
    bool training;               /* weights change from batch to batch */
    void *metrics;               /* the runtime's own */
    sdag_confusion *confusion;   /* of this collection; NULL: nobody asks */
} sdag_collector;

/* Reports a metric "node.name" (plain "node" when name is NULL) at this moment of the run. */
void sdag_metric(sdag_collector *c, const char *name, double value);
/* The last value of "phase.metric" that the run has reported so far; false: there is none. */
bool sdag_metric_get(const sdag_collector *c, const char *name, double *value);

/* One sample of class `truth` was taken for class `guess`, both below `classes` (which stays the same). */
void sdag_confused(sdag_collector *c, int64_t classes, int64_t truth, int64_t guess);
void sdag_confusion_clear(sdag_confusion *m); /* frees */

typedef struct sdag_collect {
    const char *const *passes; /* names of SDAG_PORT_DATA ports, NULL-terminated; NULL: in the phase's own program */
    /* State of one collection, from sdag_alloc; released by close, also after a failed batch (ok = false). */
    sdag_status (*open)(void **state, sdag_collector *c);
    /* ports: without passes, the input ports in the order of the type's table (data NULL where not connected); a port
     * that takes a bundle (the last one) gives each of its views, ports[i], ports[i + 1], ...
     * With passes: ports[0] the value of the EVAL port f32[n,...], ports[1] labels i32[n] (data NULL: none),
     * ports[2] ids i32[n]. Data are valid during the call only. */
    sdag_status (*batch)(void *state, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports);
    sdag_status (*close)(void *state, sdag_collector *c, bool ok);
    /* A collector that makes the data of its one pass itself (a generator of text): every batch has rows(opts) samples,
     * load writes sample `row` of the next batch as to[n], and batch is called with what came out, until it sets
     * c->done. The port named in passes says what kind of data it is: data[0] is the data set of that source. load may
     * be called from any worker, for several rows at once; never while batch runs. */
    int64_t (*rows)(const void *opts);
    void (*load)(const void *state, int64_t row, int32_t *to, int64_t n);
    /* Bytes of *state when they hold no pointer: they then go into checkpoints, and a run that is continued in the
     * middle of an epoch reports what one that was never stopped does. 0: they cannot be saved. */
    size_t plain;
} sdag_collect;

#endif
