#include "runtime/report/runs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The last `parts` parts of a path. */
static const char *end_of(sdag_arena *a, const char *dir, int parts)
{
    size_t n = strlen(dir), from;
    while (n > 1 && dir[n - 1] == '/') n--;
    for (from = n; from > 0; from--)
        if (dir[from - 1] == '/' && (from == n || --parts == 0)) break;
    return sdag_arena_copy(a, dir + from, n - from);
}

static bool all_differ(const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            if (!strcmp(names[i], names[k])) return false;
    return true;
}

static void make_labels(sdag_runs *r, const char *const *dirs)
{
    for (int parts = 1; parts <= 6; parts++) {
        for (int i = 0; i < r->n; i++) r->label[i] = end_of(r->a, dirs[i], parts);
        if (all_differ(r->label, r->n)) return;
    }
    for (int i = 0; i < r->n; i++) r->label[i] = dirs[i];
}

static sdag_runs_metric *find_row(sdag_runs *r, const char *phase, const char *name)
{
    for (int i = 0; i < r->n_metrics; i++)
        if (!strcmp(r->metrics[i].phase, phase) && !strcmp(r->metrics[i].name, name)) return &r->metrics[i];
    return NULL;
}

/* Rows of one phase, of whatever run has it. */
static void add_phase(sdag_runs *r, const char *phase, int cap)
{
    const char *name;
    for (int i = 0; i < r->n; i++)
        for (int k = 0; (name = sdag_folder_metric(r->run[i], phase, k)); k++) {
            sdag_runs_metric *row = find_row(r, phase, name);
            if (!row && r->n_metrics < cap) {
                row = &r->metrics[r->n_metrics++];
                *row = (sdag_runs_metric){phase, name, SDAG_NEWS(r->a, double, r->n)};
                for (int j = 0; j < r->n; j++) row->value[j] = NAN;
            }
            if (row) row->value[i] = sdag_folder_value(r->run[i], phase, name);
        }
}

static bool seen_before(const sdag_runs *r, int run, int phase)
{
    for (int i = 0; i <= run; i++)
        for (int k = 0; k < (i == run ? phase : r->run[i]->n_phases); k++)
            if (!strcmp(r->run[i]->phases[k], r->run[run]->phases[phase])) return true;
    return false;
}

sdag_status sdag_runs_read(sdag_runs *r, sdag_arena *a, sdag_log *log, const char *const *dirs,
                           const char *const *labels, int n)
{
    enum { ROWS_MAX = SDAG_FOLDER_SERIES_MAX };
    if (n < 1 || n > SDAG_RUNS_MAX)
        return sdag_fail(log, SDAG_USAGE, SDAG_NOLOC, "1 to %d runs can be compared, not %d", SDAG_RUNS_MAX, n);
    *r = (sdag_runs){.a = a, .n = n, .run = SDAG_NEWS(a, sdag_folder *, n), .label = SDAG_NEWS(a, const char *, n)};
    for (int i = 0; i < n; i++) {
        sdag_status status = sdag_folder_read(&r->run[i], a, log, dirs[i]);
        if (status) return status;
        if (!r->run[i]->config_text && !r->run[i]->summary && !r->run[i]->lines)
            return sdag_fail(log, SDAG_IO, SDAG_NOLOC, "'%s' is not the folder of a run: it has no config.yaml",
                             dirs[i]);
    }
    if (labels) memcpy(r->label, labels, (size_t)n * sizeof *labels);
    else make_labels(r, dirs);
    r->metrics = SDAG_NEWS(a, sdag_runs_metric, ROWS_MAX);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < r->run[i]->n_phases; k++)
            if (!seen_before(r, i, k)) add_phase(r, r->run[i]->phases[k], ROWS_MAX);
    sdag_runs_diffs(r);
    return SDAG_OK;
}
