/* report.html: a run as one page, made from the folder of the run alone.
 *
 *   status = sdag_report_write(&arena, log, NULL, "runs/simclr-digits/2026-11-26-101500");
 *
 * The page is complete in itself: no network, no script that it needs, light and dark, made for a phone, a desk and
 * paper. It is written beside and renamed, so that a reload shows progress while the run goes on. Every input may be
 * missing, damaged or hostile: the page then leaves the section out, or says what is wrong with it. */
#ifndef SDAG_RUNTIME_REPORT_REPORT_H
#define SDAG_RUNTIME_REPORT_REPORT_H

#include "core/base/arena.h"
#include "core/base/log.h"
#include "graphs/graph/graph.h"

/* Rewrites DIR/report.html. g: the pipeline, for its picture with the times of the nodes; NULL: the page does without.
 * SDAG_IO when the page cannot be written. What the page takes from the arena stays in it: give it one of its own when
 * pages are written again and again. */
sdag_status sdag_report_write(sdag_arena *a, sdag_log *log, const sdag_graph *g, const char *dir);

/* The same, to a file elsewhere. */
sdag_status sdag_report_write_to(sdag_arena *a, sdag_log *log, const sdag_graph *g, const char *dir, const char *path);

#endif
