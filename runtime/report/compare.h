/* Runs side by side: a table of their last values, what differs in their configs, their curves over each other.
 *
 *   const char *dirs[] = {"runs/a", "runs/b"};
 *   status = sdag_compare_write(&arena, log, dirs, NULL, 2, NULL, "compare.html");
 *
 * Everything is read from the folders, as for report.html (report.h); a run that lacks a value shows a dash. */
#ifndef SDAG_RUNTIME_REPORT_COMPARE_H
#define SDAG_RUNTIME_REPORT_COMPARE_H

#include "core/base/arena.h"
#include "core/base/log.h"
#include "core/base/str.h"

/* labels: what the runs are called; NULL: the names of their folders, with as much of the path as tells them apart.
 * note: what the table does not show, below the title; may be NULL. SDAG_IO when a folder holds no run at all. */
sdag_status sdag_compare_write(sdag_arena *a, sdag_log *log, const char *const *dirs, const char *const *labels, int n,
                               const char *note, const char *out_html);

/* The table as plain text: a row a metric by phase, a column a run; then the keys of the configs that differ. */
sdag_status sdag_compare_table(sdag_str *s, sdag_arena *a, sdag_log *log, const char *const *dirs,
                               const char *const *labels, int n);

/* The same as one JSON object. */
sdag_status sdag_compare_json(sdag_str *s, sdag_arena *a, sdag_log *log, const char *const *dirs,
                              const char *const *labels, int n);

#endif
