/* The text of `ssldag inspect`: what the tables of the node types say.
 *
 *   sdag_str s = {.a = arena};
 *   status = sdag_inspect(&s, log, &catalog, "loss.nt_xent");   // NULL: all types, by role
 *
 * An unknown name is SDAG_USAGE, with the nearest known one. */
#ifndef SDAG_GRAPHS_GRAPH_INSPECT_H
#define SDAG_GRAPHS_GRAPH_INSPECT_H

#include "graphs/graph/graph.h"

/* Text for a screen of 80 columns. */
sdag_status sdag_inspect(sdag_str *s, sdag_log *log, const sdag_catalog *c, const char *name);

/* The same as JSON: an object, or a list of them for all types. */
sdag_status sdag_inspect_json(sdag_str *s, sdag_log *log, const sdag_catalog *c, const char *name);
/* ... and as a page of Markdown: one type, or all of them, a section a role, with an anchor a type. */
sdag_status sdag_inspect_markdown(sdag_str *s, sdag_log *log, const sdag_catalog *c, const char *name);

/* NULL after an error that names the nearest type. */
const sdag_node_type *sdag_inspect_find(sdag_log *log, const sdag_catalog *c, const char *name);
/* "required, takes views": what the flags of a port say. */
const char *sdag_port_notes(sdag_arena *a, const sdag_port *p, bool is_input);
void sdag_inspect_list(sdag_str *s, const sdag_catalog *c);
void sdag_inspect_type(sdag_str *s, const sdag_node_type *t);

#endif
