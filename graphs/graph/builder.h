/* What the sources of this folder share while a graph is being built; nothing outside includes it.
 *
 * Phases are declared in the order of the file (phases.c), each with its nodes and the texts of their wires; then the
 * wires are resolved to nodes and ports (wires.c), and each phase is ordered and checked as a whole (order.c). */
#ifndef SDAG_GRAPHS_GRAPH_BUILDER_H
#define SDAG_GRAPHS_GRAPH_BUILDER_H

#include "graphs/graph/graph.h"
#include "graphs/graph/options.h"

/* The end of a wire that is still text. */
typedef struct sdag_loose_end {
    int32_t node, port;     /* whose input it is; port -1: its type is unknown, so the text is only looked at */
    int index;              /* which ref of the port */
    const sdag_spec *spec;
} sdag_loose_end;

typedef struct sdag_builder {
    sdag_reader r;
    const sdag_catalog *catalog;
    sdag_map type_ids;
    sdag_graph *g;                    /* its phases are in place; its nodes come at the end */
    SDAG_VEC(sdag_gnode *) nodes;     /* of their own, so that they stay where they are */
    sdag_map phase_ids;
    sdag_map *names;                  /* one a phase: named nodes */
    SDAG_VEC(sdag_loose_end) loose;
    int *readers;                     /* one a node, once all are declared: wires and uses that start at it */
} sdag_builder;

/* phases.c: reads phase number p. */
void sdag_build_phase(sdag_builder *b, int32_t p, const sdag_spec_entry *e);
/* nodes.c: a node of phase p with its options, inline nodes included; returns its number. */
int32_t sdag_build_node(sdag_builder *b, int32_t p, const char *name, sdag_loc loc, const sdag_spec *spec);
/* wires.c: notes the wires of a node whose type is known, or NULL. */
void sdag_build_inputs(sdag_builder *b, int32_t node);
void sdag_build_wires(sdag_builder *b); /* all loose ends */
/* order.c: order, cycles, views, what gradients reach. Needs g->nodes. */
void sdag_build_order(sdag_builder *b, int32_t p);
void sdag_build_warnings(sdag_builder *b);

bool sdag_is_inline_node(const sdag_spec *v); /* a map with `type` or `use` */
/* "loss.nt_xent" or "the node 'x'" when its type is unknown: how messages call it. */
const char *sdag_builder_what(sdag_builder *b, int32_t node);

#endif
