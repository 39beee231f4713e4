/* Stage 3: every node of a phase becomes tensor operations with shapes; stage 4 adds the adjoints and updates.
 *
 *   sdag_lowered *fwd, *train;
 *   status = sdag_lower(&fwd, arena, log, &(sdag_lower_request){.graph = g, .phase = 0, .training = true, .pass = -1});
 *   status = sdag_train(&train, arena, log, fwd);          // graphs/autodiff/autodiff.h
 *
 * Here live the functions of core/node/node.h that a node's `lower` calls. */
#ifndef SDAG_GRAPHS_LOWER_LOWER_H
#define SDAG_GRAPHS_LOWER_LOWER_H

#include "graphs/graph/graph.h"

/* Nodes that somebody looks at, with all that they are made of and nothing else: no loss, no probe, no optimizer. */
typedef struct sdag_lower_look {
    const int32_t *nodes;
    int n;
    int32_t data; /* a source of the phase that stands in for all its data nodes (no augmentation acts); -1: none */
} sdag_lower_look;

typedef struct sdag_lower_request {
    const sdag_graph *graph;
    int32_t phase;
    bool training;                   /* batch statistics, dropout, optimizer */
    const sdag_dataset *const *data; /* one a graph node; NULL: shapes only (check) */
    int64_t batch;                   /* >0: sources give so many samples (the last partial batch) */
    int32_t probe;                   /* with pass >= 0: the program that evaluates this probe ... */
    int pass;                        /* ... on the data of its pass number `pass`; -1: the phase itself, or ... */
    const sdag_lower_look *look;     /* ... only what this says, each node's values as a row of `collected`; NULL */
} sdag_lower_request;

/* The values that a collector reads, in the order of its input ports (see collector.h); 0: not connected. Of a node
 * that is looked at: what leaves its output ports, in their order, each with all its views. */
typedef struct sdag_collected {
    int32_t node;
    int n;
    sdag_val *vals;
} sdag_collected;

/* What leaves one output port of one node: its views in order, or one value. */
typedef struct sdag_lowered_port {
    sdag_val joint;     /* all views joined on the first axis; 0: not made */
    int n;              /* views; 1: a plain value */
    const char **names; /* NULL for a plain value */
    sdag_val *vals;     /* 0: not yet cut from joint */
    sdag_beside beside;
    bool feed; /* made by the feed */
} sdag_lowered_port;

typedef struct sdag_lowered {
    sdag_program program;
    const sdag_lower_request *request;
    sdag_lowered_port **ports; /* [node][output port]; NULL: node not lowered here */
    sdag_val loss;             /* f32[], 0: none */
    int32_t loss_node;
    SDAG_VEC(sdag_collected) collected;
    SDAG_VEC(sdag_trained) trained; /* after sdag_train */
} sdag_lowered;

sdag_status sdag_lower(sdag_lowered **out, sdag_arena *a, sdag_log *log, const sdag_lower_request *r);

/* For a lower of a type that was made for one node: that type. */
const sdag_node_type *sdag_lowered_type(const sdag_node *n);

/* Text of the program: one line an op with shapes; `dump --stage ops` and `--stage train`. */
void sdag_lowered_print(sdag_str *s, const sdag_lowered *l);

#endif
