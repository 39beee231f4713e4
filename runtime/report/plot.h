/* Lines in a page: a drawing of its own kind beside core/io/chart.h. A chart is a file for paper, with few points, on
 * white; this is a part of a page: it takes its colours from the style sheet (so it knows light and dark), carries long
 * curves, and shows the numbers under the pointer, without a script. */
#ifndef SDAG_RUNTIME_REPORT_PLOT_H
#define SDAG_RUNTIME_REPORT_PLOT_H

#include "runtime/report/page.h"
#include "runtime/report/series.h"

typedef struct sdag_plot_line {
    const char *name;
    const sdag_point *at;
    int n;
    int style; /* colour and mark */
} sdag_plot_line;

typedef struct sdag_plot {
    const char *title;   /* for who cannot see it */
    const char *x_label; /* what x counts, such as "step" */
    const sdag_plot_line *lines;
    int n;
    bool log_y; /* when every y is > 0; else it is not heeded */
} sdag_plot;

/* An <svg>; nothing when no line has a point. */
void sdag_plot_write(sdag_page *p, const sdag_plot *plot);
/* Names, colours and marks of the lines, as a list beneath. */
void sdag_plot_legend(sdag_page *p, const sdag_plot *plot);
void sdag_plot_mark(sdag_page *p, int style); /* one mark as a small <svg> in a line of text */

#endif
