/* What the sources of this folder share while a graph is being built; nothing outside includes it.
 *
 * Phase after phase, in the order of the file: its keys (phases.c), its nodes with their options (nodes.c), the wires
 * as typed (wires.c), then the phase as a whole: order, cycles, views, what gradients reach (order.c, views.c). Each
 * step goes on after errors, so that all of them are reported at once. */
#ifndef SDAG_GRAPHS_GRAPH_BUILDER_H
#define SDAG_GRAPHS_GRAPH_BUILDER_H

#include "graphs/graph/graph.h"
#include "graphs/graph/options.h"

enum { SDAG_GRAPH_NODES_MAX = 4096 }; /* keeps a hostile file cheap */

/* The end of a wire that is still text. */
typedef struct sdag_loose_end {
    int32_t node, port; /* whose input it is; port -1: the node's type is unknown, so only the name is looked up */
    int ref;            /* which ref of the port */
    const sdag_spec *spec;
} sdag_loose_end;

/* The views that a node's outputs carry. */
typedef struct sdag_view_names {
    int n; /* 0: no bundle */
    const char *const *at;
} sdag_view_names;

typedef struct sdag_builder {
    sdag_reader r;
    const sdag_catalog *catalog;
    sdag_map types, phase_ids;
    sdag_map *names; /* one a phase: named nodes */
    sdag_graph *g;
    SDAG_VEC(sdag_gnode *) nodes;   /* each of its own, so that they stay where they are */
    SDAG_VEC(int) readers;          /* of each node: wires and uses that start at it */
    SDAG_VEC(sdag_loose_end) loose; /* of the phase at hand */
    sdag_view_names *views;         /* of each node of the phase at hand, from `first` on */
    int32_t first;                  /* first node of the phase at hand */
    SDAG_VEC(const char *) unknown; /* types that the catalog does not have */
    bool full;                      /* too many nodes, reported */
} sdag_builder;

void sdag_build_phase(sdag_builder *b, int32_t p, const sdag_spec_entry *e);
/* A node with its options, and those written inside it. Returns its number; -1: there are too many. */
int32_t sdag_build_node(sdag_builder *b, int32_t p, const char *name, sdag_loc loc, const sdag_spec *spec);
void sdag_build_inputs(sdag_builder *b, int32_t id); /* the wires of one node, as text */
void sdag_build_wires(sdag_builder *b);              /* the loose ends of the phase become refs */
bool sdag_build_order(sdag_builder *b, int32_t p);   /* false: cycles, reported; the order is of no use */
void sdag_build_views(sdag_builder *b, int32_t p);   /* bundles: who carries which views, who takes them */
void sdag_build_reach(sdag_builder *b, int32_t p);   /* what the optimizer can train, and what it cannot */

bool sdag_is_inline_node(const sdag_spec *v); /* a map with `type` or `use` */
int sdag_port_count(const sdag_port *ports);
int sdag_port_find(const sdag_port *ports, const char *name);   /* -1 */
const char *sdag_port_name(const void *ports, int i);           /* for sdag_nearest */
bool sdag_port_fits(const char *out_type, const char *in_type); /* could a value be of both types? */
/* How many views the node makes itself: its option `views` when its type has one; 1 otherwise. */
int sdag_own_views(const sdag_gnode *n);

#endif
