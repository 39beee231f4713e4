/* Which runs a sweep has: the product of what --set lists, each combination checked. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

/* The file as it stands, before what is typed. */
typedef struct tree {
    const sdag_spec *raw, *resolved;
    const sdag_graph *graph; /* NULL: the file is no whole pipeline without the sets */
} tree;

/* Is one value of this key a list? As the option is declared; where none is, as the file has it now. */
static bool takes_list(sdag_sweep *s, const tree *t, const sdag_spec_path *p)
{
    sdag_target to;
    sdag_target_find(&to, s->c, t->graph, t->resolved, p);
    if (to.opt && to.whole)
        return to.opt->kind == SDAG_OPT_INTS || to.opt->kind == SDAG_OPT_F32S || to.opt->kind == SDAG_OPT_STRS ||
               to.opt->kind == SDAG_OPT_RECORDS;
    const sdag_spec *now = value_at(t->raw, p);
    return now && now->kind == SDAG_SPEC_LIST;
}

static const char *line_of(sdag_sweep *s, const sdag_spec *v)
{
    sdag_str t = {.a = s->c->arena};
    sdag_str_add(&t, "");
    sdag_spec_print_line(&t, v);
    return t.at;
}

static sdag_status read_axis(sdag_sweep *s, const tree *t, int set, sdag_loc at)
{
    sdag_cli *c = s->c;
    const sdag_spec *v;
    sdag_spec_path path;
    const char *text = c->sets[set].value;
    sdag_status status = sdag_spec_path_find(&path, c->arena, c->log, t->raw, c->sets[set].path, at);
    if (status) return status;
    at.col = path.loc[path.n - 1].col + path.loc[path.n - 1].len + 1;
    status = sdag_spec_parse_at(&v, c->arena, c->log, at, text, strlen(text));
    if (status || v->kind != SDAG_SPEC_LIST) return status;
    if (takes_list(s, t, &path) && !(v->n && v->items[0]->kind == SDAG_SPEC_LIST)) return SDAG_OK;
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
    if (!status) status = sdag_cli_plugins(c, resolved);
    if (status) return status;
    for (int i = 0; i < c->n_sets; i++) sdag_str_addf(&typed, "%s=%s\n", c->sets[i].path, c->sets[i].value);
    if (c->n_sets) sdag_log_source(c->log, "--set", typed.at, typed.n);
    const tree t = {files.root, resolved, sdag_target_graph(c, s->file, 0)};
    s->axes = SDAG_NEWS(c->arena, sdag_sweep_axis, c->n_sets);
    for (int i = 0; i < c->n_sets && !status; i++, at.line++) status = read_axis(s, &t, i, at);
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
