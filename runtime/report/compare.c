/* The comparison as a page. */
#include "runtime/report/compare.h"

#include <math.h>
#include <string.h>

#include "runtime/report/page.h"
#include "runtime/report/plot.h"
#include "runtime/report/runs.h"
#include "runtime/report/speed.h"

enum { LINES_MAX = 12, PLOTS_MAX = 80, PICTURES_MAX = 12, PICTURE_BYTES = 8 << 20, BELOW = 8 };

/* ---- the tables: a row a thing and a column a run; many runs stand below each other */

static void put_value(sdag_page *p, const sdag_runs_metric *m, int i)
{
    char text[32];
    double v = m->value[i];
    if (!isfinite(v)) {
        sdag_page_f(p, "<td class=\"num quiet\">&#8211;</td>");
        return;
    }
    SDAG_PAGE(p, "<td class=\"num\" data-phase=\"", m->phase, "\" data-metric=\"", m->name, "\"");
    sdag_page_f(p, " data-run=\"%d\" data-value=\"%.9g\">%s</td>", i, v,
                strcmp(m->name, "seconds") ? sdag_page_number(text, v) : sdag_page_clock(text, v));
}

static void put_text(sdag_page *p, const char *text)
{
    if (text) SDAG_PAGE(p, "<td class=\"num\"><code>", text, "</code></td>");
    else sdag_page_f(p, "<td class=\"num quiet\">&#8211;</td>");
}

static void put_label(sdag_page *p, const sdag_runs *r, int i)
{
    sdag_page_f(p, "<th class=\"run\">");
    sdag_plot_mark(p, i);
    SDAG_PAGE(p, " <span title=\"", r->run[i]->dir, "\">", r->label[i], "</span></th>");
}

static void put_state(sdag_page *p, const sdag_folder *f)
{
    sdag_page_f(p, "<td class=\"num\"><span class=\"pill %s\">%s</span></td>", sdag_folder_state(f),
                sdag_folder_state(f));
}

static void put_across(sdag_page *p, const sdag_runs *r)
{
    sdag_page_f(p, "<thead><tr><th></th>");
    for (int i = 0; i < r->n; i++) put_label(p, r, i);
    sdag_page_f(p, "</tr></thead>\n<tbody><tr><th>state</th>");
    for (int i = 0; i < r->n; i++) put_state(p, r->run[i]);
    sdag_page_f(p, "</tr>\n");
    for (int k = 0; k < r->n_metrics; k++) {
        const sdag_runs_metric *m = &r->metrics[k];
        if (k == 0 || strcmp(m->phase, r->metrics[k - 1].phase))
            SDAG_PAGE(p, "<tr class=\"phase\"><th>", m->phase, "</th></tr>\n");
        SDAG_PAGE(p, "<tr><th>", m->name, "</th>");
        for (int i = 0; i < r->n; i++) put_value(p, m, i);
        sdag_page_f(p, "</tr>\n");
    }
    sdag_page_f(p, "</tbody>");
}

static void put_below(sdag_page *p, const sdag_runs *r)
{
    sdag_page_f(p, "<thead><tr><th></th><th>state</th>");
    for (int k = 0; k < r->n_metrics; k++)
        SDAG_PAGE(p, "<th>", r->metrics[k].phase, "<br/>", r->metrics[k].name, "</th>");
    sdag_page_f(p, "</tr></thead>\n<tbody>");
    for (int i = 0; i < r->n; i++) {
        sdag_page_f(p, "<tr>");
        put_label(p, r, i);
        put_state(p, r->run[i]);
        for (int k = 0; k < r->n_metrics; k++) put_value(p, &r->metrics[k], i);
        sdag_page_f(p, "</tr>\n");
    }
    sdag_page_f(p, "</tbody>");
}

static void put_values(sdag_page *p, const sdag_runs *r)
{
    sdag_page_f(p, "<section id=\"results\"><h2>Results</h2>\n<div class=\"wide\"><table class=\"plain runs\">");
    if (r->n > BELOW) put_below(p, r);
    else put_across(p, r);
    sdag_page_f(p, "</table></div></section>\n");
}

static void put_diffs_across(sdag_page *p, const sdag_runs *r)
{
    sdag_page_f(p, "<thead><tr><th></th>");
    for (int i = 0; i < r->n; i++) put_label(p, r, i);
    sdag_page_f(p, "</tr></thead>\n<tbody>");
    for (int d = 0; d < r->n_diffs; d++) {
        SDAG_PAGE(p, "<tr data-path=\"", r->diffs[d].path, "\"><th><code>", r->diffs[d].path, "</code></th>");
        for (int i = 0; i < r->n; i++) put_text(p, r->diffs[d].text[i]);
        sdag_page_f(p, "</tr>\n");
    }
    sdag_page_f(p, "</tbody>");
}

static void put_diffs_below(sdag_page *p, const sdag_runs *r)
{
    sdag_page_f(p, "<thead><tr><th></th>");
    for (int d = 0; d < r->n_diffs; d++) SDAG_PAGE(p, "<th><code>", r->diffs[d].path, "</code></th>");
    sdag_page_f(p, "</tr></thead>\n<tbody>");
    for (int i = 0; i < r->n; i++) {
        sdag_page_f(p, "<tr>");
        put_label(p, r, i);
        for (int d = 0; d < r->n_diffs; d++) put_text(p, r->diffs[d].text[i]);
        sdag_page_f(p, "</tr>\n");
    }
    sdag_page_f(p, "</tbody>");
}

static void put_diffs(sdag_page *p, const sdag_runs *r)
{
    sdag_page_f(p, "<section id=\"config\"><h2>What differs in the configs</h2>\n");
    if (r->n_diffs == 0) sdag_page_f(p, "<p>Nothing.</p>\n");
    else {
        sdag_page_f(p, "<div class=\"wide\"><table class=\"plain runs\">");
        if (r->n > BELOW) put_diffs_below(p, r);
        else put_diffs_across(p, r);
        sdag_page_f(p, "</table></div>\n");
    }
    if (r->more_diffs) sdag_page_f(p, "<p class=\"quiet\">And %d more keys.</p>\n", r->more_diffs);
    sdag_page_f(p, "</section>\n");
}

/* ---- curves */

static int gather(sdag_plot_line lines[LINES_MAX], const sdag_runs *r, const char *phase, const char *name)
{
    int n = 0;
    for (int i = 0; i < r->n && n < LINES_MAX; i++) {
        const sdag_series *s = sdag_folder_series(r->run[i], phase, name);
        if (s && s->n > 1) lines[n++] = (sdag_plot_line){r->label[i], s->at, s->n_at, i};
    }
    return n;
}

static bool log_scale(const sdag_plot_line *lines, int n)
{
    double lo = INFINITY, hi = -INFINITY;
    for (int k = 0; k < n; k++)
        for (int i = 0; i < lines[k].n; i++) lo = fmin(lo, lines[k].at[i].y), hi = fmax(hi, lines[k].at[i].y);
    return lo > 0 && hi > 100 * lo;
}

/* Whether an earlier run has this curve as well, so that it has been drawn. */
static bool drawn(const sdag_runs *r, int run, const sdag_series *s)
{
    for (int i = 0; i < run; i++) {
        const sdag_series *o = sdag_folder_series(r->run[i], s->phase, s->name);
        if (o && o->n > 1) return true;
    }
    return false;
}

static void put_curves(sdag_page *p, const sdag_runs *r)
{
    int plots = 0;
    sdag_plot_line lines[LINES_MAX];
    sdag_page_f(p, "<section id=\"curves\"><h2>Curves</h2>\n");
    if (r->n > LINES_MAX) sdag_page_f(p, "<p class=\"quiet\">Of the first %d runs that have them.</p>\n", LINES_MAX);
    sdag_page_f(p, "<div class=\"plots\">\n");
    for (int i = 0; i < r->n; i++)
        for (int k = 0; k < r->run[i]->n_series && plots < PLOTS_MAX; k++) {
            const sdag_series *s = &r->run[i]->series[k];
            if (s->n < 2 || sdag_speed_is(s->name) || drawn(r, i, s)) continue;
            int n = gather(lines, r, s->phase, s->name);
            sdag_plot plot = {s->name, "step", lines, n, log_scale(lines, n)};
            SDAG_PAGE(p, "<figure class=\"curve\" data-phase=\"", s->phase, "\" data-curve=\"", s->name, "\"");
            sdag_page_f(p, " data-lines=\"%d\">", n);
            SDAG_PAGE(p, "<figcaption><b>", s->name, "</b><span>", s->phase, "</span></figcaption>\n");
            sdag_plot_write(p, &plot);
            sdag_plot_legend(p, &plot);
            sdag_page_f(p, "</figure>\n");
            plots++;
        }
    sdag_page_f(p, "</div></section>\n");
}

/* ---- pictures: as images of their own, for what is named in one must not be taken for what is named in another */

typedef struct picture {
    char *text;
    size_t len;
} picture;

static bool same_picture(const picture *a, const picture *b)
{
    return a->len == b->len && a->text && b->text && !memcmp(a->text, b->text, a->len);
}

static void put_picture(sdag_page *p, const sdag_runs *r, const picture *pictures, int i)
{
    SDAG_PAGE(p, "<figure><figcaption><b>", r->label[i], "");
    for (int k = i + 1; k < r->n; k++)
        if (same_picture(&pictures[i], &pictures[k])) SDAG_PAGE(p, ", ", r->label[k], "");
    sdag_page_f(p,
                "</b></figcaption><div class=\"picture\"><img alt=\"the pipeline\" src=\"data:image/svg+xml;base64,");
    sdag_page_base64(p, pictures[i].text, pictures[i].len);
    sdag_page_f(p, "\"/></div></figure>\n");
}

static void put_pictures(sdag_page *p, const sdag_runs *r)
{
    picture *pictures = SDAG_NEWS(r->a, picture, r->n);
    for (int i = 0; i < r->n; i++) {
        if (!sdag_folder_file(&pictures[i].text, &pictures[i].len, r->run[i], "graph.svg", PICTURE_BYTES))
            pictures[i].text = NULL;
    }
    sdag_page_f(p, "<section id=\"pipelines\"><h2>Pipelines</h2>\n<div class=\"pictures\">\n");
    for (int i = 0, n = 0; i < r->n && n < PICTURES_MAX; i++) {
        bool before = !pictures[i].text;
        for (int k = 0; k < i; k++) before |= same_picture(&pictures[i], &pictures[k]);
        if (before) continue;
        put_picture(p, r, pictures, i);
        n++;
    }
    sdag_page_f(p, "</div></section>\n");
}

/* ---- the page */

typedef struct job {
    sdag_arena *a;
    sdag_log *log;
    const char *const *dirs, *const *labels;
    int n;
    const char *note, *path;
    sdag_page page;
} job;

static void put_header(sdag_page *p, const sdag_runs *r, const char *note)
{
    sdag_page_f(p, "<div class=\"page\">\n<header><p class=\"kicker\">ssldag compare</p>\n<h1>%d runs</h1>\n<p>", r->n);
    for (int i = 0; i < r->n && i < LINES_MAX; i++) SDAG_PAGE(p, i ? ", " : "", r->label[i], "");
    if (r->n > LINES_MAX) sdag_page_f(p, " and %d more", r->n - LINES_MAX);
    if (note) SDAG_PAGE(p, "</p>\n<p class=\"quiet\">", note, "");
    sdag_page_f(
        p, "</p></header>\n<nav><ul><li><a href=\"#results\">Results</a></li><li><a href=\"#config\">Config</a></li>"
           "<li><a href=\"#curves\">Curves</a></li><li><a href=\"#pipelines\">Pipelines</a></li></ul></nav>\n<main>\n");
}

static sdag_status write_page(void *arg)
{
    job *j = arg;
    sdag_page *p = &j->page;
    sdag_runs r;
    sdag_status status = sdag_runs_read(&r, j->a, j->log, j->dirs, j->labels, j->n);
    if (!status) status = sdag_out_open(p, j->log, j->path);
    if (status) return status;
    sdag_page_head(p, sdag_arena_printf(j->a, "%d runs", r.n));
    put_header(p, &r, j->note);
    put_values(p, &r);
    put_diffs(p, &r);
    put_curves(p, &r);
    put_pictures(p, &r);
    sdag_page_f(p, "</main>\n<p class=\"foot\">Written by ssldag " SSLDAG_VERSION
                   ". This page is complete in itself: it loads nothing and runs nothing.</p>\n</div>\n");
    sdag_page_tail(p);
    return sdag_out_commit(p, j->log);
}

sdag_status sdag_compare_write(sdag_arena *a, sdag_log *log, const char *const *dirs, const char *const *labels, int n,
                               const char *note, const char *out_html)
{
    job j = {a, log, dirs, labels, n, note, out_html, {.fd = -1}};
    sdag_status status = sdag_arena_try(a, write_page, &j);
    sdag_out_abandon(&j.page);
    return status;
}
