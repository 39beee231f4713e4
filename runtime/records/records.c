#include "runtime/records/records.h"

#include "core/base/alloc.h"
#include "runtime/records/parts.h"
#include "runtime/run/signals.h"

/* Looks and files together take at most this part of the time of the run, what is done once a phase aside. */
static const double share = 0.02;
static const double seconds_between_files = 5;

const char *sdag_records_phase_name(const sdag_recorder *r)
{
    return r->session->graph->phases[r->session->phase].name;
}

static void release(sdag_recorder *r)
{
    sdag_task_destroy(r->views.task);
    sdag_task_destroy(r->embedding.task);
    r->views = (sdag_views){0};
    r->embedding = (sdag_embedding){0};
    r->timing = (sdag_timing){0};
    r->task = NULL;
    sdag_arena_free(&r->arena);
    sdag_arena_free(&r->scratch);
}

void sdag_records_close(sdag_session *s)
{
    sdag_recorder *r = s->records;
    if (!r) return;
    release(r);
    for (int k = 0; k < FILES; k++) json_decref(r->files[k]);
    sdag_log_destroy(r->silent);
    sdag_free(r);
    s->records = NULL;
}

void sdag_records_open(sdag_session *s, const sdag_cursor *at)
{
    const double began = sdag_now();
    sdag_recorder *r = s->options->no_report ? NULL : sdag_alloc(sizeof *r);
    if (!r) return;
    *r = (sdag_recorder){.session = s, .silent = sdag_log_create(NULL), .began = began};
    sdag_arena_init(&r->arena);
    sdag_arena_init(&r->scratch);
    s->records = r;
    if (r->silent && sdag_records_read(r, at)) {
        release(r);
        r->spent = sdag_now() - began;
    } else {
        sdag_records_close(s);
    }
}

/* ---- a phase */

static void set_phase(json_t *file, const char *phase, json_t *value)
{
    json_t *phases = json_object_get(file, "phases");
    if (!json_is_object(phases)) json_object_set_new(file, "phases", phases = json_object());
    json_object_set_new(phases, phase, value);
}

static json_t *times_json(const sdag_time *list, int n, bool bytes)
{
    json_t *o = json_object();
    for (int i = 0; i < n; i++) {
        json_t *row = json_pack("{s:f, s:I}", "seconds", list[i].seconds, "ops", (json_int_t)list[i].ops);
        if (bytes) json_object_set_new(row, "bytes", json_integer((json_int_t)list[i].bytes));
        json_object_set_new(o, list[i].name, row);
    }
    return o;
}

static sdag_status record_timing(void *arg)
{
    sdag_recorder *r = arg;
    const sdag_timing *m = &r->timing;
    if (!m->steps) return SDAG_OK;
    const sdag_times t = sdag_times_sum(&r->scratch, r->task, m->op_s, m->steps);
    set_phase(r->files[FILE_TIMING], sdag_records_phase_name(r),
              json_pack("{s:I, s:i, s:f, s:o, s:o}", "steps", (json_int_t)m->steps, "threads",
                        r->session->options->threads, "step_s", m->step_s / (double)m->steps, "nodes",
                        times_json(t.nodes, t.n_nodes, true), "kinds", times_json(t.kinds, t.n_kinds, false)));
    return SDAG_OK;
}

static sdag_status begin_phase(void *arg)
{
    sdag_recorder *r = arg;
    const bool fed = r->task->lowered->program.feeds.n > 0;
    const int64_t steps = r->task->training ? r->task->steps : fed ? sdag_sampler_steps(&r->task->samplers[0]) : 0;
    sdag_timing_start(&r->timing, &r->arena, r->task, steps - r->from);
    json_object_set_new(r->files[FILE_PLAN], sdag_records_phase_name(r), sdag_plan_record(&r->arena, r->task));
    sdag_views_make(r);
    sdag_embedding_make(r);
    return SDAG_OK;
}

void sdag_records_phase(sdag_session *s, sdag_task *t, int64_t from)
{
    sdag_recorder *r = s->records;
    if (!r) return;
    const double began = sdag_now();
    r->task = t;
    r->phase_began = r->looked = began;
    r->from = from;
    sdag_arena_try(&r->arena, begin_phase, r);
    r->spent += sdag_now() - began;
}

void sdag_records_phase_over(sdag_session *s)
{
    sdag_recorder *r = s->records;
    if (!r) return;
    if (r->task) sdag_arena_try(&r->scratch, record_timing, r);
    release(r);
}

void sdag_records_before(sdag_session *s, const sdag_task *t)
{
    if (s->records && s->records->task == t) sdag_timing_before(&s->records->timing, t);
}

void sdag_records_after(sdag_session *s, const sdag_task *t)
{
    if (s->records && s->records->task == t) sdag_timing_after(&s->records->timing, t);
}

/* ---- looks and moments */

typedef struct look_args {
    sdag_recorder *r;
    sdag_look_when when;
} look_args;

static sdag_status look(void *arg)
{
    const look_args *l = arg;
    sdag_views_show(l->r, l->when);
    if (!sdag_signals_seen()) sdag_embedding_add(l->r);
    return SDAG_OK;
}

/* The moments of a phase come farther and farther apart, and only as far as there is time for them. */
static bool is_due(const sdag_recorder *r, double now)
{
    const double since = r->looked - r->phase_began;
    return now - r->phase_began > 1.5 * since && r->spent + r->look_cost < share * (now - r->began);
}

void sdag_records_look(sdag_session *s, sdag_look_when when)
{
    sdag_recorder *r = s->records;
    const double began = sdag_now();
    if (!r || !r->task || sdag_signals_seen() || (when == SDAG_LOOK_DUE && !is_due(r, began))) return;
    const int64_t per_epoch = r->task->steps_per_epoch > 0 ? r->task->steps_per_epoch : 1;
    r->step = when == SDAG_LOOK_FIRST ? r->from : s->step;
    r->epoch = when == SDAG_LOOK_FIRST ? (r->from + per_epoch - 1) / per_epoch : s->epoch;
    look_args l = {r, when};
    sdag_arena_try(&r->arena, look, &l);
    if (when == SDAG_LOOK_FIRST) sdag_records_write(r, false); /* it cannot be taken again after a kill */
    r->looked = sdag_now();
    r->look_cost = r->looked - began;
    r->spent += r->look_cost;
}

void sdag_records_moment(sdag_session *s, bool last)
{
    sdag_recorder *r = s->records;
    const double now = sdag_now();
    if (!r) return;
    if (!last && (now - r->written < seconds_between_files || r->spent + r->write_cost > share * (now - r->began)))
        return;
    if (r->task) sdag_arena_try(&r->scratch, record_timing, r);
    sdag_records_write(r, last);
    sdag_arena_free(&r->scratch);
    r->written = sdag_now();
    r->write_cost = r->written - now;
    r->spent += r->write_cost;
}
