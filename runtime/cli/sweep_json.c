/* The results of a sweep as JSON. */
#include <math.h>

#include <jansson.h>

#include "core/base/alloc.h"
#include "core/io/json_text.h"
#include "runtime/cli/sweep_values.h"

/* What a run was given; seed_too: not only what its group shares. */
static json_t *values_json(const sdag_sweep_values *r, int run, bool seed_too)
{
    json_t *j = json_object();
    for (int k = 0; k < r->s->n_axes; k++)
        if (seed_too || k != r->seed)
            json_object_set_new(j, r->s->axes[k].path, sdag_json_text(r->s->runs[run].values[k]));
    return j;
}

static json_t *run_json(const sdag_sweep_values *r, int run)
{
    const sdag_sweep_run *it = &r->s->runs[run];
    json_t *metrics = json_object();
    for (int m = 0; m < r->n; m++)
        if (!isnan(r->values[run * r->n + m]))
            json_object_set_new(metrics, sdag_map_key(&r->names, m), json_real(r->values[run * r->n + m]));
    return json_pack("{s:o, s:o, s:o, s:o}", "values", values_json(r, run, true), "folder", sdag_json_text(it->dir),
                     "code", it->code < 0 ? json_null() : json_integer(it->code), "metrics", metrics);
}

static json_t *group_json(const sdag_sweep_values *r, int run)
{
    json_t *metrics = json_object();
    for (int m = 0; m < r->n; m++) {
        double mean, sd;
        int n = sdag_sweep_mean(r, run, m, &mean, &sd);
        if (!n) continue;
        json_object_set_new(
            metrics, sdag_map_key(&r->names, m),
            json_pack("{s:f, s:o, s:i}", "mean", mean, "sd", isnan(sd) ? json_null() : json_real(sd), "n", n));
    }
    return json_pack("{s:o, s:o}", "values", values_json(r, run, false), "metrics", metrics);
}

sdag_status sdag_sweep_json(const sdag_sweep_values *r)
{
    const sdag_sweep *s = r->s;
    json_t *runs = json_array(), *groups = json_array();
    bool whole = true; /* jansson refuses the NULL of what found no memory */
    for (int i = 0; i < s->n_runs; i++) {
        whole &= json_array_append_new(runs, run_json(r, i)) == 0;
        if (r->seed >= 0 && sdag_sweep_is_first(r, i)) whole &= json_array_append_new(groups, group_json(r, i)) == 0;
    }
    json_t *j = json_pack("{s:o, s:o, s:o}", "folder", sdag_json_text(s->dir), "runs", runs, "over_seeds", groups);
    char *text = j && whole ? json_dumps(j, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(j);
    if (!text) return SDAG_NOMEM;
    sdag_status status = sdag_cli_print(s->c, sdag_arena_printf(s->c->arena, "%s\n", text));
    sdag_free(text);
    return status;
}
