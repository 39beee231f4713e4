/* The text of `ssldag inspect`: what the tables of the node types say.
 *
 *   sdag_str s = {.a = arena};
 *   status = sdag_inspect(&s, log, &catalog, "loss.nt_xent");   // NULL: all types, by role
 *
 * An unknown name is SDAG_USAGE, with the nearest known one. */
#ifndef SDAG_GRAPHS_GRAPH_INSPECT_H
#define SDAG_GRAPHS_GRAPH_INSPECT_H

#include "graphs/graph/graph.h"

sdag_status sdag_inspect(sdag_str *s, sdag_log *log, const sdag_catalog *c, const char *name);

void sdag_inspect_list(sdag_str *s, const sdag_catalog *c);
void sdag_inspect_type(sdag_str *s, const sdag_node_type *t);

#endif
