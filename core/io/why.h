/* A reason in the caller's own buffer, for functions that run on workers and so have no log.
 *
 *   char why[SDAG_WHY];
 *   sdag_status s = sdag_files_read(files, i, buf, cap, &len, why);
 *   if (s) return sdag_fail(log, s, loc, "%s: %s", sdag_files_name(files, i), why);
 *
 * Nothing is allocated, and why is written on failure only. */
#ifndef SDAG_IO_WHY_H
#define SDAG_IO_WHY_H

#include "core/base/status.h"

enum { SDAG_WHY = 128 };

/* Writes the reason (cut to fit) and returns s. */
sdag_status sdag_why(char why[SDAG_WHY], sdag_status s, const char *fmt, ...) SDAG_PRINTF(3, 4);

#endif
