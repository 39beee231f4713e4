/* The log: every message of a run, with the place in the YAML file that it speaks of.
 *
 *   return sdag_fail(log, SDAG_INVALID, loc, "unknown node '%s'", name);
 *
 * prints as a compiler would:
 *   simclr.yaml:15:10: error: unknown node 'projectr'
 *       loss: {type: loss.nt_xent, in: projectr}
 *                                      ^~~~~~~~
 * The log is an argument everywhere; there is no global error. It is thread-safe. */
#ifndef SDAG_BASE_LOG_H
#define SDAG_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/base/status.h"

typedef struct sdag_loc {
    const char *file; /* as the user typed it; NULL: no place. Lives as long as the log */
    int line, col;    /* from 1; 0 unknown */
    int len;          /* characters to underline, 0: one */
} sdag_loc;

#define SDAG_NOLOC ((sdag_loc){0})

typedef enum {
    SDAG_DETAIL, /* what is being done, for who asked (-v) */
    SDAG_NOTE,
    SDAG_WARNING,
    SDAG_ERROR,
} sdag_level;

typedef struct sdag_diag {
    sdag_level level;
    sdag_loc loc;
    char *text;
} sdag_diag;

typedef struct sdag_log sdag_log;

/* out: where messages are written as they come (stderr), or NULL to keep them only. NULL when memory runs out. */
sdag_log *sdag_log_create(FILE *out);
void sdag_log_destroy(sdag_log *l);

/* The text of a file, so that messages can quote its lines. Both are copied. */
void sdag_log_source(sdag_log *l, const char *file, const char *text, size_t len);
const char *sdag_log_intern(sdag_log *l, const char *file); /* a copy of file that lives as long as the log */

void sdag_log_add(sdag_log *l, sdag_level level, sdag_loc loc, const char *fmt, ...) SDAG_PRINTF(4, 5);
void sdag_log_addv(sdag_log *l, sdag_level level, sdag_loc loc, const char *fmt, va_list ap) SDAG_PRINTF(4, 0);
/* An error; returns s. */
sdag_status sdag_fail(sdag_log *l, sdag_status s, sdag_loc loc, const char *fmt, ...) SDAG_PRINTF(4, 5);

int sdag_log_errors(const sdag_log *l); /* number of errors so far */
int sdag_log_count(const sdag_log *l);
const sdag_diag *sdag_log_at(const sdag_log *l, int i);
/* Whether details are written (otherwise they are dropped), and whether in colours. At first neither. */
void sdag_log_style(sdag_log *l, bool details, bool color);
void sdag_log_quiet(sdag_log *l, bool quiet); /* quiet: keep, do not write (the progress bar is on its line) */

#endif
