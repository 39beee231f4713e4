/* The comparison as a table of text, and as JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/io/json_memory.h"
#include "core/io/json_text.h"
#include "runtime/report/compare.h"
#include "runtime/report/runs.h"

enum { WIDE_MAX = 8 /* runs side by side; more stand below each other */, CELL_MAX = 28 };

/* A table of text: columns as wide as their widest cell, the first to the left, numbers to the right. */
typedef struct grid {
    const char **cell; /* [rows][columns]; NULL: a dash */
    int rows, columns;
} grid;

static grid grid_make(sdag_arena *a, int rows, int columns)
{
    return (grid){SDAG_NEWS(a, const char *, (size_t)rows *(size_t)columns), rows, columns};
}

static const char **at(const grid *g, int row, int column) { return &g->cell[(size_t)row * g->columns + column]; }

/* Characters, as far as a terminal shows one a code point. */
static int width(const char *text)
{
    int n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* Control characters would let a name draw on the terminal; a long text would push the others away. */
static const char *clean(sdag_arena *a, const char *text, int most)
{
    char *t = sdag_arena_str(a, text), *p = t;
    int n = 0;
    for (; *p; p++) {
        if ((unsigned char)*p < 32 || *p == 127) *p = ' ';
        if (((unsigned char)*p & 0xc0) != 0x80 && ++n > most) break;
    }
    if (!*p) return t;
    *p = 0;
    return sdag_arena_printf(a, "%s\xe2\x80\xa6", t);
}

static void grid_print(sdag_str *s, const grid *g)
{
    int *w = SDAG_NEWS(s->a, int, g->columns);
    for (int i = 0; i < g->rows; i++)
        for (int k = 0; k < g->columns; k++) {
            int n = *at(g, i, k) ? width(*at(g, i, k)) : 1;
            if (n > w[k]) w[k] = n;
        }
    for (int i = 0; i < g->rows; i++) {
        for (int k = 0; k < g->columns; k++) {
            const char *text = *at(g, i, k) ? *at(g, i, k) : "-";
            int room = w[k] - width(text);
            if (k) sdag_str_addf(s, "  %*s%s", room, "", text);
            else sdag_str_addf(s, "%s%*s", text, g->columns > 1 ? room : 0, "");
        }
        sdag_str_add(s, "\n");
    }
}

static const char *value_text(sdag_arena *a, double v) { return isfinite(v) ? sdag_arena_printf(a, "%.6g", v) : NULL; }

static const char *metric_name(sdag_arena *a, const sdag_runs_metric *m)
{
    return clean(a, sdag_arena_printf(a, "%s.%s", m->phase, m->name), 3 * CELL_MAX);
}

/* What the runs reached, and what differs in their files: a row a thing and a column a run, or the other way round. */
static grid fill(const sdag_runs *r, bool below)
{
    sdag_arena *a = r->a;
    int things = 1 + r->n_metrics + r->n_diffs;
    grid g = below ? grid_make(a, r->n + 1, things + 1) : grid_make(a, things + 1, r->n + 1);
    for (int t = 0; t <= things; t++)
        for (int i = -1; i < r->n; i++) {
            const char *text = NULL;
            const sdag_runs_metric *m = t > 1 && t - 2 < r->n_metrics ? &r->metrics[t - 2] : NULL;
            const sdag_runs_diff *d = t > 1 && !m ? &r->diffs[t - 2 - r->n_metrics] : NULL;
            if (t == 0) text = i < 0 ? "" : clean(a, r->label[i], CELL_MAX);
            else if (t == 1) text = i < 0 ? "state" : sdag_folder_state(r->run[i]);
            else if (m) text = i < 0 ? metric_name(a, m) : value_text(a, m->value[i]);
            else if (i < 0) text = clean(a, d->path, 3 * CELL_MAX);
            else text = d->text[i] ? clean(a, d->text[i], CELL_MAX) : NULL;
            *(below ? at(&g, i + 1, t) : at(&g, t, i + 1)) = text;
        }
    return g;
}

typedef struct job {
    sdag_str *s;
    sdag_arena *a;
    sdag_log *log;
    const char *const *dirs, *const *labels;
    int n;
} job;

static sdag_status write_table(void *arg)
{
    job *j = arg;
    sdag_runs r;
    sdag_status status = sdag_runs_read(&r, j->a, j->log, j->dirs, j->labels, j->n);
    if (status) return status;
    grid g = fill(&r, j->n > WIDE_MAX);
    grid_print(j->s, &g);
    if (r.more_diffs) sdag_str_addf(j->s, "and %d more keys of the configs that differ\n", r.more_diffs);
    return SDAG_OK;
}

sdag_status sdag_compare_table(sdag_str *s, sdag_arena *a, sdag_log *log, const char *const *dirs,
                               const char *const *labels, int n)
{
    return sdag_arena_try(a, write_table, &(job){s, a, log, dirs, labels, n});
}

/* ---- JSON */

static json_t *runs_json(const sdag_runs *r)
{
    json_t *list = json_array();
    for (int i = 0; i < r->n; i++)
        json_array_append_new(list, json_pack("{s:o, s:o, s:s, s:s}", "label", sdag_json_text(r->label[i]), "dir",
                                              sdag_json_text(r->run[i]->dir), "name", r->run[i]->name, "state",
                                              sdag_folder_state(r->run[i])));
    return list;
}

static json_t *metrics_json(const sdag_runs *r)
{
    json_t *list = json_array();
    for (int m = 0; m < r->n_metrics; m++) {
        json_t *values = json_array();
        for (int i = 0; i < r->n; i++) {
            double v = r->metrics[m].value[i];
            json_array_append_new(values, isfinite(v) ? json_real(v) : json_null());
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "phase", r->metrics[m].phase, "metric",
                                              r->metrics[m].name, "values", values));
    }
    return list;
}

static json_t *diffs_json(const sdag_runs *r)
{
    json_t *list = json_array();
    for (int d = 0; d < r->n_diffs; d++) {
        json_t *values = json_array();
        for (int i = 0; i < r->n; i++) json_array_append_new(values, json_pack("s?", r->diffs[d].text[i]));
        json_array_append_new(list, json_pack("{s:s, s:o}", "path", r->diffs[d].path, "values", values));
    }
    return list;
}

static void release_text(void *p) { free(p); }

static sdag_status write_json(void *arg)
{
    job *j = arg;
    sdag_runs r;
    sdag_status status = sdag_runs_read(&r, j->a, j->log, j->dirs, j->labels, j->n);
    if (status) return status;
    sdag_json_begin();
    json_t *o =
        json_pack("{s:o, s:o, s:o}", "runs", runs_json(&r), "metrics", metrics_json(&r), "config", diffs_json(&r));
    char *text = o ? json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(o);
    if (!text || sdag_json_starved()) {
        free(text);
        return SDAG_NOMEM;
    }
    sdag_arena_defer(j->a, release_text, text);
    sdag_str_addf(j->s, "%s\n", text);
    return SDAG_OK;
}

sdag_status sdag_compare_json(sdag_str *s, sdag_arena *a, sdag_log *log, const char *const *dirs,
                              const char *const *labels, int n)
{
    return sdag_arena_try(a, write_json, &(job){s, a, log, dirs, labels, n});
}
