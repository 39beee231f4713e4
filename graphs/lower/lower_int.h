/* Private to the lowering stage: what a node sees while it is being lowered. */
#ifndef SDAG_GRAPHS_LOWER_LOWER_INT_H
#define SDAG_GRAPHS_LOWER_LOWER_INT_H

#include "graphs/lower/lower.h"

/* Nodes that give data: they run in the feed, and probes put others in their place. */
static inline bool sdag_role_is_data(sdag_role r)
{
    return r == SDAG_ROLE_SOURCE || r == SDAG_ROLE_AUGMENT || r == SDAG_ROLE_PRETEXT;
}

/* A momentum node at work: the nodes that it names are lowered as its own. */
typedef struct sdag_copying {
    const sdag_gnode *self;
    int32_t index; /* of self */
    const sdag_ref *of;
    int n_of, in; /* in: self's port that stands for what is not named */
} sdag_copying;

/* The body of a module at work: what its nodes take from the node that they are of. */
typedef struct sdag_nesting {
    const char *path; /* "layer1.0.": of the body within the node of the phase */
    bool training, frozen;
} sdag_nesting;

typedef struct sdag_lowering {
    sdag_build build;
    sdag_lowered *out;
    const sdag_lower_request *req;
    const sdag_ref *data;        /* evaluating a probe: what stands in for the data of the nodes evaluated; NULL */
    bool data_is_source;         /* it stands in for their sources alone */
    const sdag_copying *copying; /* NULL: nodes are lowered as themselves */
    const sdag_nesting *nesting; /* NULL: req's graph is the file's; otherwise that of a body */
    const struct sdag_lowered *trained_of; /* optimizer: whose `trained` is asked for */
} sdag_lowering;

struct sdag_node {
    sdag_lowering *ctx;
    const sdag_gnode *g;
    int32_t index;
    int view;           /* the view being mapped; -1: all of them, joined */
    int n_views;        /* that the node maps over */
    const char **names; /* of those views */
};

/* One value on a wire, as one of the refs of a port gives it. */
typedef struct sdag_wired {
    sdag_lowered_port *port;
    int view; /* -1: the joint value */
} sdag_wired;

/* Sizes that the letters of port types stand for, over all ports of a node. */
typedef struct sdag_bindings {
    int64_t size[26];
    const char *who[26]; /* port that bound the letter */
} sdag_bindings;

typedef struct sdag_clash {
    char letter; /* 0: none */
    int64_t size;
} sdag_clash;

/* Whether a value fits a port type ("f32[B,D]|image"); binds letters. Pixels (u8 images) fit types that start with f32:
 * they are converted. On a mismatch of letters only, *clash is the letter, and the size that it has here. */
bool sdag_value_fits(sdag_bindings *bind, const char *port, const char *type, sdag_dtype t, sdag_shape s, bool image,
                     sdag_clash *clash);

/* Whether the data of the probe that is evaluated stand in for what this wire brings to that node. */
bool sdag_stands_in(const sdag_lowering *x, const sdag_gnode *to, const sdag_ref *from);
/* What a node that is being copied is a copy of, in the phase of the copy: itself, or what took it over; NULL: none. */
const sdag_gnode *sdag_copy_source(const sdag_lowering *x, int32_t index);
/* Whether a node that is being copied reads here what is not copied with it. */
bool sdag_copy_reads_outside(const sdag_lowering *x, const sdag_gnode *to, const sdag_ref *from);
/* The refs of a port, after what stands in for them. */
sdag_wires sdag_wires_of(sdag_lowering *x, const sdag_gnode *to, int port);
/* Number of an output (or input) port by its name; -1. */
int sdag_port_number(const sdag_port *ports, const char *name);
/* View `view` of what leaves a port: cut out of the joined views when it is asked for. */
sdag_val sdag_port_view(sdag_lowering *x, sdag_lowered_port *p, int view);
/* Calls the update of every node of the phase that has one, after the optimizer. */
void sdag_lower_updates(sdag_lowering *x);
/* Lowers one node (its inputs are lowered already). */
void sdag_lower_node(sdag_lowering *x, int32_t index);
/* The value behind refs[0..n): joined when several; reports and returns 0 on failure. */
sdag_val sdag_wire_joint(sdag_lowering *x, const sdag_gnode *to, int port);
sdag_val sdag_wire_view(sdag_lowering *x, const sdag_gnode *to, int port, int view);
int sdag_wire_views(sdag_lowering *x, const sdag_gnode *to, int port);
/* Names of the n views on a port. */
const char **sdag_wire_names(sdag_lowering *x, const sdag_gnode *to, int port, int n);
/* The same value as f32 when it is pixels. */
sdag_val sdag_wire_as_f32(sdag_lowering *x, const sdag_gnode *to, int port, sdag_val v);

#endif
