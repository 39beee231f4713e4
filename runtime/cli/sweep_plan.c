/* Which runs a sweep has, and what is kept of it in DIR/sweep.json. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "core/base/alloc.h"

#include "core/base/file.h"
#include "runtime/cli/sweep.h"
#include "runtime/cli/target.h"

enum { SLUG_MAX = 100 };

/* ---- axes ---- */

static const sdag_spec *value_at(const sdag_spec *root, const sdag_spec_path *p)
{
    const sdag_spec *s = root, *let = sdag_spec_get(root, "let"), *to;
    for (int i = 0; i <= p->n && s; i++) {
        for (int hops = 0; hops < 32 && sdag_spec_ref(s) && (to = sdag_spec_get(let, sdag_spec_ref(s))); hops++) s = to;
        if (i == p->n) return s;
        int64_t at;
        if (s->kind == SDAG_SPEC_LIST) s = sdag_parse_i64(&at, p->key[i]) && at >= 0 && at < s->n ? s->items[at] : NULL;
        else s = sdag_spec_get(s, p->key[i]);
    }
    return NULL;
}

/* Is one value of this key a list? As the option is declared; where none is, as the file has it now. */
static bool takes_list(sdag_sweep *s, const sdag_spec *raw, const sdag_spec *resolved, const sdag_spec_path *p)
{
    sdag_target t;
    sdag_target_find(&t, s->c, resolved, p);
    if (t.opt && t.whole)
        return t.opt->kind == SDAG_OPT_INTS || t.opt->kind == SDAG_OPT_F32S || t.opt->kind == SDAG_OPT_STRS ||
               t.opt->kind == SDAG_OPT_RECORDS;
    const sdag_spec *now = value_at(raw, p);
    return now && now->kind == SDAG_SPEC_LIST;
}

static const char *line_of(sdag_sweep *s, const sdag_spec *v)
{
    sdag_str t = {.a = s->c->arena};
    sdag_str_add(&t, "");
    sdag_spec_print_line(&t, v);
    return t.at;
}

static sdag_status read_axis(sdag_sweep *s, const sdag_spec *raw, const sdag_spec *resolved, int set, sdag_loc at)
{
    sdag_cli *c = s->c;
    const sdag_spec *v;
    sdag_spec_path path;
    const char *text = c->sets[set].value;
    sdag_status status = sdag_spec_path_find(&path, c->arena, c->log, raw, c->sets[set].path, at);
    if (status) return status;
    at.col = path.loc[path.n - 1].col + path.loc[path.n - 1].len + 1;
    status = sdag_spec_parse_at(&v, c->arena, c->log, at, text, strlen(text));
    if (status || v->kind != SDAG_SPEC_LIST) return status;
    if (takes_list(s, raw, resolved, &path) && !(v->n && v->items[0]->kind == SDAG_SPEC_LIST)) return SDAG_OK;
    if (!v->n) return sdag_fail(c->log, SDAG_USAGE, at, "an empty list of values: there is nothing to run");
    sdag_sweep_axis *axis = &s->axes[s->n_axes++];
    *axis = (sdag_sweep_axis){c->sets[set].path, path.key[path.n - 1], set, NULL, v->n};
    axis->values = SDAG_NEWS(c->arena, const char *, v->n);
    for (int i = 0; i < v->n; i++) axis->values[i] = line_of(s, v->items[i]);
    return SDAG_OK;
}

/* The sets that are no list of values come first: what is swept may lie in what they put there. */
static sdag_status read_axes(sdag_sweep *s)
{
    sdag_cli *c = s->c;
    sdag_spec_files files;
    const sdag_spec *resolved;
    sdag_str typed = {.a = c->arena};
    sdag_loc at = {sdag_log_intern(c->log, "--set"), 1, 1, 0};
    sdag_status status = sdag_spec_load(&files, c->arena, c->log, s->file);
    if (!status) status = sdag_spec_resolve(&resolved, c->arena, c->log, files.root, NULL, 0);
    if (status) return status;
    for (int i = 0; i < c->n_sets; i++) sdag_str_addf(&typed, "%s=%s\n", c->sets[i].path, c->sets[i].value);
    if (c->n_sets) sdag_log_source(c->log, "--set", typed.at, typed.n);
    s->axes = SDAG_NEWS(c->arena, sdag_sweep_axis, c->n_sets);
    for (int i = 0; i < c->n_sets && !status; i++, at.line++) status = read_axis(s, files.root, resolved, i, at);
    if (status) return status;
    if (!s->n_axes)
        return sdag_fail(
            c->log, SDAG_USAGE, SDAG_NOLOC,
            "no --set lists values: --set optimizer.lr=[0.1, 0.03] (a key that takes a list: [[1, 2], [3]])");
    for (int i = 0; i < s->n_axes; i++) /* a last key that two axes share says too little */
        for (int k = 0; k < s->n_axes; k++)
            if (i != k && strcmp(s->axes[i].name, s->axes[k].name) == 0) s->axes[i].name = s->axes[i].path;
    return SDAG_OK;
}

/* The pipeline without what is swept: another one must not continue in DIR. */
static sdag_status read_config(sdag_sweep *s)
{
    sdag_spec_set fixed[SDAG_CLI_SETS];
    sdag_spec_files files;
    const sdag_spec *resolved;
    sdag_str text = {.a = s->c->arena};
    int n = 0;
    for (int i = 0; i < s->c->n_sets; i++) {
        bool swept = false;
        for (int k = 0; k < s->n_axes; k++) swept |= s->axes[k].set == i;
        if (!swept) fixed[n++] = s->c->sets[i];
    }
    sdag_log *quiet = sdag_log_create(NULL); /* what is wrong, the check of every run says */
    if (!quiet) return SDAG_NOMEM;
    sdag_str_add(&text, "");
    sdag_status status = sdag_spec_load(&files, s->c->arena, quiet, s->file);
    if (!status && !sdag_spec_resolve(&resolved, s->c->arena, quiet, files.root, fixed, n))
        sdag_spec_print(&text, resolved);
    sdag_log_destroy(quiet);
    s->config = text.at;
    return status;
}

/* ---- runs ---- */

static const char *slug_of(sdag_sweep *s, const sdag_sweep_run *r)
{
    sdag_str t = {.a = s->c->arena};
    for (int i = 0; i < s->n_axes; i++) {
        sdag_str_addf(&t, "%s%s=", i ? "," : "", s->axes[i].name);
        size_t from = t.n;
        for (const char *p = r->values[i]; *p; p++) {
            bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
            if (plain || strchr("._+-", *p)) sdag_str_addn(&t, p, 1);
            else if (t.n > from && t.at[t.n - 1] != '_') sdag_str_add(&t, "_");
        }
        if (t.n > from && t.at[t.n - 1] == '_') t.at[--t.n] = 0; /* "[8, 8]" -> "8_8" */
    }
    if (t.n > SLUG_MAX) t.at[SLUG_MAX] = 0;
    return t.at;
}

static const char *label_of(sdag_sweep *s, const sdag_sweep_run *r)
{
    sdag_str label = {.a = s->c->arena};
    for (int i = 0; i < s->n_axes; i++) sdag_str_addf(&label, "%s%s=%s", i ? " " : "", s->axes[i].name, r->values[i]);
    return label.at;
}

static void name_folder(sdag_sweep *s, sdag_sweep_run *r, int n_before)
{
    const char *slug = slug_of(s, r), *dir = sdag_path_join(s->c->arena, s->dir, slug);
    bool taken = true;
    for (int k = 2; taken; k++) { /* two values may differ in what no name of a folder holds */
        taken = false;
        for (int i = 0; i < n_before && !taken; i++) taken = strcmp(s->runs[i].dir, dir) == 0;
        if (taken) dir = sdag_path_join(s->c->arena, s->dir, sdag_arena_printf(s->c->arena, "%s-%d", slug, k));
    }
    r->dir = dir;
}

/* The product, the last axis fastest. */
static sdag_status make_runs(sdag_sweep *s)
{
    int64_t n = 1;
    for (int i = 0; i < s->n_axes; i++) {
        n *= s->axes[i].n;
        if (n > SDAG_SWEEP_RUNS_MAX)
            return sdag_fail(s->c->log, SDAG_USAGE, SDAG_NOLOC, "more than %d runs", SDAG_SWEEP_RUNS_MAX);
    }
    s->n_runs = (int)n;
    s->runs = SDAG_NEWS(s->c->arena, sdag_sweep_run, n);
    for (int i = 0; i < s->n_runs; i++) {
        sdag_sweep_run *r = &s->runs[i];
        r->code = -1;
        r->values = SDAG_NEWS(s->c->arena, const char *, s->n_axes);
        for (int k = s->n_axes - 1, rest = i; k >= 0; rest /= s->axes[k].n, k--)
            r->values[k] = s->axes[k].values[rest % s->axes[k].n];
        r->label = label_of(s, r);
    }
    return SDAG_OK;
}

void sdag_sweep_sets(sdag_spec_set *out, const sdag_sweep *s, const sdag_sweep_run *r)
{
    memcpy(out, s->c->sets, (size_t)s->c->n_sets * sizeof *out);
    for (int i = 0; i < s->n_axes; i++) out[s->axes[i].set].value = r->values[i];
}

typedef struct checked {
    const sdag_sweep *s;
    const sdag_sweep_run *r;
    sdag_arena *arena;
} checked;

static sdag_status check_run(void *arg)
{
    const checked *k = arg;
    sdag_cli c = *k->s->c;
    sdag_graph *g;
    c.arena = k->arena;
    sdag_sweep_sets(c.sets, k->s, k->r);
    sdag_status status = sdag_cli_load(&g, NULL, &c, k->s->file);
    return status ? status : sdag_cli_check_graph(&c, g, NULL);
}

static sdag_status check_runs(const sdag_sweep *s)
{
    sdag_status status = SDAG_OK;
    for (int i = 0; i < s->n_runs && !status; i++) {
        sdag_arena a;
        sdag_arena_init(&a);
        status = sdag_arena_try(&a, check_run, &(checked){s, &s->runs[i], &a});
        sdag_arena_free(&a);
        if (status && status != SDAG_NOMEM) sdag_log_add(s->c->log, SDAG_NOTE, SDAG_NOLOC, "with %s", s->runs[i].label);
    }
    return status;
}

/* runs/NAME/sweep-TIME when no --out is given; and the folders of the runs in it. */
static sdag_status name_dirs(sdag_sweep *s)
{
    char when[32];
    time_t now = time(NULL);
    struct tm tm;
    sdag_graph *g;
    sdag_cli c = *s->c;
    s->dir = c.out;
    if (!s->dir) {
        sdag_sweep_sets(c.sets, s, &s->runs[0]);
        sdag_status status = sdag_cli_load(&g, NULL, &c, s->file);
        if (status) return status;
        strftime(when, sizeof when, "%Y-%m-%d-%H%M%S", localtime_r(&now, &tm));
        s->dir = sdag_arena_printf(c.arena, "runs/%s/sweep-%s", g->name, when);
        for (int i = 2; access(s->dir, F_OK) == 0 && i < 1000; i++)
            s->dir = sdag_arena_printf(c.arena, "runs/%s/sweep-%s-%d", g->name, when, i);
    }
    for (int i = 0; i < s->n_runs; i++) name_folder(s, &s->runs[i], i);
    return SDAG_OK;
}

sdag_status sdag_sweep_plan(sdag_sweep *s, sdag_cli *c)
{
    *s = (sdag_sweep){.c = c, .file = c->args[0]};
    sdag_status status = read_axes(s);
    if (!status) status = read_config(s);
    if (!status) status = make_runs(s);
    if (!status) status = check_runs(s);
    return status ? status : name_dirs(s);
}

/* ---- DIR/sweep.json ---- */

static json_t *keys_json(const sdag_sweep *s)
{
    json_t *j = json_object();
    for (int i = 0; i < s->n_axes; i++) {
        json_t *values = json_array();
        for (int k = 0; k < s->axes[i].n; k++) json_array_append_new(values, json_string(s->axes[i].values[k]));
        json_object_set_new(j, s->axes[i].path, values);
    }
    return j;
}

static const char *state_path(const sdag_sweep *s) { return sdag_path_join(s->c->arena, s->dir, "sweep.json"); }

static sdag_status out_of_memory(void *json)
{
    json_decref(json);
    return SDAG_NOMEM;
}

sdag_status sdag_sweep_save(const sdag_sweep *s)
{
    json_t *runs = json_array();
    json_t *j = json_pack("{s:i, s:s, s:o, s:s, s:o}", "version", 1, "file", s->file, "keys", keys_json(s), "config",
                          s->config, "runs", runs);
    if (!j) return out_of_memory(j);
    for (int i = 0; i < s->n_runs; i++) {
        const sdag_sweep_run *r = &s->runs[i];
        json_t *one = json_pack("{s:s, s:s}", "folder", strrchr(r->dir, '/') + 1, "values", r->label);
        if (one && r->code >= 0) json_object_set_new(one, "code", json_integer(r->code));
        json_array_append_new(runs, one);
    }
    char *text = json_dumps(j, JSON_INDENT(2));
    if (!text) return out_of_memory(j);
    sdag_outfile o;
    sdag_status status = sdag_out_open(&o, s->c->log, state_path(s));
    if (!status) {
        sdag_out_write(&o, text, strlen(text));
        sdag_out_write(&o, "\n", 1);
        status = sdag_out_commit(&o, s->c->log);
    }
    sdag_free(text);
    json_decref(j);
    return status;
}

/* How the runs of the same sweep ended; what failed otherwise than by diverging is tried again. */
static sdag_status read_state(sdag_sweep *s, const json_t *j)
{
    json_t *keys = keys_json(s);
    const char *config = json_string_value(json_object_get(j, "config"));
    bool same = keys && json_equal(json_object_get(j, "keys"), keys) && config && strcmp(config, s->config) == 0;
    json_decref(keys);
    if (!same)
        return sdag_fail(s->c->log, SDAG_USAGE, SDAG_NOLOC,
                         "%s holds another sweep: its pipeline or its values differ; give another --out", s->dir);
    const json_t *runs = json_object_get(j, "runs");
    for (int i = 0; i < s->n_runs; i++) {
        const json_t *code = json_object_get(json_array_get(runs, (size_t)i), "code");
        int ended = (int)json_integer_value(code);
        if (code && (ended == 0 || ended == sdag_exit_code(SDAG_DIVERGED))) s->runs[i].code = ended;
    }
    return SDAG_OK;
}

sdag_status sdag_sweep_open(sdag_sweep *s)
{
    json_error_t e;
    const char *path = state_path(s);
    if (access(path, F_OK) == 0) {
        json_t *j = json_load_file(path, 0, &e);
        sdag_status status = j ? read_state(s, j) : sdag_fail(s->c->log, SDAG_IO, SDAG_NOLOC, "%s: %s", path, e.text);
        json_decref(j);
        return status;
    }
    if (access(s->dir, F_OK) == 0 && rmdir(s->dir) != 0) /* an empty folder may be there */
        return sdag_fail(s->c->log, SDAG_USAGE, SDAG_NOLOC, "%s exists and holds no sweep: give another --out", s->dir);
    sdag_status status = sdag_make_dirs(s->c->log, SDAG_NOLOC, s->dir);
    return status ? status : sdag_sweep_save(s);
}
