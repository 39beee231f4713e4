/* Private to the run: one pass over data, and the probes and sinks of a phase. */
#ifndef SDAG_RUNTIME_RUN_SWEEP_H
#define SDAG_RUNTIME_RUN_SWEEP_H

#include "runtime/run/session.h"

/* A program in inference over all samples of its sources. */
typedef struct sdag_sweep {
    sdag_session *session;
    sdag_task *full, *tail; /* tail: the last partial batch; NULL: there is none */
    int64_t rows, batch;
} sdag_sweep;

sdag_status sdag_sweep_create(sdag_sweep *w, sdag_session *s, sdag_lower_request r);
/* each is called after every batch, in order; its results are read at `step` of t. */
sdag_status sdag_sweep_run(sdag_sweep *w, sdag_status (*each)(void *arg, const sdag_task *t, int64_t step), void *arg);
void sdag_sweep_destroy(sdag_sweep *w); /* also of one whose creation failed */

typedef struct sdag_probe {
    int32_t node;
    sdag_collector view;
    sdag_confusion confusion; /* of the collection that is open, or was last */
    void *state;
    bool opened;         /* collecting in the phase's own program */
    sdag_sweep sweep[4]; /* one a pass */
    int passes;          /* 0: it watches the phase's own program */
    sdag_dataset own;    /* what a collector that makes its data itself reads from */
} sdag_probe;

/* Probes and sinks of a phase; the list lives in a. Destroy it also after a failure. */
sdag_status sdag_probes_create(sdag_probe **out, int *n, sdag_session *s, sdag_arena *a, int32_t phase);
void sdag_probes_destroy(sdag_session *s, sdag_probe *p, int n);

/* Those that watch the phase's own program: open, then after each step, then close (which reports their metrics). */
sdag_status sdag_probes_open(sdag_session *s, sdag_probe *p, int n, const sdag_task *t, int64_t rows);
/* After opening in the middle of an epoch: what they had counted of it when the checkpoint was written. */
void sdag_probes_continue(sdag_session *s, sdag_probe *p, int n);
sdag_status sdag_probes_batch(sdag_session *s, sdag_probe *p, int n, const sdag_task *t, int64_t step);
sdag_status sdag_probes_close(sdag_session *s, sdag_probe *p, int n, bool ok);

/* One with passes: all of it, now. */
sdag_status sdag_probe_evaluate(sdag_session *s, sdag_probe *p);

#endif
