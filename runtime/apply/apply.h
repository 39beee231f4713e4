/* What a run has learned, applied to new data: what embed, predict and export share.
 *
 *   sdag_apply_options o = {.run = "runs/photos/1", .graph = g, .catalog = &catalog, .inputs = files, .n_inputs = n};
 *   sdag_apply *p;
 *   status = sdag_apply_open(&p, arena, log, &o);         // chooses the node, writes the phase, takes the weights
 *   status = sdag_apply_run(p, each, arg);                // every sample once, in order
 *
 * The work is a phase in the language of the file itself: the new data, the transforms in which nothing is drawn, and
 * the nodes on the way to the one that is asked for, each by `use`. It is checked, lowered and planned like any other,
 * in inference. */
#ifndef SDAG_RUNTIME_APPLY_APPLY_H
#define SDAG_RUNTIME_APPLY_APPLY_H

#include "graphs/graph/graph.h"
#include "graphs/lower/lower.h"

typedef struct sdag_apply_options {
    const char *run;         /* folder of the run */
    const sdag_graph *graph; /* of its config.yaml */
    const sdag_catalog *catalog;
    const char *node;          /* "phase.node" or "phase.node.port"; NULL: the last encoder, or classifier */
    bool logits;               /* scores of classes f32[B,C] are asked for */
    bool prefer_logits;        /* the last classifier, or the last encoder when there is none */
    bool sized;                /* images come in the size that the node takes: nothing resizes them */
    const char *const *inputs; /* folders, tar archives, images, IDX files or texts; none: the data of the phase */
    int n_inputs;
    bool skip_bad; /* what cannot be decoded is a warning */
    int threads;
} sdag_apply_options;

typedef struct sdag_apply {
    sdag_arena *arena;
    sdag_log *log;
    const sdag_apply_options *options;
    const sdag_graph *graph; /* of the file, with one phase more */
    int32_t phase, source;   /* of it: the phase, and its source */
    int32_t node;            /* that is asked for, in the file's own phases */
    int port;
    const char *title;              /* "finetune.head" */
    const char *weights;            /* where they came from */
    const char *data;               /* what was done to the data, a sentence */
    const char *const *class_names; /* [n_classes], or NULL: numbers */
    int n_classes;
    int64_t rows, done; /* samples in all, and those that each has seen */
    bool checkpoint_read;
    struct sdag_session *session;
} sdag_apply;

/* Opens no data yet. SDAG_USAGE: no such node, by name and with the nearest one; SDAG_IO: the run has no weights of it.
 */
sdag_status sdag_apply_open(sdag_apply **out, sdag_arena *a, sdag_log *log, const sdag_apply_options *o);

/* x: the values of x->shape.d[0] samples; ids: their numbers, in order. Valid during the call only. */
typedef sdag_status (*sdag_apply_each)(void *arg, const sdag_apply *p, const sdag_tensor *x, const int32_t *ids);
/* SDAG_IO: a sample cannot be read, by name. SDAG_FAILED: stopped by a signal. */
sdag_status sdag_apply_run(sdag_apply *p, sdag_apply_each each, void *arg);

/* The name of a sample: the path of an image as it was given, or its number. Lives in the arena. */
const char *sdag_apply_name(const sdag_apply *p, int32_t id);
/* Why a sample could not be read (skip_bad); NULL: it could. */
const char *sdag_apply_bad(const sdag_apply *p, int32_t id);
/* The name of a class, or its number. */
const char *sdag_apply_class(const sdag_apply *p, int i);

/* The program that gives the node's value, in batches of so many, with no data opened but a text's; the value is
 * collected.at[0].vals[0] of it. */
sdag_status sdag_apply_lower(sdag_lowered **out, sdag_apply *p, int64_t batch);
/* The numbers of a state of that program. */
sdag_status sdag_apply_state(const void **data, sdag_apply *p, const sdag_state *s);

#endif
