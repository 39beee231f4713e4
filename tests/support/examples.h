/* The ready pipelines of examples/, made small enough to run many times.
 *
 *   const example *list;
 *   for (int i = 0, n = examples(&list); i < n; i++) {
 *       sdag_spec_set sets[EXAMPLE_SETS];
 *       int m = example_shrink(sets, arena, &list[i], "data");
 *       ... run list[i].path with the sets
 *   }
 *
 * The tests run from the root of the project. */
#ifndef SDAG_TESTS_EXAMPLES_H
#define SDAG_TESTS_EXAMPLES_H

#include "core/base/arena.h"
#include "graphs/graph/graph.h"

enum { EXAMPLE_SETS = 30 };

typedef struct example {
    char *path; /* absolute */
} example;

/* All pipelines below examples/ but those of examples/plugin, in sorted order; the list lives as long as the program.
 */
int examples(const example **list);

/* What files of data the examples may name, as a folder below the directory of temp.h. */
void examples_data(const char *dir);

/* Few steps, small batches, narrow networks, and `data` instead of the data that the file names (NULL: left as it is).
 * Returns the number of sets. */
int example_shrink(sdag_spec_set *sets, sdag_arena *a, const example *e, const char *data);

/* Parses and resolves a file, *raw as it stands there; NULL, after messages to log. */
const sdag_spec *example_spec(const sdag_spec **raw, sdag_arena *a, sdag_log *log, const char *path,
                              const sdag_spec_set *sets, int n);
/* ... and checks it. */
sdag_graph *example_graph(sdag_arena *a, sdag_log *log, const char *path, const sdag_spec_set *sets, int n);

#endif
