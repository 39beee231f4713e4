/* Code of others in a process of its own: what crashes, hangs or exits there does no harm here.
 *
 *   trial *t = sdag_apart_memory(sizeof *t);                      // seen by both; NULL: none
 *   const char *ended = sdag_apart_run(arena, 10, try_it, t);     // NULL: try_it(t) came back
 *   if (ended) ... "crashed (SIGSEGV)", "did not come back within 10 s", "ended the process (exit code 0)"
 *   sdag_apart_free(t, sizeof *t);
 *
 * The child sees what this process has, and writes into that memory alone: its standard streams lead nowhere. */
#ifndef SDAG_RUNTIME_PLUGIN_APART_H
#define SDAG_RUNTIME_PLUGIN_APART_H

#include <stddef.h>

#include "core/base/arena.h"

void *sdag_apart_memory(size_t bytes); /* zeroed */
void sdag_apart_free(void *p, size_t bytes);
const char *sdag_apart_run(sdag_arena *a, int seconds, void (*fn)(void *arg), void *arg);

#endif
