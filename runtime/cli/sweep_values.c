/* What came out of the runs of a sweep: read from their folders; sweep.csv and sweep.html. */
#include "runtime/cli/sweep_values.h"

#include <math.h>
#include <string.h>

#include <jansson.h>

#include "core/base/file.h"
#include "runtime/report/compare.h"

/* ---- reading ---- */

static void each_value(const json_t *root, void (*take)(void *ctx, const char *phase, const char *name, double v),
                       void *ctx)
{
    json_t *phases = json_object_get(root, "phases"), *phase, *value;
    const char *phase_name, *name;
    json_object_foreach(phases, phase_name, phase) json_object_foreach(phase, name, value) if (json_is_number(value))
        take(ctx, phase_name, name, json_number_value(value));
}

typedef struct taking {
    sdag_sweep_values *r;
    int run;
} taking;

static const char *metric_name(sdag_sweep_values *r, const char *phase, const char *name)
{
    return sdag_arena_printf(r->s->c->arena, "%s.%s", phase, name);
}

static void take_name(void *ctx, const char *phase, const char *name, double v)
{
    taking *t = ctx;
    (void)v;
    sdag_map_put(&t->r->names, metric_name(t->r, phase, name), t->r->names.n);
}

static void take_value(void *ctx, const char *phase, const char *name, double v)
{
    taking *t = ctx;
    int m = sdag_map_get(&t->r->names, metric_name(t->r, phase, name));
    if (m >= 0) t->r->values[t->run * t->r->n + m] = v;
}

static void read_results(sdag_sweep_values *r)
{
    const sdag_sweep *s = r->s;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < s->n_runs; i++) {
            if (s->runs[i].code != 0) continue;
            json_t *j = json_load_file(sdag_arena_printf(s->c->arena, "%s/summary.json", s->runs[i].dir), 0, NULL);
            each_value(j, pass ? take_value : take_name, &(taking){r, i});
            json_decref(j);
        }
        if (pass) break;
        r->n = r->names.n;
        r->values = SDAG_NEWS(s->c->arena, double, (size_t)s->n_runs *(size_t)(r->n + 1));
        for (int i = 0; i < s->n_runs * r->n; i++) r->values[i] = NAN;
    }
}

/* ---- groups: runs that differ in their seed alone ---- */

bool sdag_sweep_same_group(const sdag_sweep_values *r, int a, int b)
{
    for (int k = 0; k < r->s->n_axes; k++)
        if (k != r->seed && strcmp(r->s->runs[a].values[k], r->s->runs[b].values[k]) != 0) return false;
    return true;
}

bool sdag_sweep_is_first(const sdag_sweep_values *r, int run)
{
    for (int i = 0; i < run; i++)
        if (sdag_sweep_same_group(r, i, run)) return false;
    return true;
}

int sdag_sweep_mean(const sdag_sweep_values *r, int run, int metric, double *mean, double *sd)
{
    double sum = 0, square = 0;
    int n = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < r->s->n_runs; i++) {
            double v = r->values[i * r->n + metric];
            if (!sdag_sweep_same_group(r, i, run) || isnan(v)) continue;
            if (pass) square += (v - *mean) * (v - *mean);
            else {
                sum += v;
                *mean = sum / ++n;
            }
        }
    *sd = n > 1 ? sqrt(square / (n - 1)) : NAN;
    if (!n) *mean = NAN;
    return n;
}

/* ---- files ---- */

static void csv_text(sdag_str *s, const char *text)
{
    if (!strpbrk(text, ",\"\n")) {
        sdag_str_add(s, text);
        return;
    }
    sdag_str_add(s, "\"");
    for (const char *p = text; *p; p++) sdag_str_addf(s, *p == '"' ? "\"%c" : "%c", *p);
    sdag_str_add(s, "\"");
}

static sdag_status write_csv(const sdag_sweep_values *r)
{
    const sdag_sweep *w = r->s;
    sdag_str s = {.a = w->c->arena};
    for (int k = 0; k < w->n_axes; k++) {
        csv_text(&s, w->axes[k].name);
        sdag_str_add(&s, ",");
    }
    sdag_str_add(&s, "folder,code");
    for (int m = 0; m < r->n; m++) {
        sdag_str_add(&s, ",");
        csv_text(&s, sdag_map_key(&r->names, m));
    }
    for (int i = 0; i < w->n_runs; i++) {
        sdag_str_add(&s, "\n");
        for (int k = 0; k < w->n_axes; k++) {
            csv_text(&s, w->runs[i].values[k]);
            sdag_str_add(&s, ",");
        }
        csv_text(&s, strrchr(w->runs[i].dir, '/') + 1);
        sdag_str_addf(&s, w->runs[i].code < 0 ? "," : ",%d", w->runs[i].code);
        for (int m = 0; m < r->n; m++) {
            double v = r->values[i * r->n + m];
            sdag_str_addf(&s, isnan(v) ? "," : ",%.9g", v);
        }
    }
    sdag_str_add(&s, "\n");
    sdag_outfile o;
    sdag_status status = sdag_out_open(&o, w->c->log, sdag_path_join(w->c->arena, w->dir, "sweep.csv"));
    if (status) return status;
    sdag_out_write(&o, s.at, s.n);
    return sdag_out_commit(&o, w->c->log);
}

static sdag_status write_page(const sdag_sweep *s)
{
    const char **dirs = SDAG_NEWS(s->c->arena, const char *, s->n_runs),
               **labels = SDAG_NEWS(s->c->arena, const char *, s->n_runs);
    sdag_str missing = {.a = s->c->arena};
    int n = 0;
    sdag_sweep_missing(&missing, s, ". ");
    for (int i = 0; i < s->n_runs; i++) {
        if (s->runs[i].code != 0) continue;
        dirs[n] = s->runs[i].dir;
        labels[n++] = s->runs[i].label;
    }
    if (!n) return SDAG_OK;
    return sdag_compare_write(s->c->arena, s->c->log, dirs, labels, n, missing.n ? missing.at : NULL,
                              sdag_path_join(s->c->arena, s->dir, "sweep.html"));
}

sdag_status sdag_sweep_results(const sdag_sweep *s)
{
    sdag_sweep_values r = {.s = s, .names = {.a = s->c->arena}, .seed = -1};
    sdag_str text = {.a = s->c->arena};
    for (int k = 0; k < s->n_axes; k++)
        if (strcmp(s->axes[k].path, "seed") == 0 && s->axes[k].n > 1) r.seed = k;
    read_results(&r);
    sdag_status status = write_csv(&r);
    if (!status) status = write_page(s);
    if (status || s->c->json) return status ? status : sdag_sweep_json(&r);
    sdag_sweep_table(&text, &r);
    sdag_str_addf(&text, "results in %s\n", s->dir);
    return sdag_cli_print(s->c, text.at);
}
