/* The scalars of a run as TensorBoard reads them: DIR/events.out.tfevents.ssldag, an event a line of metrics.jsonl.
 *
 *   sdag_events *e = sdag_events_open(arena, log, "runs/a/tensorboard", "runs/a/metrics.jsonl");
 *   sdag_events_add(e, line);                // after each line that metrics.jsonl got
 *   sdag_events_close(e);
 *
 * tensorboard --logdir runs shows all runs below a folder. Tags are PHASE/METRIC, steps those of the phase. */
#ifndef SDAG_RUNTIME_REPORT_EVENTS_H
#define SDAG_RUNTIME_REPORT_EVENTS_H

#include <jansson.h>

#include "core/base/arena.h"
#include "core/base/log.h"

typedef struct sdag_events sdag_events;

/* Events that are there already are kept as far as metrics_path has lines for them, and those that are missing are
 * made; so a run that is continued has every step once. metrics_path may not exist. dir is made; what is above it
 * exists. Where the file cannot be written, a warning says so, and what follows does nothing. */
sdag_events *sdag_events_open(sdag_arena *a, sdag_log *log, const char *dir, const char *metrics_path);
void sdag_events_add(sdag_events *e, const json_t *line);
void sdag_events_close(sdag_events *e); /* NULL is fine */

#endif
