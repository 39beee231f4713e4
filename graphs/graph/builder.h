/* What the sources of this folder share while a graph is being built; nothing outside includes it.
 *
 * Phase after phase, in the order of the file: its keys (phases.c), its nodes with their options (nodes.c), the wires
 * as typed (wires.c), then the phase as a whole: order, cycles, views, what gradients reach (order.c, views.c). Each
 * step goes on after errors, so that all of them are reported at once. */
#ifndef SDAG_GRAPHS_GRAPH_BUILDER_H
#define SDAG_GRAPHS_GRAPH_BUILDER_H

#include "graphs/graph/graph.h"
#include "graphs/graph/options.h"

/* What keeps a hostile file cheap. */
enum {
    SDAG_GRAPH_NODES_MAX = 4096, /* those within modules included */
    SDAG_MODULE_DEPTH_MAX = 16,
    SDAG_MODULES_FILLED_MAX = 8 << 20, /* bytes (see sdag_spec.size) of bodies with their parameters put in */
};

/* The end of a wire that is still text. */
typedef struct sdag_loose_end {
    int32_t node, port; /* whose input it is; port -1: the node's type is unknown, so only the name is looked up */
    int ref;            /* which ref of the port */
    const sdag_spec *spec;
} sdag_loose_end;

/* A definition of modules:, as read once. */
typedef struct sdag_module {
    const char *name, *type, *about; /* "block", "module.block"; about: NULL when absent */
    sdag_loc loc;
    sdag_opt *opts; /* its parameters, as options; ends with an empty row */
    size_t opts_size;
    sdag_map ids;               /* of the parameters */
    const sdag_spec **defaults; /* of each; NULL: required */
    sdag_port *ins;             /* type NULL: whatever the nodes take; ends with an empty row */
    const char **outs;          /* names; ends with NULL */
    const sdag_spec *out, *nodes;
    int role;       /* -1: that of its nodes */
    bool bad, used; /* bad: its head was refused, and so is every use, in silence */
    bool busy;      /* being put together */
} sdag_module;

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
    int made;                       /* nodes in all, those within modules included */
    SDAG_VEC(const char *) unknown; /* types that the catalog does not have */
    bool full;                      /* too many nodes, reported */
    sdag_module *modules;
    sdag_map module_ids;
    int module_depth; /* of the body at hand; 0: a phase */
    size_t filled;    /* bytes */
} sdag_builder;

void sdag_build_phase(sdag_builder *b, int32_t p, const sdag_spec_entry *e);
/* A node with its options, and those written inside it. Returns its number; -1: there are too many. */
int32_t sdag_build_node(sdag_builder *b, int32_t p, const char *name, sdag_loc loc, const sdag_spec *spec);
void sdag_build_inputs(sdag_builder *b, int32_t id); /* the wires of one node, as text */
void sdag_build_wires(sdag_builder *b);              /* the loose ends of the phase become refs */
bool sdag_build_order(sdag_builder *b, int32_t p);   /* false: cycles, reported; the order is of no use */
void sdag_build_views(sdag_builder *b, int32_t p);   /* bundles: who carries which views, who takes them */
void sdag_build_reach(sdag_builder *b, int32_t p);   /* what the optimizer can train, and what it cannot */

/* modules: of the file, before its phases; after them, those that nothing used are checked as well. */
void sdag_read_modules(sdag_builder *b, const sdag_spec *v);
void sdag_check_modules(sdag_builder *b);
/* Gives n a type of its own and its inner graph, from the module that the text of v names and the options beside it. */
void sdag_module_type(sdag_builder *b, sdag_gnode *n, const sdag_spec *v);
/* The type of a use. in NULL: of none, or its body was refused; then it serves to check what stands beside it. */
const sdag_node_type *sdag_module_make_type(sdag_arena *a, const sdag_module *m, const sdag_inner *in);
/* The entries of a body become nodes; one with `repeat` becomes several. For sdag_module_type. */
void sdag_build_body(sdag_builder *b, const sdag_spec *nodes);
/* From here on errors say where m is defined, until r.use is set back to what it was; nothing for NULL. */
void sdag_note_definition(sdag_builder *b, const sdag_module *m);
/* Counts so many bytes of a body; false: too many, reported. */
bool sdag_count_filled(sdag_builder *b, size_t size, sdag_loc loc);
/* "module.block" -> the module; NULL: unknown. */
sdag_module *sdag_module_find(const sdag_builder *b, const char *type);

bool sdag_is_inline_node(const sdag_spec *v); /* a map with `type` or `use` */
int sdag_port_count(const sdag_port *ports);
int sdag_port_find(const sdag_port *ports, const char *name);   /* -1 */
const char *sdag_port_name(const void *ports, int i);           /* for sdag_nearest */
bool sdag_port_fits(const char *out_type, const char *in_type); /* could a value be of both types? */
/* How many views the node makes itself: its option `views` when its type has one; 1 otherwise. */
int sdag_own_views(const sdag_gnode *n);

#endif
