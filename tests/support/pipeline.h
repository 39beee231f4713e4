/* A pipeline from YAML text, through the real stages, onto a pool: for tests that look at its values.
 *
 *   pipeline p;
 *   pipeline_options o = {.yaml = text, .train = true, .fill = formula_weight};
 *   assert_int_equal(pipeline_open(&p, &o), SDAG_OK);
 *   assert_int_equal(pipeline_step(&p), SDAG_OK);
 *   sdag_tensor y = pipeline_value(&p, "encoder", "features");
 *   sdag_tensor g = pipeline_grad(&p, "encoder", "conv1.weight");
 *   pipeline_close(&p);
 *
 * The batch of step t are the samples t B, t B + 1, ... of every source, from the start again after the last: no
 * shuffling, so that another program can take the same ones. Messages go to stderr. */
#ifndef SDAG_TESTS_SUPPORT_PIPELINE_H
#define SDAG_TESTS_SUPPORT_PIPELINE_H

#include "graphs/lower/lower.h"
#include "graphs/plan/plan.h"
#include "runtime/pool/pool.h"

typedef struct pipeline_options {
    const char *yaml;
    const char *phase;                           /* NULL: the first */
    const sdag_node_type *const *types;          /* beside the built-in ones; ends with NULL; NULL: none */
    void (*fill)(float *x, const sdag_state *s); /* weights and statistics; NULL: zeros. Counters and slots are zeros */
    int threads;                                 /* 0: 2 */
    bool feed;                                   /* values that the feed makes can be looked at, too */
    bool train;                                  /* forward, backward, update; otherwise inference */
    bool hostile;                                /* see sdag_memory */
} pipeline_options;

typedef struct pipeline {
    sdag_arena arena;
    sdag_log *log;
    sdag_pool *pool;
    sdag_graph *graph;
    const sdag_dataset **data;
    sdag_lower_request request;
    sdag_lowered *lowered;
    sdag_plan *plan;
    sdag_exec *exec;
    void **states;
    int64_t step, steps, steps_per_epoch; /* step: done so far */
    const pipeline_options *options;
} pipeline;

/* Everything but pipeline_close may be called only after SDAG_OK. *o must live as long as p. */
sdag_status pipeline_open(pipeline *p, const pipeline_options *o);
void pipeline_close(pipeline *p);
sdag_status pipeline_step(pipeline *p);

/* Of the last step; data NULL when there is none such. port NULL: the first. Of a bundle: all views when they were made
 * together, otherwise the first. */
float pipeline_loss(const pipeline *p);
sdag_tensor pipeline_value(const pipeline *p, const char *node, const char *port);
sdag_tensor pipeline_grad(const pipeline *p, const char *node, const char *name);
/* A weight, a statistic, a counter, or a slot of the optimizer; may be written between steps. */
sdag_tensor pipeline_state(const pipeline *p, const char *node, const char *name);

#endif
