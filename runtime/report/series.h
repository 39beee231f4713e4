/* A curve of any length, kept in a few hundred points: of every stretch its smallest and its largest value stay, so
 * that no peak is lost. Adding is O(1) on average; nothing needs to be known of the length before.
 *
 *   sdag_series s = {0};
 *   while (more) sdag_series_add(&s, arena, x, y);
 *   sdag_series_finish(&s, arena);                  // s.at[0 .. s.n_at), rising in x as x was given */
#ifndef SDAG_RUNTIME_REPORT_SERIES_H
#define SDAG_RUNTIME_REPORT_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"

enum { SDAG_SERIES_MAX = 500 }; /* points of a finished series */

typedef struct sdag_point {
    double x, y;
} sdag_point;

typedef struct sdag_series {
    const char *phase, *name;
    sdag_point *at; /* what sdag_series_finish leaves */
    int n_at;
    int64_t n, bad; /* numbers that were added; those that were none, or past 1e150, and are not among them */
    double first_x, last_x, last, min, max;
    double last_epoch;              /* for the reader's own use */
    bool last_bad;                  /* what came last was no number */
    bool is_metric;                 /* of a line {"metric": ...}, which the summary has too; for the reader's own use */
    struct sdag_series_part *parts; /* private */
    int n_parts, cap_parts;
    int64_t each; /* values a part */
} sdag_series;

void sdag_series_add(sdag_series *s, sdag_arena *a, double x, double y);
void sdag_series_finish(sdag_series *s, sdag_arena *a);

#endif
