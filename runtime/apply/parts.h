/* Private to this folder: what its files do for each other. */
#ifndef SDAG_RUNTIME_APPLY_PARTS_H
#define SDAG_RUNTIME_APPLY_PARTS_H

#include "runtime/apply/apply.h"
#include "runtime/run/session.h"

/* ---- which node (target.c) */

/* Sets p->node, port and title. */
sdag_status sdag_apply_choose(sdag_apply *p);
/* The node whose weights `node` has: the one that trained them, along `use`. */
int32_t sdag_apply_owner(const sdag_graph *g, int32_t node);
bool sdag_apply_has_weights(const sdag_node_type *t); /* parameters, a moving average, a queue */
bool sdag_apply_is_data(const sdag_node_type *t);     /* source, augment, pretext */

/* ---- weights of the run (weights.c) */

/* Whether the run has saved weights of that node. */
bool sdag_apply_ready(sdag_apply *p, int32_t owner);
/* Brings them into the session's store. */
sdag_status sdag_apply_take(sdag_apply *p, int32_t owner);

/* After the weights have been asked for: none was made anew. */
sdag_status sdag_apply_complete(const sdag_apply *p);

/* ---- the phase (compose.c) */

/* Sets p->graph, phase, source, data. */
sdag_status sdag_apply_compose(sdag_apply *p);

/* What stands before the nodes: the data of a phase, seen from a node that reads them (path.c). */
typedef struct sdag_apply_path {
    int32_t source;
    bool text;                            /* tokens, not images */
    int64_t h, w, c;                      /* of the images that arrive at the nodes; 0: none */
    int64_t source_h, source_w, source_c; /* of those of the source; h = w = 0: sizes differ */
    bool sized;                           /* one of the steps kept sets the size */
    const sdag_spec **kept;               /* transforms in which nothing is drawn */
    int n_kept;
    int32_t pretext;      /* a pretext task that only computes (lightness of colours); -1: none is kept */
    const char *left_out; /* names of the others; "" */
    const char *kept_names;
} sdag_apply_path;
sdag_status sdag_apply_find_path(sdag_apply_path *out, sdag_apply *p, const sdag_ref *from);

/* ---- the data (source.c, inputs.c) */

/* The source node, as the file would have it. */
sdag_status sdag_apply_source(const sdag_spec **out, sdag_apply *p, const sdag_apply_path *path);

/* What the source of the phase is to be for the inputs given: "source.images". */
sdag_status sdag_apply_source_type(const char **type, sdag_apply *p, const sdag_apply_path *path);
/* The option that holds an input: "path", or "images". */
const char *sdag_apply_source_key(const char *type);
sdag_status sdag_apply_open_data(sdag_apply *p);

/* ---- a tree of values (tree.c) */

const sdag_spec *sdag_tree_text(sdag_arena *a, const char *text);
const sdag_spec *sdag_tree_number(sdag_arena *a, int64_t v);
const sdag_spec *sdag_tree_list(sdag_arena *a, const sdag_spec **items, int n);
typedef struct sdag_tree {
    sdag_arena *a;
    SDAG_VEC(sdag_spec_entry) entries;
} sdag_tree;
void sdag_tree_add(sdag_tree *t, const char *key, const sdag_spec *value);
const sdag_spec *sdag_tree_map(sdag_tree *t);

/* ---- names of classes (classes.c, runtime/run/classes.c) */

void sdag_apply_classes(sdag_apply *p);

#endif
