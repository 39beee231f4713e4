/* How fast it ran: images a second, waiting for data, and where the time of a step goes. */
#include "runtime/report/speed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/report/plot.h"
#include "runtime/report/section.h"

enum { BARS_MAX = 12 };
static const double part_shown = 0.005; /* of the whole: what has less is counted */

bool sdag_speed_is(const char *metric)
{
    return !strcmp(metric, "images_per_s") || !strcmp(metric, "wait_for_data") || !strcmp(metric, "seconds");
}

static bool has(sdag_folder *f)
{
    if (json_object_size(json_object_get(f->timing, "phases"))) return true;
    for (int i = 0; i < f->n_series; i++)
        if (sdag_speed_is(f->series[i].name)) return true;
    return false;
}

static double number(const json_t *object, const char *key)
{
    json_t *v = json_object_get(object, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static void put_cell(sdag_page *p, double v, const char *(*text)(char buf[32], double v))
{
    char buf[32];
    sdag_page_f(p, "<td class=\"num\">%s</td>", isfinite(v) ? text(buf, v) : "&#8211;");
}

static const char *percent(char buf[32], double v)
{
    snprintf(buf, 32, "%.1f %%", 100 * v);
    return buf;
}

static void put_table(sdag_page *p, const sdag_folder *f)
{
    sdag_page_f(p, "<div class=\"wide\"><table class=\"plain\"><thead><tr><th>phase</th><th>steps</th><th>time</th>"
                   "<th>images a second</th><th>waiting for data</th><th>a step takes</th><th>threads</th></tr></thead>"
                   "<tbody>\n");
    for (int i = 0; i < f->n_phases; i++) {
        const char *ph = f->phases[i];
        const sdag_series *rate = sdag_folder_series(f, ph, "images_per_s");
        const sdag_series *wait = sdag_folder_series(f, ph, "wait_for_data");
        const json_t *timing = json_object_get(json_object_get(f->timing, "phases"), ph);
        double seconds = sdag_folder_value(f, ph, "seconds");
        if (!rate && !timing && !isfinite(seconds)) continue;
        SDAG_PAGE(p, "<tr><th>", ph, "</th>");
        put_cell(p, rate && rate->n ? rate->last_x : NAN, sdag_page_count);
        put_cell(p, seconds, sdag_page_clock);
        put_cell(p, rate && rate->n ? rate->last : NAN, sdag_page_count);
        put_cell(p, wait && wait->n ? wait->last : NAN, percent);
        put_cell(p, number(timing, "step_s"), sdag_page_clock);
        put_cell(p, number(timing, "threads"), sdag_page_count);
        sdag_page_f(p, "</tr>\n");
    }
    sdag_page_f(p, "</tbody></table></div>\n");
}

static void put_rates(sdag_page *p, const sdag_folder *f)
{
    bool open = false;
    for (int i = 0; i < f->n_series; i++) {
        const sdag_series *s = &f->series[i];
        if (strcmp(s->name, "images_per_s") || s->n < 3) continue;
        if (!open) sdag_page_f(p, "<div class=\"plots\">\n");
        open = true;
        sdag_plot_line line = {"images a second", s->at, s->n_at, 2};
        SDAG_PAGE(p, "<figure class=\"curve\"><figcaption><b>", s->phase,
                  "</b><span>images a second</span></figcaption>");
        sdag_plot_write(p, &(sdag_plot){"images a second", "step", &line, 1, false});
        sdag_page_f(p, "</figure>\n");
    }
    if (open) sdag_page_f(p, "</div>\n");
}

typedef struct bar {
    const char *name;
    double seconds, bytes, ops;
} bar;

static int larger_first(const void *x, const void *y)
{
    const bar *a = x, *b = y;
    return (a->seconds < b->seconds) - (a->seconds > b->seconds);
}

/* The rows of one table of timing.json, largest first; the sum of all of them. */
static int read_bars(bar **out, double *sum, sdag_arena *a, const json_t *table)
{
    const char *name;
    json_t *row;
    int n = 0;
    bar *bars = SDAG_NEWS(a, bar, json_object_size(table) + 1);
    *sum = 0;
    json_object_foreach((json_t *)table, name, row)
    {
        double s = number(row, "seconds");
        if (!(s >= 0 && s < 1e9)) continue;
        bars[n++] = (bar){name, s, number(row, "bytes"), number(row, "ops")};
        *sum += s;
    }
    qsort(bars, (size_t)n, sizeof *bars, larger_first);
    *out = bars;
    return n;
}

static void put_bars(sdag_page *p, sdag_arena *a, const json_t *table, const char *title)
{
    bar *bars;
    double sum;
    char text[32];
    int n = read_bars(&bars, &sum, a, table);
    if (n == 0 || sum <= 0) return;
    SDAG_PAGE(p, "<figure class=\"bars\"><figcaption><b>", title,
              "</b><span>milliseconds of thread time a step</span>"
              "</figcaption>\n<table>");
    int shown = 0;
    for (; shown < n && shown < BARS_MAX && bars[shown].seconds >= part_shown * sum; shown++) {
        const int i = shown;
        SDAG_PAGE(p, "<tr><th>", bars[i].name, "</th>");
        sdag_page_f(p,
                    "<td class=\"bar\"><i style=\"width:%.2f%%\"></i></td><td class=\"num\">%.3g</td>"
                    "<td class=\"num quiet\">%.0f %%</td>",
                    100 * bars[i].seconds / bars[0].seconds, 1e3 * bars[i].seconds, 100 * bars[i].seconds / sum);
        if (isfinite(bars[i].bytes))
            sdag_page_f(p, "<td class=\"num quiet\">%s</td>", sdag_page_bytes(text, bars[i].bytes));
        sdag_page_f(p, "</tr>\n");
    }
    if (n > shown) sdag_page_f(p, "<tr><td class=\"quiet more\" colspan=\"5\">and %d more below</td></tr>", n - shown);
    sdag_page_f(p, "</table></figure>\n");
}

static void put(sdag_page *p, sdag_folder *f)
{
    put_table(p, f);
    put_rates(p, f);
    const json_t *phases = json_object_get(f->timing, "phases");
    for (int i = 0; i < f->n_phases; i++) {
        const json_t *t = json_object_get(phases, f->phases[i]);
        if (!json_object_size(json_object_get(t, "nodes"))) continue;
        SDAG_PAGE(p, "<h3>Where a step of ", f->phases[i], " spends its time</h3>\n<div class=\"plots two\">\n");
        put_bars(p, f->a, json_object_get(t, "nodes"), "by node");
        put_bars(p, f->a, json_object_get(t, "kinds"), "by kind of operation");
        sdag_page_f(p, "</div>\n");
    }
}

const sdag_section sdag_section_speed = {"speed", "Speed", has, put};
