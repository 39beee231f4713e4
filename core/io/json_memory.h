/* jansson's memory through our gate to the heap, and word of its failures: jansson 2.14 reports most of them as errors
 * of syntax, and overlooks some, with a letter lost.
 *
 *   sdag_json_begin();
 *   json_t *v = json_loadb(text, len, 0, &e);
 *   if (!v && sdag_json_starved()) return SDAG_NOMEM;
 *
 * The functions are set for the whole process at the first call; values made before may still be released after. */
#ifndef SDAG_IO_JSON_MEMORY_H
#define SDAG_IO_JSON_MEMORY_H

#include <stdbool.h>

void sdag_json_begin(void);   /* thread-safe */
bool sdag_json_starved(void); /* whether memory has run out in this thread since sdag_json_begin */

#endif
