/* What the tables of the node types say of a path such as phases.pretrain.nodes.optimizer.lr: whose option it is.
 * Works on files with mistakes too: where there is no graph, the tree is asked. */
#ifndef SDAG_RUNTIME_CLI_TARGET_H
#define SDAG_RUNTIME_CLI_TARGET_H

#include "runtime/cli/cli.h"

typedef struct sdag_target {
    const sdag_node_type *type; /* of the node that the path leads to or into; NULL: none */
    const sdag_opt *opt;        /* the option that it is, or leads into; NULL: none */
    const char *of;             /* whose option: "augment", or "augment.noise" for one of a record */
    const char *help;           /* of a key that is no option; NULL: nothing is said */
    bool whole;                 /* the path ends with the option, or with the node */
} sdag_target;

/* root: the resolved tree; g: its graph, which knows types that a file or a plugin makes, or NULL. */
void sdag_target_find(sdag_target *out, sdag_cli *c, const sdag_graph *g, const sdag_spec *root,
                      const sdag_spec_path *path);
/* The graph of a file with n_sets of the sets, without a word about what is wrong with it: then NULL. */
sdag_graph *sdag_target_graph(sdag_cli *c, const char *file, int n_sets);

#endif
