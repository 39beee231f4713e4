/* The files of the records: trees of JSON that are read back when a run goes on, and written again and again. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/file.h"
#include "core/base/rng.h"
#include "runtime/records/env.h"
#include "runtime/records/parts.h"

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
    [FILE_ENV] = {"report/env.json", false, JSON_INDENT(1) | JSON_REAL_PRECISION(6)},
};

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

/* Once a run: with what the silent log heard last, which names the file. */
static void warn(sdag_recorder *r, const char *path)
{
    const int n = sdag_log_count(r->silent);
    if (!r->warned)
        sdag_log_add(r->session->log, SDAG_WARNING, SDAG_NOLOC, "%s: the run goes on, its report will lack something",
                     n ? sdag_log_at(r->silent, n - 1)->text : path);
    r->warned = true;
}

static void write_file(sdag_recorder *r, int k, const char *path)
{
    char *text = r->files[k] ? json_dumps(r->files[k], kinds[k].flags) : NULL;
    const uint32_t hash = text ? sdag_hash32(text) : 0;
    sdag_outfile o;
    if (text && hash == r->hashes[k]) {
        free(text); /* as it stands there */
        return;
    }
    r->hashes[k] = hash;
    if (!text || sdag_out_open(&o, r->silent, path)) warn(r, path);
    else {
        o.loose = true; /* a torn disk may have it: it is read back with care */
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

typedef struct write_args {
    sdag_recorder *r;
    bool finished;
} write_args;

static sdag_status write_all(void *arg)
{
    const write_args *w = arg;
    sdag_recorder *r = w->r;
    json_t *env = r->files[FILE_ENV];
    char text[32];
    if (w->finished) json_object_set_new(env, "finished", json_string(now_text(text)));
    json_object_set_new(env, "seconds", json_real(sdag_now() - r->began));
    json_object_set_new(env, "seconds_for_report", json_real(r->spent));
    for (int k = 0; k < FILES; k++)
        write_file(r, k, sdag_arena_printf(&r->scratch, "%s/%s", r->session->options->out_dir, kinds[k].name));
    return SDAG_OK;
}

void sdag_records_write(sdag_recorder *r, bool last)
{
    write_args w = {r, last};
    sdag_arena_try(&r->scratch, write_all, &w);
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
    json_object_del(env, "graphviz"); /* what could be drawn is of no interest here */
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

bool sdag_records_read(sdag_recorder *r, const sdag_cursor *at)
{
    open_args o = {r, at};
    return !sdag_arena_try(&r->arena, read_all, &o);
}
