/* Private to the run: what all its parts share. */
#ifndef SDAG_RUNTIME_RUN_SESSION_H
#define SDAG_RUNTIME_RUN_SESSION_H

#include <jansson.h>

#include "graphs/lower/lower.h"
#include "graphs/plan/plan.h"
#include "runtime/pool/pool.h"
#include "runtime/run/run.h"

/* ---- weights of all phases (store.c) */

typedef struct sdag_weight {
    int32_t phase;
    const char *node, *name;
    sdag_dtype dtype;
    sdag_shape shape;
    unsigned flags; /* SDAG_STATE_* */
    void *data;     /* 64-byte aligned */
    bool shared;    /* another weight's memory (an inference phase) */
    bool restored;  /* from a checkpoint, not yet asked for */
} sdag_weight;

typedef struct sdag_store {
    SDAG_VEC(sdag_weight) list;
    sdag_map index; /* "phase.node.name" -> list */
} sdag_store;

typedef struct sdag_session sdag_session;

/* The weight of a state of a phase's program: made (from `use`, from a file, or by its rule) on the first call. */
sdag_status sdag_store_bind(void **data, sdag_session *s, int32_t phase, const sdag_state *state);
/* The weights of a node of a phase from a file that a run has written, for those that ask for them later. */
sdag_status sdag_store_read(sdag_session *s, int32_t phase, const char *node, const char *path);
/* Writes weights/PHASE.NODE.safetensors for the nodes of a phase that have weights of their own. */
sdag_status sdag_store_export(sdag_session *s, int32_t phase);
/* SDAG_DIVERGED, naming it, when a weight or slot of the phase is not finite: the last update's results are read by no
 * step after it. */
sdag_status sdag_store_check(sdag_session *s, int32_t phase);
/* Frees the optimizer's slots of a phase that is over. */
void sdag_store_drop_slots(sdag_session *s, int32_t phase);

/* ---- which samples, in which order (sampler.c) */

typedef struct sdag_sampler {
    const sdag_dataset *data;
    uint64_t seed;
    uint32_t key;    /* of the node: order of the epochs */
    int32_t *subset; /* samples in use */
    int32_t *order;  /* of the epoch that is loaded */
    int64_t n, batch, epoch;
    bool shuffle, wrap;
} sdag_sampler;

sdag_status sdag_sampler_init(sdag_sampler *m, sdag_session *s, int32_t node, int64_t batch, bool training);
int64_t sdag_sampler_steps(const sdag_sampler *m); /* full (or wrapped) batches in an epoch */
/* Ids and labels of batch `step`, counted over all epochs; rows of them. */
void sdag_sampler_fill(sdag_sampler *m, int64_t step, int32_t *ids, int32_t *labels);
/* Ids and labels of samples from..from+rows in order (inference). */
void sdag_sampler_take(sdag_sampler *m, int64_t from, int64_t rows, int32_t *ids, int32_t *labels);

/* ---- a compiled program, ready to run (task.c) */

typedef struct sdag_task {
    sdag_session *session;
    sdag_arena arena;
    sdag_lowered *lowered;
    sdag_plan *plan;
    sdag_exec *exec;
    int32_t phase;
    bool training;
    sdag_sampler *samplers;  /* one a feed of the program; NULL: what is looked at (lower.h), who looks fills it */
    int64_t steps_per_epoch; /* of the feed that takes longest */
    int64_t steps;           /* of the phase, for schedules */
    int64_t images;          /* that the body takes in a step */
    size_t bytes;            /* planned memory */
} sdag_task;

/* request.graph is filled in, and .data where it is NULL. batch 0: the options' own. */
sdag_status sdag_task_create(sdag_task **out, sdag_session *s, sdag_lower_request request);
void sdag_task_destroy(sdag_task *t);
/* Inputs of step `step`: ids, labels, schedules. */
void sdag_task_fill(sdag_task *t, int64_t step);
void sdag_task_fill_rows(sdag_task *t, int64_t step, int64_t from, int64_t rows);
void sdag_task_fill_schedules(sdag_task *t, int64_t step);
float sdag_task_loss(const sdag_task *t, int64_t step);

/* ---- metrics (metrics.c) */

typedef struct sdag_metrics {
    int fd;
    int64_t bytes;              /* of metrics.jsonl so far */
    json_t *summary;            /* {"phases": {...}} */
    sdag_status failed;         /* of a line that a collector reported */
    struct sdag_events *events; /* the same for TensorBoard (runtime/report/events.h); NULL: not wanted */
} sdag_metrics;

sdag_status sdag_metrics_open(sdag_session *s, int64_t keep_bytes);              /* cuts an older file to keep_bytes */
sdag_status sdag_metrics_emit(sdag_session *s, json_t *line);                    /* steals line; NULL: out of memory */
sdag_status sdag_metrics_value(sdag_session *s, const char *name, double value); /* a line, and the summary */
sdag_status sdag_metrics_summary(sdag_session *s);                               /* rewrites summary.json */
void sdag_metrics_close(sdag_session *s);

/* ---- names of classes (classes.c) */

/* Adds those of the sources of a phase, which are open, to classes.json. */
sdag_status sdag_classes_write(sdag_session *s, int32_t phase);
/* All of classes.json, to be released; NULL: there is none. */
json_t *sdag_classes_read(sdag_arena *a, const char *dir);

/* ---- checkpoints (checkpoint.c) */

typedef struct sdag_cursor {
    int32_t phase; /* the phase to continue; phases before it are over */
    int64_t step;  /* steps done in it */
    int64_t metrics_bytes;
    double loss_sum; /* of the epoch so far */
    double seconds;  /* spent in the phase so far */
} sdag_cursor;

/* What a collector had counted when its epoch was interrupted: sdag_collect.plain bytes. */
typedef struct sdag_saved_probe {
    const char *node;
    void *state;
    size_t n;
} sdag_saved_probe;

sdag_status sdag_checkpoint_write(sdag_session *s, const sdag_cursor *at);
/* Loads the newest checkpoint that verifies; found = false when there is none. */
sdag_status sdag_checkpoint_read(sdag_session *s, sdag_cursor *at, bool *found);

/* ---- progress (progress.c) */

typedef struct sdag_progress {
    bool bar, quiet;
    double began, shown;
    int64_t first; /* step that the clock began at */
} sdag_progress;

typedef struct sdag_progress_now {
    const char *phase;
    int64_t step, steps, steps_per_epoch;
    double loss, images_per_s, wait_share;
    bool epoch_end;
} sdag_progress_now;

void sdag_progress_begin(sdag_session *s, int64_t step);
void sdag_progress_show(sdag_session *s, const sdag_progress_now *n);
void sdag_progress_end(sdag_session *s);

/* ---- the page of the run (page.c) */

typedef struct sdag_page_clock {
    double began, before; /* now; seconds of the parts of the run before this one */
    double written, cost; /* when it was last written, and how long that took */
    bool moved;           /* something has happened since the run went on */
    bool warned;
} sdag_page_clock;

void sdag_page_open(sdag_session *s, const sdag_cursor *at);
void sdag_page_moment(sdag_session *s, bool phase_over); /* after a report, and after the end of a phase */
void sdag_page_end(sdag_session *s, sdag_status status); /* status: what the run ends with */

/* ---- the session */

struct sdag_session {
    const sdag_run_options *options;
    const sdag_graph *graph;
    sdag_arena *arena; /* of the run */
    sdag_log *log;
    sdag_pool *pool;
    sdag_store store;
    sdag_dataset **data; /* one a graph node, NULL: not a source */
    sdag_metrics metrics;
    sdag_progress progress;
    struct sdag_probe *probes; /* of the phase that trains now, see sweep.h; NULL: none */
    int n_probes;
    SDAG_VEC(sdag_saved_probe) saved_probes; /* of the checkpoint that the run continues from */
    int64_t checkpoint;                      /* number of the last one that is known to be good; 0: none */
    struct sdag_recorder *records;           /* runtime/records; NULL: nothing is kept for a report */
    const char **node_names;
    sdag_loc *node_locs;
    int32_t phase;       /* running now, for metrics */
    int64_t step, epoch; /* of it */
    int64_t steps;       /* that it has in all; 0: not known */
    sdag_page_clock page;
};

double sdag_now(void); /* seconds, monotonic */
sdag_status sdag_session_open_data(sdag_session *s, int32_t phase);

#endif
