/* SIGINT and SIGTERM ask a run to stop after the step it is in; a second one ends it at once. */
#ifndef SDAG_RUNTIME_RUN_SIGNALS_H
#define SDAG_RUNTIME_RUN_SIGNALS_H

#include <stdbool.h>

void sdag_signals_watch(void);
int sdag_signals_seen(void); /* number of the signal, 0: none */

#endif
