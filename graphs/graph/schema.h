/* JSON Schema (draft-07) of the language, from the tables of the node types: what editors complete and check.
 *
 *   char *text;
 *   status = sdag_schema_text(&text, arena, &catalog);   // SDAG_NOMEM only
 *
 * The schema accepts every file that the compiler accepts; wires, units and exact counts are the compiler's. */
#ifndef SDAG_GRAPHS_GRAPH_SCHEMA_H
#define SDAG_GRAPHS_GRAPH_SCHEMA_H

#include "graphs/graph/graph.h"

sdag_status sdag_schema_text(char **out, sdag_arena *a, const sdag_catalog *c);

#endif
