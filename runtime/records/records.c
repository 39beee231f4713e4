#include "runtime/records/records.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "runtime/records/env.h"
#include "runtime/records/parts.h"
#include "runtime/run/signals.h"

static const struct {
    const char *name;
    bool array;
    size_t flags;
} kinds[FILES] = {
    [FILE_TIMING] = {"timing.json", false, JSON_INDENT(1) | JSON_REAL_PRECISION(6)},
    [FILE_PLAN] = {"report/plan.json", false, JSON_COMPACT},
    [FILE_VIEWS] = {"report/views.json", true, JSON_INDENT(1)},
    [FILE_EMBEDDING] = {"report/embedding.json", true, JSON_COMPACT | JSON_REAL_PRECISION(4)},
    [FILE_CONFUSION] = {"report/confusion.json", true, JSON_COMPACT},
    [FILE_ENV] = {"report/env.json", false, JSON_INDENT(1)},
};

/* Looks and files together take at most this part of the time of the run, what is done once a phase aside. */
static const double share = 0.02;
static const double seconds_between_files = 5;

const char *sdag_records_phase_name(const sdag_recorder *r)
{
    return r->session->graph->phases[r->session->phase].name;
}

json_t *sdag_records_entry(json_t *array, const char *phase, const char *node)
{
    size_t i;
    json_t *e;
    json_array_foreach(array, i, e)
    {
        const char *p = json_string_value(json_object_get(e, "phase")),
                   *n = json_string_value(json_object_get(e, "node"));
        if (p && n && !strcmp(p, phase) && !strcmp(n, node)) return e;
    }
    return NULL;
}

/* ---- files */

static void warn(sdag_recorder *r, const char *what)
{
    if (!r->warned)
        sdag_log_add(r->session->log, SDAG_WARNING, SDAG_NOLOC, "%s%s; the run goes on without it", what,
                     ": what the run keeps for its report could not be written");
    r->warned = true;
}

static void write_file(sdag_recorder *r, int k, const char *path)
{
    char *text = r->files[k] ? json_dumps(r->files[k], kinds[k].flags) : NULL;
    sdag_outfile o;
    if (!text || sdag_out_open(&o, r->silent, path)) warn(r, path);
    else {
        sdag_out_write(&o, text, strlen(text));
        sdag_out_write(&o, "\n", 1);
        if (sdag_out_commit(&o, r->silent)) warn(r, path);
    }
    free(text);
}

static char *now_text(char text[32])
{
    struct tm tm;
    const time_t now = time(NULL);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%S%z", localtime_r(&now, &tm));
    return text;
}

typedef struct path_args {
    sdag_recorder *r;
    bool finished;
} path_args;

static sdag_status write_files(void *arg)
{
    const path_args *w = arg;
    sdag_recorder *r = w->r;
    char text[32];
    if (w->finished) json_object_set_new(r->files[FILE_ENV], "finished", json_string(now_text(text)));
    for (int k = 0; k < FILES; k++)
        write_file(r, k, sdag_arena_printf(&r->arena, "%s/%s", r->session->options->out_dir, kinds[k].name));
    return SDAG_OK;
}

/* ---- what an earlier part of the run has kept */

static int32_t phase_of(const sdag_recorder *r, const json_t *entry)
{
    const char *name = json_string_value(json_object_get(entry, "phase"));
    const sdag_graph *g = r->session->graph;
    for (int32_t i = 0; name && i < g->n_phases; i++)
        if (!strcmp(g->phases[i].name, name)) return i;
    return INT32_MAX;
}

static void forget_later(sdag_recorder *r, json_t *array, const sdag_cursor *at)
{
    for (size_t i = json_array_size(array); i-- > 0;) {
        json_t *e = json_array_get(array, i), *moments = json_object_get(e, "moments");
        const int32_t phase = phase_of(r, e);
        for (size_t k = json_array_size(moments); k-- > 0 && phase == at->phase;)
            if (json_integer_value(json_object_get(json_array_get(moments, k), "step")) > at->step)
                json_array_remove(moments, k);
        if (phase > at->phase) json_array_remove(array, i);
    }
}

static void read_file(sdag_recorder *r, int k, const sdag_cursor *at, bool resumed)
{
    const char *path = sdag_arena_printf(&r->arena, "%s/%s", r->session->options->out_dir, kinds[k].name);
    json_error_t e;
    json_t *was = resumed ? json_load_file(path, JSON_REJECT_DUPLICATES, &e) : NULL;
    if (was && (kinds[k].array ? !json_is_array(was) : !json_is_object(was))) {
        json_decref(was);
        was = NULL;
        snprintf(e.text, sizeof e.text, "not what a run writes");
    } else if (!was && resumed && json_error_code(&e) == json_error_cannot_open_file) {
        resumed = false; /* none was written yet */
    }
    if (resumed && !was)
        sdag_log_add(r->session->log, SDAG_WARNING, SDAG_NOLOC, "%s is damaged (%s): it is begun anew", path, e.text);
    r->files[k] = was ? was : kinds[k].array ? json_array() : json_object();
    if (kinds[k].array) forget_later(r, r->files[k], at);
}

static void set_env(sdag_recorder *r)
{
    char text[32];
    const sdag_session *s = r->session;
    json_t *was = r->files[FILE_ENV], *env = sdag_env_json(NULL), *started = json_object_get(was, "started");
    if (!env) return;
    json_object_set_new(env, "name", json_string(s->graph->name ? s->graph->name : ""));
    json_object_set_new(env, "seed", json_integer((json_int_t)s->graph->seed));
    json_object_set_new(env, "threads", json_integer(s->options->threads));
    json_object_set_new(env, "command", sdag_env_command());
    json_object_set(env, "started", started ? started : json_null());
    if (!started) json_object_set_new(env, "started", json_string(now_text(text)));
    json_object_set_new(env, "finished", json_null());
    if (started) json_object_set_new(env, "resumed", json_string(now_text(text)));
    json_decref(was);
    r->files[FILE_ENV] = env;
}

typedef struct open_args {
    sdag_recorder *r;
    const sdag_cursor *at;
} open_args;

static sdag_status read_all(void *arg)
{
    const open_args *o = arg;
    sdag_recorder *r = o->r;
    sdag_session *s = r->session;
    const char *dir = sdag_arena_printf(&r->arena, "%s/report", s->options->out_dir);
    if (sdag_make_dirs(r->silent, SDAG_NOLOC, dir)) warn(r, dir);
    for (int k = 0; k < FILES; k++) read_file(r, k, o->at, s->options->resume);
    set_env(r);
    return SDAG_OK;
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
    sdag_arena_init(&r->arena);
}

void sdag_records_open(sdag_session *s, const sdag_cursor *at)
{
    if (s->options->no_report) return;
    sdag_recorder *r = sdag_alloc(sizeof *r);
    if (!r) return;
    *r = (sdag_recorder){.session = s, .silent = sdag_log_create(NULL), .began = sdag_now()};
    sdag_arena_init(&r->arena);
    open_args o = {r, at};
    if (r->silent && !sdag_arena_try(&r->arena, read_all, &o)) s->records = r;
    release(r);
    r->spent = sdag_now() - r->began;
    if (s->records) return;
    s->records = r;
    sdag_records_close(s);
}

void sdag_records_close(sdag_session *s)
{
    sdag_recorder *r = s->records;
    if (!r) return;
    release(r);
    sdag_arena_free(&r->arena);
    for (int k = 0; k < FILES; k++) json_decref(r->files[k]);
    sdag_log_destroy(r->silent);
    sdag_free(r);
    s->records = NULL;
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
    const sdag_times t = sdag_times_sum(&r->arena, r->task, m->op_s, m->steps);
    set_phase(r->files[FILE_TIMING], sdag_records_phase_name(r),
              json_pack("{s:I, s:i, s:f, s:o, s:o}", "steps", (json_int_t)m->steps, "threads",
                        r->session->options->threads, "step_s", m->step_s / (double)m->steps, "nodes",
                        times_json(t.nodes, t.n_nodes, true), "kinds", times_json(t.kinds, t.n_kinds, false)));
    return SDAG_OK;
}

static sdag_status begin_phase(void *arg)
{
    sdag_recorder *r = arg;
    const int64_t steps = r->task->training ? r->task->steps : sdag_sampler_steps(&r->task->samplers[0]);
    sdag_timing_start(&r->timing, &r->arena, r->task, steps - r->from);
    set_phase(r->files[FILE_PLAN], sdag_records_phase_name(r), sdag_plan_record(&r->arena, r->task));
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
    if (r->task) sdag_arena_try(&r->arena, record_timing, r);
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
    r->looked = sdag_now();
    r->look_cost = r->looked - began;
    r->spent += r->look_cost;
}

static json_t *class_names(const sdag_session *s, const sdag_probe *p)
{
    const sdag_gnode *g = &s->graph->nodes[p->node];
    const int n = p->confusion.classes;
    const char *const *names = NULL;
    for (int i = 0; i < g->n_in && !names; i++)
        for (int k = 0; k < g->in[i].n && !names; k++) {
            const sdag_dataset *d = s->data[g->in[i].refs[k].node]; /* of the source that gives the labels */
            if (d && d->classes == n) names = d->class_names;
        }
    json_t *list = json_array();
    char text[16];
    for (int i = 0; i < n; i++) {
        snprintf(text, sizeof text, "%d", i);
        json_t *name = names ? json_string(names[i]) : NULL;
        json_array_append_new(list, name ? name : json_string(text));
    }
    return list;
}

void sdag_records_confusion(sdag_session *s, const sdag_probe *p)
{
    const sdag_confusion *m = &p->confusion;
    if (!s->records || m->full || !m->classes) return;
    json_t *file = s->records->files[FILE_CONFUSION], *counts = json_array();
    const char *node = s->graph->nodes[p->node].name, *phase = sdag_records_phase_name(s->records);
    for (int i = 0; i < m->classes; i++) {
        json_t *row = json_array();
        for (int k = 0; k < m->classes; k++)
            json_array_append_new(row, json_integer((json_int_t)m->counts[i * m->classes + k]));
        json_array_append_new(counts, row);
    }
    json_t *now = json_pack("{s:s, s:s, s:I, s:o, s:o}", "phase", phase, "node", node, "step", (json_int_t)s->step,
                            "classes", class_names(s, p), "counts", counts);
    json_t *was = sdag_records_entry(file, phase, node);
    if (was) json_object_update(was, now), json_decref(now);
    else json_array_append_new(file, now);
}

void sdag_records_moment(sdag_session *s, bool last)
{
    sdag_recorder *r = s->records;
    const double now = sdag_now();
    if (!r) return;
    if (!last && (now - r->written < seconds_between_files || r->spent + r->write_cost > share * (now - r->began)))
        return;
    if (r->task) sdag_arena_try(&r->arena, record_timing, r);
    path_args w = {r, last};
    sdag_arena_try(&r->arena, write_files, &w);
    r->written = sdag_now();
    r->write_cost = r->written - now;
    r->spent += r->write_cost;
}
