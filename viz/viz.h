/* A graph as a picture: SVG, PNG, PDF, or the text of DOT and Mermaid.
 *
 *   status = sdag_viz_file(arena, log, g, "simclr.svg", &(sdag_viz_options){0});
 *
 * The zero of the options is SVG, every phase, one box a node. Pictures are inert and valid whatever the file says: its
 * texts are cleaned and escaped, and none becomes a link, a font or a script. The same graph gives the same bytes on
 * the same machine in one time zone (DOT and Mermaid: on any). Opens no file that the graph names; with heat, the
 * timing of a run. May be called from
 * any thread, one at a time: Graphviz is guarded by a lock. */
#ifndef SDAG_VIZ_VIZ_H
#define SDAG_VIZ_VIZ_H

#include "graphs/graph/graph.h"

typedef enum { SDAG_VIZ_SVG, SDAG_VIZ_PNG, SDAG_VIZ_PDF, SDAG_VIZ_DOT, SDAG_VIZ_MERMAID } sdag_viz_format;

/* Beyond these a layout takes too long and shows too little: SVG, PNG and PDF then have one box a phase instead of one
 * a node, and refuse operations. REACH is the number of wires, each counted by the ranks that it spans, and twice where
 * there are labels between the ranks. */
enum { SDAG_VIZ_NODES_MAX = 1000, SDAG_VIZ_REACH_MAX = 2500, SDAG_VIZ_OPS_MAX = 2000, SDAG_VIZ_OPS_REACH_MAX = 10000 };

/* Shapes need the graph to be lowered. TIPS: in the tooltips, where lowering works; WIRES: there and beside the wires,
 * and what lowering finds wrong is an error. */
typedef enum { SDAG_VIZ_NO_SHAPES, SDAG_VIZ_SHAPES_TIPS, SDAG_VIZ_SHAPES_WIRES } sdag_viz_shapes;
/* Boxes coloured by what each node took in a run. */
typedef enum { SDAG_VIZ_NO_HEAT, SDAG_VIZ_HEAT_TIME, SDAG_VIZ_HEAT_BYTES } sdag_viz_heat;

typedef struct sdag_viz_options {
    sdag_viz_format format;
    bool ops;                 /* one box an operation, grouped by node; the forward pass */
    int32_t only_phase_plus1; /* 0: all phases */
    const char *node;         /* with ops: this node alone, "encoder" or "pretrain.encoder"; NULL: all */
    sdag_viz_shapes shapes;
    sdag_viz_heat heat;
    const char *run; /* folder of the run: RUN/timing.json is read; NULL without heat */
    /* Lists "a,b" or "all". collapse: phases become one box each. expand: a module shows its nodes, an encoder its
     * blocks (told by the names of its weights). A name is that of a phase, of a node, or "phase.node". */
    const char *collapse, *expand;
} sdag_viz_options;

/* *out: *len bytes in the arena, and a NUL. SDAG_INVALID: lowering found an error (ops, shapes). SDAG_USAGE: too many
 * operations, or a name that is not there. SDAG_IO: the run's timing cannot be read. SDAG_FAILED: Graphviz could not
 * draw; what it said is in the log. */
sdag_status sdag_viz_text(char **out, size_t *len, sdag_arena *a, sdag_log *log, const sdag_graph *g,
                          const sdag_viz_options *o);

/* The same into a file, complete or not at all. */
sdag_status sdag_viz_file(sdag_arena *a, sdag_log *log, const sdag_graph *g, const char *path,
                          const sdag_viz_options *o);

/* A picture that is there already into a file, complete or not at all. */
sdag_status sdag_viz_write(sdag_log *log, const char *path, const char *text, size_t len);

#endif
