/* A chart of lines as SVG: several named lines over common points, readable in print, without colour, and on dark
 * pages.
 *
 *   sdag_chart c = {.title = "accuracy", .x_label = "labels a class", .n = 4, .x = x, .n_lines = 2, .lines = lines};
 *   sdag_status s = sdag_chart_write(&c, log, path);
 *
 * Every line has a colour, a dash and a mark of its own. Texts are escaped. The file is written beside and renamed. */
#ifndef SDAG_IO_CHART_H
#define SDAG_IO_CHART_H

#include <stdbool.h>

#include "core/base/log.h"

typedef struct sdag_chart_line {
    const char *name;
    const double *y; /* [n]; NaN: no point there */
} sdag_chart_line;

typedef struct sdag_chart {
    const char *title, *x_label, *y_label; /* NULL: none */
    int n, n_lines;                        /* n >= 1 points, rising in x */
    const double *x;
    const sdag_chart_line *lines;
    bool log_x; /* equal factors are equally far apart; x > 0 */
} sdag_chart;

sdag_status sdag_chart_write(const sdag_chart *c, sdag_log *log, const char *path);

#endif
