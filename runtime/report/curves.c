/* Losses, rates and probes over the steps of each phase: a drawing a metric; metrics of one last name share one, as the
 * losses of training and of held out data do. */
#include <string.h>

#include "runtime/report/plot.h"
#include "runtime/report/section.h"
#include "runtime/report/speed.h"

enum { LINES_MAX = 6, PLOTS_MAX = 60 };

static bool is_curve(const sdag_folder *f, const sdag_series *s)
{
    return s->n > 1 && !sdag_speed_is(s->name) && !sdag_collapse_shows(f, s);
}

static bool has(sdag_folder *f)
{
    for (int i = 0; i < f->n_series; i++)
        if (is_curve(f, &f->series[i])) return true;
    return false;
}

static const char *last_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    size_t n = strlen(name);
    if (n > 5 && !strcmp(name + n - 5, "_loss")) return "loss"; /* val_loss */
    return dot && dot[1] ? dot + 1 : name;
}

/* The curves that are drawn with curve i: itself, and later ones of its phase with the same last name. n = 0: it is
 * drawn with an earlier one. */
static int gather(const sdag_series *out[LINES_MAX], const sdag_folder *f, int i)
{
    const sdag_series *s = &f->series[i];
    int n = 0;
    for (int k = 0; k < f->n_series && n < LINES_MAX; k++) {
        const sdag_series *o = &f->series[k];
        if (!is_curve(f, o) || strcmp(o->phase, s->phase) || strcmp(last_name(o->name), last_name(s->name))) continue;
        if (k < i && n == 0) {
            int before = 0; /* those past the limit begin a drawing of their own */
            for (int j = k; j < i; j++)
                before += is_curve(f, &f->series[j]) && !strcmp(f->series[j].phase, s->phase) &&
                          !strcmp(last_name(f->series[j].name), last_name(s->name));
            if (before % LINES_MAX) return 0;
            k = i - 1;
            continue;
        }
        out[n++] = o;
    }
    return n;
}

void sdag_curves_data(sdag_page *p, const sdag_series *s)
{
    SDAG_PAGE(p, "<span class=\"data\" data-phase=\"", s->phase, "\" data-curve=\"", s->name, "\"");
    sdag_page_f(p, " data-points=\"%lld\" data-last-step=\"%.0f\" data-last=\"%.9g\"></span>", (long long)s->n,
                s->last_x, s->last);
}

static void put_plot(sdag_page *p, const sdag_series *const *s, int n)
{
    char text[32];
    sdag_plot_line lines[LINES_MAX];
    const char *title = n > 1 ? last_name(s[0]->name) : s[0]->name;
    double lo = s[0]->min, hi = s[0]->max;
    for (int k = 0; k < n; k++) {
        lines[k] = (sdag_plot_line){s[k]->name, s[k]->at, s[k]->n_at, k};
        if (s[k]->min < lo) lo = s[k]->min;
        if (s[k]->max > hi) hi = s[k]->max;
    }
    sdag_plot plot = {title, "step", lines, n, lo > 0 && hi > 100 * lo};
    SDAG_PAGE(p, "<figure class=\"curve\"><figcaption><b>", title, "</b>");
    if (n == 1) sdag_page_f(p, "<span>%s</span>", sdag_page_number(text, s[0]->last));
    sdag_page_f(p, "</figcaption>\n");
    sdag_plot_write(p, &plot);
    if (n > 1) sdag_plot_legend(p, &plot);
    for (int k = 0; k < n; k++) sdag_curves_data(p, s[k]);
    int64_t bad = 0;
    for (int k = 0; k < n; k++) bad += s[k]->bad;
    if (bad) sdag_page_f(p, "<p class=\"quiet\">%lld values are not finite, and not drawn.</p>", (long long)bad);
    sdag_page_f(p, "</figure>\n");
}

static void put(sdag_page *p, sdag_folder *f)
{
    const sdag_series *s[LINES_MAX];
    int plots = 0;
    for (int ph = 0; ph < f->n_phases; ph++) {
        bool open = false;
        for (int i = 0; i < f->n_series && plots < PLOTS_MAX; i++) {
            if (strcmp(f->series[i].phase, f->phases[ph]) || !is_curve(f, &f->series[i])) continue;
            int n = gather(s, f, i);
            if (n == 0) continue;
            if (!open) SDAG_PAGE(p, "<h3>", f->phases[ph], "</h3>\n<div class=\"plots\">\n");
            open = true;
            put_plot(p, s, n);
            plots++;
        }
        if (open) sdag_page_f(p, "</div>\n");
    }
    if (plots == PLOTS_MAX) sdag_page_f(p, "<p class=\"quiet\">The first %d drawings of more.</p>\n", PLOTS_MAX);
}

const sdag_section sdag_section_curves = {"curves", "Curves", has, put};
