/* What came out of the runs of a sweep: a table, sweep.csv, sweep.html; over seeds mean and standard deviation. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "core/base/alloc.h"

#include "core/base/file.h"
#include "runtime/cli/sweep.h"
#include "runtime/report/compare.h"

enum { COLUMNS = 100 };

typedef struct results {
    const sdag_sweep *s;
    sdag_map names; /* "pretrain.loss", in the order in which they come */
    double *values; /* [run][metric], NAN: none */
    int n;
    int seed; /* the axis `seed`, -1 */
} results;

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
    results *r;
    int run;
} taking;

static const char *metric_name(results *r, const char *phase, const char *name)
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

static void read_results(results *r)
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

static bool same_group(const results *r, int a, int b)
{
    for (int k = 0; k < r->s->n_axes; k++)
        if (k != r->seed && strcmp(r->s->runs[a].values[k], r->s->runs[b].values[k]) != 0) return false;
    return true;
}

static bool is_first(const results *r, int run)
{
    for (int i = 0; i < run; i++)
        if (same_group(r, i, run)) return false;
    return true;
}

/* Over the finished runs of the group; sd with n - 1, NAN for one run. */
static int mean_of(const results *r, int run, int metric, double *mean, double *sd)
{
    double sum = 0, square = 0;
    int n = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < r->s->n_runs; i++) {
            double v = r->values[i * r->n + metric];
            if (!same_group(r, i, run) || isnan(v)) continue;
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

/* ---- the table ---- */

typedef struct table {
    sdag_arena *a;
    int rows, columns;
    const char **cells; /* [row][column], the first row is the head */
} table;

static void cell(table *t, int row, int column, const char *text) { t->cells[row * t->columns + column] = text; }

static int width_of(const table *t, int column)
{
    int w = 0;
    for (int i = 0; i < t->rows; i++) {
        int n = 0;
        for (const char *p = t->cells[i * t->columns + column]; p && *p; p++) n += ((unsigned char)*p & 0xc0) != 0x80;
        if (n > w) w = n;
    }
    return w;
}

static void put_cell(sdag_str *s, const table *t, int row, int column, bool right)
{
    const char *text = t->cells[row * t->columns + column];
    int n = 0, w = width_of(t, column);
    for (const char *p = text ? text : ""; *p; p++) n += ((unsigned char)*p & 0xc0) != 0x80;
    sdag_str_addf(s, "%*s%s%*s", right ? w - n : 0, "", text ? text : "", right ? 0 : w - n, "");
}

/* As many columns side by side as fit; the first `keys` are repeated in every part. */
static void table_write(sdag_str *s, const table *t, int keys)
{
    for (int from = keys; from < t->columns;) {
        int width = 0, to = from;
        for (int k = 0; k < keys; k++) width += width_of(t, k) + 2;
        while (to < t->columns && (to == from || width + width_of(t, to) <= COLUMNS)) width += width_of(t, to++) + 2;
        for (int i = 0; i < t->rows; i++) {
            for (int k = 0; k < keys; k++) {
                put_cell(s, t, i, k, false);
                sdag_str_add(s, "  ");
            }
            for (int k = from; k < to; k++) {
                put_cell(s, t, i, k, true);
                sdag_str_add(s, k + 1 < to ? "  " : "");
            }
            sdag_str_add(s, "\n");
        }
        from = to;
        if (from < t->columns) sdag_str_add(s, "\n");
    }
}

static const char *number(sdag_arena *a, double v) { return isnan(v) ? "-" : sdag_arena_printf(a, "%.4g", v); }

/* Times are in sweep.csv. */
static bool is_shown(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot && strcmp(dot + 1, "seconds") != 0;
}

static const char *outcome(sdag_arena *a, int code)
{
    if (code == sdag_exit_code(SDAG_DIVERGED)) return "diverged";
    return code < 0 ? "not run" : sdag_arena_printf(a, "failed: %d", code);
}

static void results_text(sdag_str *s, const results *r)
{
    sdag_arena *a = s->a;
    const sdag_sweep *w = r->s;
    int keys = 0, rows = 1, failed = 0, shown = 0;
    for (int i = 0; i < w->n_runs; i++) {
        rows += is_first(r, i);
        failed += w->runs[i].code != 0;
    }
    for (int m = 0; m < r->n; m++) shown += is_shown(sdag_map_key(&r->names, m));
    table t = {a, rows, w->n_axes + 1 + shown + 1, NULL};
    t.cells = SDAG_NEWS(a, const char *, (size_t)t.rows *(size_t)t.columns);
    for (int k = 0; k < w->n_axes; k++)
        if (k != r->seed) cell(&t, 0, keys++, w->axes[k].name);
    cell(&t, 0, keys++, r->seed >= 0 ? "runs" : "");
    for (int i = 0, row = 1; i < w->n_runs; i++) {
        if (!is_first(r, i)) continue;
        int k = 0, n = 0;
        for (int x = 0; x < w->n_axes; x++)
            if (x != r->seed) cell(&t, row, k++, w->runs[i].values[x]);
        for (int j = 0; j < w->n_runs; j++) n += same_group(r, i, j) && w->runs[j].code == 0;
        cell(&t, row, k++,
             r->seed >= 0      ? sdag_arena_printf(a, "%d", n)
             : w->runs[i].code ? outcome(a, w->runs[i].code)
                               : "");
        for (int m = 0; m < r->n; m++) {
            double mean, sd;
            const char *name = sdag_map_key(&r->names, m);
            if (!is_shown(name)) continue;
            mean_of(r, i, m, &mean, &sd);
            cell(&t, 0, k, name);
            cell(&t, row, k++, isnan(sd) ? number(a, mean) : sdag_arena_printf(a, "%s ± %.2g", number(a, mean), sd));
        }
        row++;
    }
    t.columns = w->n_axes + 1 + shown + 1;
    table visible = t;
    visible.columns = keys + shown;
    visible.cells = SDAG_NEWS(a, const char *, (size_t)t.rows *(size_t)visible.columns + 1);
    for (int i = 0; i < t.rows; i++)
        for (int k = 0; k < visible.columns; k++) visible.cells[i * visible.columns + k] = t.cells[i * t.columns + k];
    table_write(s, &visible, keys);
    if (r->seed >= 0) sdag_str_add(s, "\nmean ± standard deviation over the seeds\n");
    for (int i = 0; i < w->n_runs && failed; i++)
        if (w->runs[i].code != 0) sdag_str_addf(s, "%s: %s\n", w->runs[i].label, outcome(a, w->runs[i].code));
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

static sdag_status write_csv(const results *r)
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
    int n = 0;
    for (int i = 0; i < s->n_runs; i++) {
        if (s->runs[i].code != 0) continue;
        dirs[n] = s->runs[i].dir;
        labels[n++] = s->runs[i].label;
    }
    if (!n) return SDAG_OK;
    return sdag_compare_write(s->c->arena, s->c->log, dirs, labels, n,
                              sdag_path_join(s->c->arena, s->dir, "sweep.html"));
}

static sdag_status print_json(const results *r)
{
    const sdag_sweep *w = r->s;
    json_t *runs = json_array(), *groups = json_array();
    for (int i = 0; i < w->n_runs; i++) {
        json_t *values = json_object(), *metrics = json_object();
        for (int k = 0; k < w->n_axes; k++)
            json_object_set_new(values, w->axes[k].path, json_string(w->runs[i].values[k]));
        json_t *group = json_pack("{s:O}", "values", values), *mean_sd = json_object();
        if (r->seed >= 0) json_object_del(json_object_get(group, "values"), w->axes[r->seed].path);
        for (int m = 0; m < r->n; m++) {
            double mean, sd, v = r->values[i * r->n + m];
            int n = mean_of(r, i, m, &mean, &sd);
            if (!isnan(v)) json_object_set_new(metrics, sdag_map_key(&r->names, m), json_real(v));
            if (n)
                json_object_set_new(
                    mean_sd, sdag_map_key(&r->names, m),
                    json_pack("{s:f, s:o, s:i}", "mean", mean, "sd", isnan(sd) ? json_null() : json_real(sd), "n", n));
        }
        json_object_set_new(group, "metrics", mean_sd);
        if (r->seed >= 0 && is_first(r, i)) json_array_append(groups, group);
        json_decref(group);
        json_t *code = w->runs[i].code < 0 ? json_null() : json_integer(w->runs[i].code);
        json_t *all = json_object();
        for (int k = 0; k < w->n_axes; k++)
            json_object_set_new(all, w->axes[k].path, json_string(w->runs[i].values[k]));
        json_array_append_new(runs, json_pack("{s:o, s:s, s:o, s:o}", "values", all, "folder", w->runs[i].dir, "code",
                                              code, "metrics", metrics));
        json_decref(values);
    }
    json_t *j = json_pack("{s:s, s:o}", "folder", w->dir, "runs", runs);
    if (r->seed >= 0) json_object_set_new(j, "over_seeds", groups);
    else json_decref(groups);
    char *text = j ? json_dumps(j, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(j);
    if (!text) return SDAG_NOMEM;
    sdag_status status = sdag_cli_print(w->c, sdag_arena_printf(w->c->arena, "%s\n", text));
    sdag_free(text);
    return status;
}

sdag_status sdag_sweep_results(const sdag_sweep *s)
{
    results r = {.s = s, .names = {.a = s->c->arena}, .seed = -1};
    sdag_str text = {.a = s->c->arena};
    for (int k = 0; k < s->n_axes; k++)
        if (strcmp(s->axes[k].path, "seed") == 0 && s->axes[k].n > 1) r.seed = k;
    read_results(&r);
    sdag_status status = write_csv(&r);
    if (!status) status = write_page(s);
    if (status || s->c->json) return status ? status : print_json(&r);
    results_text(&text, &r);
    sdag_str_addf(&text, "results in %s\n", s->dir);
    return sdag_cli_print(s->c, text.at);
}
