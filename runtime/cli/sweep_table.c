/* The results of a sweep as a table; over seeds mean and standard deviation. */
#include <math.h>
#include <string.h>

#include "runtime/cli/sweep_values.h"

enum { COLUMNS = 100 };

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
    for (int from = keys, parts = 0; from < t->columns || !parts; parts++) {
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

/* Runs that are done, of a group; what became of a single one. */
static const char *state_of(sdag_arena *a, const sdag_sweep_values *r, int run)
{
    int n = 0;
    if (r->seed < 0) return r->s->runs[run].code ? outcome(a, r->s->runs[run].code) : "";
    for (int i = 0; i < r->s->n_runs; i++) n += sdag_sweep_same_group(r, run, i) && r->s->runs[i].code == 0;
    return sdag_arena_printf(a, "%d", n);
}

/* A row a group: its values, its state, its metrics. */
static void fill_row(table *t, const sdag_sweep_values *r, int run, int row)
{
    int k = 0;
    for (int x = 0; x < r->s->n_axes; x++) {
        if (x == r->seed) continue;
        cell(t, 0, k, r->s->axes[x].name);
        cell(t, row, k++, r->s->runs[run].values[x]);
    }
    cell(t, 0, k, r->seed >= 0 ? "runs" : "");
    cell(t, row, k++, state_of(t->a, r, run));
    for (int m = 0; m < r->n; m++) {
        double mean, sd;
        const char *name = sdag_map_key(&r->names, m);
        if (!is_shown(name)) continue;
        sdag_sweep_mean(r, run, m, &mean, &sd);
        cell(t, 0, k, name);
        cell(t, row, k++,
             isnan(sd) ? number(t->a, mean) : sdag_arena_printf(t->a, "%s ± %.2g", number(t->a, mean), sd));
    }
}

void sdag_sweep_table(sdag_str *s, const sdag_sweep_values *r)
{
    const sdag_sweep *w = r->s;
    const int keys = w->n_axes - (r->seed >= 0) + 1;
    table t = {.a = s->a, .rows = 1, .columns = keys};
    for (int i = 0; i < w->n_runs; i++) t.rows += sdag_sweep_is_first(r, i);
    for (int m = 0; m < r->n; m++) t.columns += is_shown(sdag_map_key(&r->names, m));
    t.cells = SDAG_NEWS(s->a, const char *, (size_t)t.rows *(size_t)t.columns);
    for (int i = 0, row = 1; i < w->n_runs; i++)
        if (sdag_sweep_is_first(r, i)) fill_row(&t, r, i, row++);
    table_write(s, &t, keys);
    if (r->seed >= 0) sdag_str_add(s, "\nmean ± standard deviation over the seeds\n");
    sdag_sweep_missing(s, w, "\n");
}

void sdag_sweep_missing(sdag_str *s, const sdag_sweep *w, const char *after)
{
    for (int i = 0; i < w->n_runs; i++)
        if (w->runs[i].code != 0) sdag_str_addf(s, "%s: %s%s", w->runs[i].label, outcome(s->a, w->runs[i].code), after);
}
