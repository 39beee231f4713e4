/* The numbers on top: what every phase has reached, a card each. */
#include <math.h>
#include <string.h>

#include "runtime/report/scale.h"
#include "runtime/report/section.h"

enum { CARDS_MAX = 40, SPARK_W = 96, SPARK_H = 22 };

static bool is_card(const char *name) { return strcmp(name, "seconds") != 0; }

static bool has_cards(const sdag_folder *f, const char *phase)
{
    const char *name;
    for (int i = 0; (name = sdag_folder_metric(f, phase, i)); i++)
        if (is_card(name)) return true;
    return false;
}

static bool has(sdag_folder *f)
{
    for (int i = 0; i < f->n_phases; i++)
        if (has_cards(f, f->phases[i])) return true;
    return false;
}

/* The course of a value, without axes. */
static void put_spark(sdag_page *p, const sdag_series *s)
{
    if (!s || s->n_at < 3) return;
    sdag_scale x =
        sdag_scale_make(fmin(s->first_x, s->last_x), fmax(s->first_x, s->last_x), 2, SPARK_W - 2, 2, 0, true);
    sdag_scale y = sdag_scale_make(s->min, s->max, SPARK_H - 2, 2, 2, false, true);
    sdag_page_f(p, "<svg class=\"spark\" viewBox=\"0 0 %d %d\"><path class=\"line s0\" d=\"", SPARK_W, SPARK_H);
    int skip = s->n_at / 120 + 1;
    for (int i = 0; i < s->n_at; i += skip)
        sdag_page_f(p, "%c%.1f,%.1f", i ? 'L' : 'M', sdag_scale_at(&x, s->at[i].x), sdag_scale_at(&y, s->at[i].y));
    sdag_page_f(p, "L%.1f,%.1f\"/></svg>", sdag_scale_at(&x, s->last_x), sdag_scale_at(&y, s->last));
}

static void put_card(sdag_page *p, const sdag_folder *f, const char *phase, const char *name)
{
    char text[32];
    const sdag_series *s = sdag_folder_series(f, phase, name);
    double v = sdag_folder_value(f, phase, name);
    SDAG_PAGE(p, "<div class=\"card\" data-phase=\"", phase, "\" data-metric=\"", name, "\"");
    if (isfinite(v)) sdag_page_f(p, " data-value=\"%.9g\"", v);
    SDAG_PAGE(p, "><div class=\"what\">", name, "</div><div class=\"value\">");
    sdag_page_f(p, "%s</div>", isfinite(v) ? sdag_page_number(text, v) : "not a finite number");
    put_spark(p, s);
    if (s && s->n > 1) {
        sdag_page_f(p, "<div class=\"range\">%s to ", sdag_page_number(text, s->min));
        sdag_page_f(p, "%s</div>", sdag_page_number(text, s->max));
    }
    sdag_page_f(p, "</div>\n");
}

static void put_phase(sdag_page *p, const sdag_folder *f, const char *phase)
{
    char text[32];
    const char *name;
    double seconds = sdag_folder_value(f, phase, "seconds");
    SDAG_PAGE(p, "<div class=\"group\"><h3>", phase, "");
    if (isfinite(seconds)) sdag_page_f(p, " <small>%s</small>", sdag_page_clock(text, seconds));
    sdag_page_f(p, "</h3>\n<div class=\"cards\">\n");
    for (int late = 0, n = 0; late < 2; late++) /* what probes say before the loss */
        for (int i = 0; (name = sdag_folder_metric(f, phase, i)) && n < CARDS_MAX; i++)
            if (is_card(name) && late == !strcmp(name, "loss")) put_card(p, f, phase, name), n++;
    sdag_page_f(p, "</div></div>\n");
}

static void put(sdag_page *p, sdag_folder *f)
{
    sdag_page_f(p, "<div class=\"groups\">\n");
    for (int i = 0; i < f->n_phases; i++)
        if (has_cards(f, f->phases[i])) put_phase(p, f, f->phases[i]);
    sdag_page_f(p, "</div>\n");
}

const sdag_section sdag_section_overview = {"results", "Results", has, put};
