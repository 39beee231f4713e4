/* Is the example of a node type true? A pipeline that offers what examples name ("projector", "view_i", "images", ...),
 * in which the example takes the place of one node after the other.
 *
 *   for (int i = 0; (text = sdag_example_text(arena, i, "{type: loss.dcl, in: projector}")); i++)
 *       ... check text; the example is true if one of them passes: as sdag_example_place(i)
 *
 * The files that the pipeline names need not be there: `check` opens none. */
#ifndef SDAG_RUNTIME_OPTEST_EXAMPLE_H
#define SDAG_RUNTIME_OPTEST_EXAMPLE_H

#include "core/base/arena.h"
#include "core/node/node.h"

/* YAML with node in the given place; NULL past the last place. */
const char *sdag_example_text(sdag_arena *a, int place, const char *node);
const char *sdag_example_place(int place); /* "pretrain.loss" */
int sdag_example_find(const char *place);  /* -1 */

/* A node of type t whose option o, a list of records, holds r alone; *place: where it belongs. */
const char *sdag_example_of_record(sdag_arena *a, const char **place, const sdag_node_type *t, const sdag_opt *o,
                                   const sdag_record_type *r);

#endif
