/* What the sources of the schema share; nothing outside includes it.
 *
 * Every function that gives a json_t gives a new reference, or NULL when memory runs out. jansson's *_new functions
 * refuse NULL and release what they were given, so one flag notes the failure and nothing leaks. */
#ifndef SDAG_GRAPHS_GRAPH_SCHEMA_INT_H
#define SDAG_GRAPHS_GRAPH_SCHEMA_INT_H

#include <jansson.h>

#include "graphs/graph/graph.h"
#include "graphs/graph/words.h"

typedef struct sdag_js {
    bool failed;
} sdag_js;

void sdag_js_set(sdag_js *m, json_t *object, const char *key, json_t *value);
void sdag_js_append(sdag_js *m, json_t *array, json_t *value);
void sdag_js_say(sdag_js *m, json_t *object, const char *key, const char *text); /* nothing for NULL */

json_t *sdag_js_typed(sdag_js *m, const char *type);
json_t *sdag_js_ref(sdag_js *m, const char *definition);
json_t *sdag_js_enum(sdag_js *m, const char *const *choices);
json_t *sdag_js_either(sdag_js *m, json_t *a, json_t *b); /* {"anyOf": [a, b]} */
json_t *sdag_js_list(sdag_js *m, json_t *item, int least);
json_t *sdag_js_closed(sdag_js *m); /* an object with no other properties than those that are added */
json_t *sdag_js_number(sdag_js *m, const char *type, double min, double max);
/* Adds the rows of a table to an object's properties, and its required keys; returns it. */
json_t *sdag_js_options(sdag_js *m, json_t *object, const sdag_opt *table);

#endif
