/* A graph while it becomes a picture of its nodes. Private to this folder.
 *
 *   nodes.c    the whole: phases, and the model that each hands on
 *   fold.c     what is opened and closed
 *   box.c      one node as a box: what it says, its tooltip
 *   wires.c    the lines between nodes and what stands beside them
 *   modules.c  a module as the nodes that it is made of
 *   blocks.c   an encoder as its blocks
 *   heat.c     what a run measured, as colours */
#ifndef SDAG_VIZ_DRAWING_H
#define SDAG_VIZ_DRAWING_H

#include "graphs/lower/lower.h"
#include "viz/picture.h"

typedef SDAG_VEC(int) sdag_box_list;

/* Where the lines of a node start and end. in -1: not drawn. */
typedef struct sdag_ends {
    int in, out;
    sdag_box_list *ins; /* an opened module: boxes that read each of its inputs; NULL: in reads all */
    int *outs;          /* and the box that makes each of its outputs */
} sdag_ends;

/* What was measured of every node of the graph; < 0: not known. */
typedef struct sdag_heat {
    sdag_viz_heat kind;
    double *nodes, *phases; /* phases: all of it, also what belongs to no node */
    double max;             /* largest share that a node has of its phase */
} sdag_heat;

typedef struct sdag_drawing {
    sdag_picture *p;
    const sdag_graph *g;
    const sdag_viz_options *o;
    sdag_ends *ends;    /* of each node */
    int *views;         /* that each node's outputs carry; 1: a plain value */
    const char **names; /* of what becomes of them: "z_i, z_j"; NULL: a plain value */
    int *depth;         /* of each node: wires on the longest way to it */
    int *group;         /* of each phase */
    int *closed;        /* of each phase: its one box, -1: it is drawn node by node */
    bool *open;         /* of each node: shown from inside */
    bool open_all;
    sdag_lowered **lowered; /* of each phase; NULL: not lowered */
    const sdag_heat *heat;  /* NULL: none */
} sdag_drawing;

/* Reads the options collapse and expand. SDAG_USAGE: a name that is not there. */
sdag_status sdag_drawing_fold(sdag_drawing *d, sdag_log *log);

int sdag_drawing_box(const sdag_drawing *d, const sdag_gnode *n, const char *id, int group);
void sdag_drawing_wires(const sdag_drawing *d, int32_t id);
/* Views of a node whose sources have theirs: fills in views and names. */
void sdag_drawing_views(const sdag_drawing *d, int32_t id);

sdag_ends sdag_drawing_module(const sdag_drawing *d, const sdag_gnode *n, const char *id, int group);
/* false: the node has no blocks. Its phase has been lowered. */
bool sdag_drawing_blocks(sdag_ends *out, const sdag_drawing *d, int32_t id, int group);

/* Lines between the ends of two nodes, for an input and an output port. */
void sdag_drawing_connect(const sdag_drawing *d, const sdag_ends *from, int out, const sdag_ends *to, int in,
                          const sdag_line *like);

sdag_status sdag_heat_read(sdag_heat **out, sdag_arena *a, sdag_log *log, const sdag_graph *g, sdag_viz_heat kind,
                           const char *run);
/* Writes value into a box, and colours it by the part that it is of whole; whole 0: only the number. */
void sdag_heat_box(sdag_picture *p, sdag_box *box, const sdag_heat *h, double value, double whole);
const char *sdag_heat_text(sdag_arena *a, sdag_viz_heat kind, double value); /* "4.1 ms", "1.2 MiB" */

#endif
