#include "runtime/report/report.h"

#include <math.h>
#include <string.h>

#include "runtime/report/section.h"
#include "viz/viz.h"

static const sdag_section *const sections[] = {
#define X(name) &sdag_section_##name,
    SDAG_SECTIONS(X)
#undef X
};
enum { SECTIONS = sizeof sections / sizeof *sections };

static const struct {
    const char *state, *text;
} states[] = {
    {"running", "running"},
    {"done", "done"},
    {"stopped", "stopped; it can be resumed"},
    {"failed", "failed"},
    {"interrupted", "interrupted; it can be resumed"},
    {"unknown", "nothing to tell from yet"},
};

static double number(const json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

/* What the last line of metrics speaks of, when the run has not said where it is. */
static const sdag_series *last_series(const sdag_folder *f)
{
    const sdag_series *last = NULL;
    for (int i = 0; i < f->n_series; i++)
        if (f->series[i].n) last = &f->series[i];
    return last;
}

static double elapsed(const sdag_folder *f)
{
    double sum = 0, said = number(f->state, "elapsed_s");
    if (isfinite(said)) return said;
    for (int i = 0; i < f->n_phases; i++) {
        double s = sdag_folder_value(f, f->phases[i], "seconds");
        if (s > 0) sum += s;
    }
    return sum;
}

static void put_place(sdag_page *p, const sdag_folder *f)
{
    char text[32];
    const sdag_series *last = last_series(f);
    const char *phase = json_string_value(json_object_get(f->state, "phase"));
    if (!strcmp(sdag_folder_state(f), "done")) return;
    double step = number(f->state, "step"), steps = number(f->state, "steps"), epoch = number(f->state, "epoch");
    if (!phase && last) phase = last->phase, step = last->last_x, epoch = last->last_epoch;
    if (!phase) return;
    int at = -1;
    for (int i = 0; i < f->n_phases; i++)
        if (!strcmp(f->phases[i], phase)) at = i;
    SDAG_PAGE(p, "<span>phase <b>", phase, "</b>");
    if (at >= 0) sdag_page_f(p, " (%d of %d)", at + 1, f->n_phases);
    sdag_page_f(p, "</span>");
    if (step > 0) sdag_page_f(p, "<span>step <b>%s</b>", sdag_page_count(text, step));
    if (step > 0 && steps > 0) sdag_page_f(p, " of %s", sdag_page_count(text, steps));
    if (step > 0) sdag_page_f(p, "</span>");
    if (epoch > 0) sdag_page_f(p, "<span>epoch <b>%s</b></span>", sdag_page_count(text, epoch));
    if (steps > 0 && step >= 0 && step <= steps && at >= 0 && !strcmp(sdag_folder_state(f), "running"))
        sdag_page_f(p, "<span class=\"progress\"><i style=\"width:%.1f%%\"></i></span>",
                    100 * (at + step / steps) / f->n_phases);
}

static void put_status(sdag_page *p, const sdag_folder *f)
{
    char text[32];
    const char *state = sdag_folder_state(f), *message = json_string_value(json_object_get(f->state, "message"));
    double written = number(f->state, "written");
    sdag_page_f(p, "<div class=\"status\" data-state=\"%s\">", state);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (!strcmp(states[i].state, state)) sdag_page_f(p, "<span class=\"pill %s\">%s</span>", state, states[i].text);
    if (elapsed(f) > 0) sdag_page_f(p, "<span>computing for <b>%s</b></span>", sdag_page_clock(text, elapsed(f)));
    if (written > 0) sdag_page_f(p, "<span>as of %s</span>", sdag_page_time(text, written));
    put_place(p, f);
    sdag_page_f(p, "</div>\n");
    if (message && *message) SDAG_PAGE(p, "<p class=\"verdict low\">", message, "</p>\n");
}

static void put_header(sdag_page *p, const sdag_folder *f)
{
    SDAG_PAGE(p, "<header>\n<p class=\"kicker\">", f->family ? f->family : "pipeline", " &#183; ", f->dir, "</p>\n<h1>",
              f->name, "</h1>\n");
    if (f->about) SDAG_PAGE(p, "<p>", f->about, "</p>\n");
    put_status(p, f);
    sdag_page_f(p, "</header>\n");
}

/* What could not be read, so that nobody takes a gap for a result. */
static void put_notes(sdag_page *p, const sdag_folder *f)
{
    if (f->n_notes == 0) return;
    sdag_page_f(p, "<section id=\"notes\"><h2>What could not be read</h2>\n<ul class=\"notes\">\n");
    for (int i = 0; i < f->n_notes; i++) SDAG_PAGE(p, "<li>", f->notes[i].file, ": ", f->notes[i].text, "</li>\n");
    sdag_page_f(p, "</ul></section>\n");
}

typedef struct writing {
    sdag_arena *a;
    sdag_log *log;
    const sdag_graph *g;
    const char *dir, *path;
    sdag_page page;
} writing;

/* The pipeline with the times of timing.json; without, where they do not fit the graph. */
static void draw_times(const writing *w, sdag_folder *f)
{
    char *text;
    size_t len;
    sdag_log *quiet = sdag_log_create(NULL);
    if (!quiet) sdag_arena_escape(w->a);
    sdag_arena_defer(w->a, (void (*)(void *))sdag_log_destroy, quiet);
    sdag_viz_options o = {.heat = SDAG_VIZ_HEAT_TIME, .run = w->dir};
    sdag_status status = sdag_viz_text(&text, &len, w->a, quiet, w->g, &o);
    if (status == SDAG_NOMEM) sdag_arena_escape(w->a);
    if (status) return;
    f->time_svg = text;
    f->time_svg_len = len;
}

static sdag_status write_page(void *arg)
{
    writing *w = arg;
    sdag_page *p = &w->page;
    sdag_folder *f;
    bool has[SECTIONS];
    sdag_status status = sdag_folder_read(&f, w->a, w->log, w->dir);
    if (!status && w->g && f->timing) draw_times(w, f);
    if (!status) status = sdag_out_open(p, w->log, w->path);
    if (status) return status;
    sdag_page_head(p, sdag_arena_printf(w->a, "%s \xe2\x80\x93 %s", f->name, sdag_folder_state(f)));
    sdag_page_f(p, "<div class=\"page\">\n");
    put_header(p, f);
    sdag_page_f(p, "<nav><ul>\n");
    for (int i = 0; i < SECTIONS; i++) {
        has[i] = sections[i]->has(f);
        if (has[i]) sdag_page_f(p, "<li><a href=\"#%s\">%s</a></li>\n", sections[i]->id, sections[i]->title);
    }
    sdag_page_f(p, "</ul></nav>\n<main>\n");
    for (int i = 0; i < SECTIONS; i++) {
        if (!has[i]) continue;
        sdag_page_f(p, "<section id=\"%s\"><h2>%s</h2>\n", sections[i]->id, sections[i]->title);
        sections[i]->write(p, f);
        sdag_page_f(p, "</section>\n");
    }
    put_notes(p, f);
    sdag_page_f(p,
                "</main>\n<p class=\"foot\">Written by ssldag " SSLDAG_VERSION
                ". This page is complete in itself: it loads nothing and runs nothing. While the run goes on, reload "
                "it to see more.</p>\n</div>\n");
    sdag_page_tail(p);
    return sdag_out_commit(p, w->log);
}

sdag_status sdag_report_write_to(sdag_arena *a, sdag_log *log, const sdag_graph *g, const char *dir, const char *path)
{
    writing w = {.a = a, .log = log, .g = g, .dir = dir, .path = path, .page = {.fd = -1}};
    sdag_status status = sdag_arena_try(a, write_page, &w);
    sdag_out_abandon(&w.page);
    return status;
}

sdag_status sdag_report_write(sdag_arena *a, sdag_log *log, const sdag_graph *g, const char *dir)
{
    return sdag_report_write_to(a, log, g, dir, sdag_arena_printf(a, "%s/report.html", dir));
}
