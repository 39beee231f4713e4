/* The page of a run while it runs: where the run stands (report/state.json), then report.html, at moments that cost
 * little: some seconds apart, and no more than about a hundredth of the time. Nothing of it can fail the run. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/file.h"
#include "core/io/json_memory.h"
#include "core/io/json_text.h"
#include "runtime/report/report.h"
#include "runtime/run/session.h"

/* Seconds between two pages; at the end of a phase; and how many times its own cost must have passed. */
static const double between_pages = 3, between_phases = 1, times_cost = 100;
static const double picture_after = 30;

typedef struct page_args {
    sdag_session *s;
    sdag_arena *arena;
    sdag_log *log; /* of the page alone */
    const char *state, *message;
} page_args;

/* Seconds that earlier parts of a resumed run took. */
static double read_elapsed(const page_args *p)
{
    sdag_json_begin();
    json_t *o = json_load_file(sdag_arena_printf(p->arena, "%s/report/state.json", p->s->options->out_dir), 0, NULL);
    double v = json_number_value(json_object_get(o, "elapsed_s"));
    json_decref(o);
    return v > 0 && v < 1e10 ? v : 0;
}

static sdag_status write_text(sdag_log *log, const char *path, const char *text)
{
    sdag_outfile o;
    sdag_status status = text ? sdag_out_open(&o, log, path) : SDAG_NOMEM;
    if (status) return status;
    sdag_out_write(&o, text, strlen(text));
    sdag_out_write(&o, "\n", 1);
    return sdag_out_commit(&o, log);
}

static sdag_status write_state(const page_args *p)
{
    const sdag_session *s = p->s;
    const char *dir = s->options->out_dir;
    const sdag_graph *g = s->graph;
    const char *path = sdag_arena_printf(p->arena, "%s/report/state.json", dir);
    sdag_status status = sdag_make_dirs(p->log, SDAG_NOLOC, sdag_arena_printf(p->arena, "%s/report", dir));
    if (status) return status;
    sdag_json_begin();
    json_t *o =
        json_pack("{s:s, s:I, s:I, s:I, s:f, s:I}", "state", p->state, "step", (json_int_t)s->step, "steps",
                  (json_int_t)s->steps, "epoch", (json_int_t)s->epoch, "elapsed_s",
                  rint(10 * (s->page.before + sdag_now() - s->page.began)) / 10, "written", (json_int_t)time(NULL));
    if (s->phase < g->n_phases) json_object_set_new(o, "phase", json_string(g->phases[s->phase].name));
    if (p->message) json_object_set_new(o, "message", sdag_json_text(p->message));
    char *text = o ? json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(o);
    status = write_text(p->log, path, text);
    free(text);
    return status;
}

static sdag_status write_page(void *arg)
{
    page_args *p = arg;
    /* the picture of times takes three times what all the rest does: short runs draw it once, at their end */
    bool times = strcmp(p->state, "running") != 0 || sdag_now() - p->s->page.began > picture_after;
    sdag_status status = write_state(p);
    if (status) return status;
    return sdag_report_write(p->arena, p->log, times ? p->s->graph : NULL, p->s->options->out_dir);
}

static void write_now(sdag_session *s, const char *state, const char *message)
{
    sdag_arena arena;
    page_args p = {s, &arena, sdag_log_create(NULL), state, message};
    double began = sdag_now();
    if (!p.log) return;
    sdag_arena_init(&arena);
    sdag_status status = sdag_arena_try(&arena, write_page, &p);
    sdag_arena_free(&arena);
    int n = sdag_log_count(p.log);
    if (status && !s->page.warned)
        sdag_log_add(s->log, SDAG_WARNING, SDAG_NOLOC, "the page of the run is not written: %s",
                     n ? sdag_log_at(p.log, n - 1)->text : "out of memory");
    s->page.warned |= status != SDAG_OK;
    sdag_log_destroy(p.log);
    s->page.written = sdag_now();
    s->page.cost = s->page.written - began;
}

static sdag_status open_page(void *arg)
{
    page_args *p = arg;
    p->s->page.before = read_elapsed(p);
    return SDAG_OK;
}

void sdag_page_open(sdag_session *s, const sdag_cursor *at)
{
    sdag_arena arena;
    page_args p = {.s = s, .arena = &arena};
    s->page = (sdag_page_clock){.began = sdag_now(), .written = -INFINITY};
    if (!s->options->resume || s->options->no_report) return;
    sdag_arena_init(&arena);
    sdag_arena_try(&arena, open_page, &p);
    sdag_arena_free(&arena);
    if (at->phase < s->graph->n_phases && s->metrics.bytes) write_now(s, "running", NULL);
}

void sdag_page_moment(sdag_session *s, bool phase_over)
{
    double since = sdag_now() - s->page.written;
    s->page.moved = true;
    if (s->options->no_report) return;
    if (since >= (phase_over ? between_phases : between_pages) && since >= times_cost * s->page.cost)
        write_now(s, "running", NULL);
}

void sdag_page_end(sdag_session *s, sdag_status status)
{
    const char *message = NULL;
    bool done = !status, stopped = status == SDAG_STOPPED;
    if (s->options->no_report || !s->metrics.bytes || (done && !s->page.moved))
        return; /* nothing to show, or nothing new */
    for (int i = 0; i < sdag_log_count(s->log) && !done && !stopped; i++)
        if (sdag_log_at(s->log, i)->level == SDAG_ERROR) message = sdag_log_at(s->log, i)->text;
    if (done) s->phase = s->graph->n_phases;
    write_now(s, done ? "done" : stopped ? "stopped" : "failed", message);
}
