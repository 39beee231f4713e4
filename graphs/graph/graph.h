/* Stage 2: the tree of values becomes a graph of typed nodes, ports and wires, phase by phase.
 *
 *   sdag_graph *g;
 *   status = sdag_graph_build(&g, arena, log, spec, &catalog);
 *
 * Every error of the file is reported, each with its place and the nearest known name; then SDAG_INVALID.
 * Opens no file. Nodes are numbered over all phases, in the order of the file; wires are numbers, not pointers. */
#ifndef SDAG_GRAPHS_GRAPH_GRAPH_H
#define SDAG_GRAPHS_GRAPH_GRAPH_H

#include "core/node/collector.h"
#include "core/node/node.h"
#include "graphs/spec/spec.h"

/* The node types that a file may name: the built-in ones and those of its plugins. */
typedef struct sdag_catalog {
    const sdag_node_type *const *types;
    int n;
    bool no_plugins; /* the file's plugins were not loaded: types that are unknown may be theirs */
} sdag_catalog;
/* c and the types that the graph stage makes for single nodes (`expr`): for all that documents types. */
sdag_catalog sdag_catalog_all(sdag_arena *a, const sdag_catalog *c);
const sdag_node_type *sdag_catalog_find(const sdag_catalog *c, const char *name);

/* Where a wire starts. */
typedef struct sdag_ref {
    int32_t node;     /* index in the graph */
    int32_t port;     /* index in the type's outs; 0 unless named */
    const char *view; /* one member of a bundle, or NULL: all of it */
    sdag_loc loc;
} sdag_ref;

/* One input port of a node; n = 0: not connected. A list `[a, b]` is a bundle: several refs. */
typedef struct sdag_wires {
    sdag_ref *refs;
    int n;
    bool bundle;
} sdag_wires;

typedef enum { SDAG_BATCH_JOINT, SDAG_BATCH_SEPARATE } sdag_batching;

typedef struct sdag_gnode sdag_gnode;

/* What a node of type module.NAME is made of: a graph of its own, with the parameters of this use put in. */
typedef struct sdag_inner {
    const char *module, *about; /* NAME; about: NULL when absent */
    sdag_loc loc;               /* of NAME in modules: */
    /* First n_in stand-ins, one for each input of the module (their type has one output and no inputs, and their name
     * is the port's); then the nodes, each after those that it reads. A ref's node is an index in here. One of `repeat:
     * 3` is three nodes, "block.0", "block.1", "block.2". A node may have an inner graph itself. */
    sdag_gnode *nodes;
    int n_nodes, n_in;
    const sdag_ref *outs; /* one for each output of the module: where it comes from */
} sdag_inner;

struct sdag_gnode {
    const char *name; /* unique in its phase; a node written inside another: "knn.query" */
    int32_t phase;
    const sdag_node_type *type;
    const void *opts; /* parsed; for `use`, those of the node used */
    sdag_wires *in;   /* one for each of the type's ins */
    int n_in;
    int32_t use;         /* node of an earlier phase whose weights it takes; -1 */
    const char *weights; /* safetensors file to start from, or NULL */
    sdag_loc weights_loc;
    bool freeze;
    sdag_batching batching;
    sdag_duration every;     /* probes; n < 0: at the end of the phase */
    sdag_loc loc;            /* of the node's name */
    const sdag_spec *spec;   /* its map, for places of options: sdag_gnode_opt_loc */
    const sdag_inner *inner; /* of a module; NULL: a plain node */
    int repeat, instance;    /* inside a module: one of `repeat` nodes in a row, which one; repeat 0: not repeated */
};

typedef struct sdag_phase {
    const char *name;
    sdag_loc loc;
    const char *about;
    sdag_duration length;     /* n < 0: one pass */
    sdag_duration checkpoint; /* how often; n < 0: every epoch */
    sdag_duration report;     /* how often the loss and what probes watch are reported; n < 0: every epoch */
    int32_t *order;           /* its nodes, each after those that it is wired to */
    int n_nodes;
    int32_t optimizer; /* node, or -1: an inference phase */
} sdag_phase;

typedef struct sdag_graph {
    const char *file, *name, *family, *about; /* family, about: NULL when absent */
    uint64_t seed;
    sdag_phase *phases;
    int n_phases;
    sdag_gnode *nodes;
    int n_nodes;
    const sdag_spec *spec;
    const sdag_spec *const *paths; /* values of spec that are paths */
    int n_paths;
} sdag_graph;

/* `lower` of the types made for modules: the inner nodes in their order, with states named by their path within the
 * node, "layer1.0.conv1.weight". In graphs/lower. */
void sdag_lower_inner(sdag_build *b, const sdag_node *self);

sdag_status sdag_graph_build(sdag_graph **out, sdag_arena *a, sdag_log *log, const sdag_spec *spec,
                             const sdag_catalog *c);

/* The types that were made for modules, each module once, with those of a catalog before them: for `inspect`. */
sdag_catalog sdag_graph_types(sdag_arena *a, const sdag_graph *g, const sdag_catalog *c);

/* The same from a file that need not be right otherwise, read as far as the options of its modules: for `explain`. */
sdag_catalog sdag_module_types(sdag_arena *a, const sdag_spec *root, const sdag_catalog *c);

/* Node of a phase by name; -1. */
int32_t sdag_graph_find(const sdag_graph *g, int32_t phase, const char *name);
/* Place of the value of option `name`, or of the node when the option is not in the file. */
sdag_loc sdag_gnode_opt_loc(const sdag_gnode *n, const char *name);

/* The name that a member of a list has as a view: the view it names, else "node", or "node.port" for a port that is not
 * the first. A member that is a bundle brings its own names instead. */
const char *sdag_ref_name(sdag_arena *a, const sdag_graph *g, const sdag_ref *ref);

/* Readable text of the whole graph: phases, nodes, types, options that differ from the defaults, wires. */
void sdag_graph_print(sdag_str *s, const sdag_graph *g);

#endif
