/* What a run measured, as colours: DIR/timing.json, written by the run for every phase and node,
 *   {"phases": {"pretrain": {"nodes": {"encoder": {"seconds": 0.004, "bytes": 123456}, ...}, ...}, ...}}
 * seconds: of all threads together in one step; bytes: of the values that the plan keeps for the node. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/file.h"
#include "core/io/json_memory.h"
#include "viz/drawing.h"

enum { TIMING_MAX = 16 << 20 };

const char *sdag_heat_text(sdag_arena *a, sdag_viz_heat kind, double value)
{
    static const char *const units[2][5] = {{"\u00b5s", "ms", "s", NULL}, {"B", "KiB", "MiB", "GiB", NULL}};
    const double each = kind == SDAG_VIZ_HEAT_TIME ? 1000 : 1024;
    const char *const *unit = units[kind == SDAG_VIZ_HEAT_TIME ? 0 : 1];
    double v = kind == SDAG_VIZ_HEAT_TIME ? 1e6 * value : value;
    int i = 0;
    for (; v >= each && unit[i + 1]; i++) v /= each;
    int digits = v == 0 || v >= 99.5 || (i == 0 && kind == SDAG_VIZ_HEAT_BYTES) ? 0 : v >= 9.95 ? 1 : 2;
    return sdag_arena_printf(a, "%.*f %s", digits, v, unit[i]);
}

/* The colour tells the share of the phase, since phases take steps of their own: that of one means little in another.
 */
void sdag_heat_box(sdag_picture *p, sdag_box *box, const sdag_heat *h, double value, double whole)
{
    char colour[8];
    if (value < 0) return;
    box->value = sdag_heat_text(p->a, h->kind, value);
    if (whole <= 0) return;
    const double share = value / whole;
    box->fill = sdag_arena_str(p->a, sdag_theme_heat(colour, h->max > 0 ? share / h->max : 0));
    box->value = sdag_arena_printf(p->a, "%s, %.*f %%", box->value, share < 0.0995 ? 1 : 0, 100 * share);
}

/* ---- the file ---- */

typedef struct timing {
    sdag_log *log;
    const char *path;
    json_t *root;
} timing;

static void release(void *at)
{
    timing *t = at;
    json_decref(t->root);
}

static sdag_status odd(const timing *t, const char *what)
{
    return sdag_fail(t->log, SDAG_IO, SDAG_NOLOC, "%s: %s", t->path, what);
}

/* A number that can be drawn; -1: none. */
static double amount(const json_t *row, const char *key)
{
    const json_t *v = json_object_get(row, key);
    double d = json_is_number(v) ? json_number_value(v) : -1;
    return isfinite(d) && d >= 0 ? d : -1;
}

static sdag_status fill_in(sdag_heat *h, const timing *t, const sdag_graph *g)
{
    const char *key = h->kind == SDAG_VIZ_HEAT_TIME ? "seconds" : "bytes";
    const json_t *phases = json_object_get(t->root, "phases");
    int known = 0;
    if (!json_is_object(phases)) return odd(t, "it has no object 'phases': it is no timing of a run");
    for (int32_t i = 0; i < g->n_phases; i++) {
        json_t *nodes = json_object_get(json_object_get(phases, g->phases[i].name), "nodes"), *row;
        const char *name;
        json_object_foreach(nodes, name, row)
        {
            double d = amount(row, key);
            int32_t id = sdag_graph_find(g, i, name);
            if (d < 0) continue;
            h->phases[i] += d;
            if (id < 0) continue;
            h->nodes[id] = d;
            known++;
        }
    }
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const double whole = h->phases[g->nodes[i].phase];
        if (whole > 0 && h->nodes[i] / whole > h->max) h->max = h->nodes[i] / whole;
    }
    return known ? SDAG_OK : odd(t, "it knows no node of this pipeline: is it another's run?");
}

sdag_status sdag_heat_read(sdag_heat **out, sdag_arena *a, sdag_log *log, const sdag_graph *g, sdag_viz_heat kind,
                           const char *run)
{
    sdag_heat *h = *out = SDAG_NEW(a, sdag_heat);
    timing *t = SDAG_NEW(a, timing);
    char *text;
    size_t len;
    json_error_t e;
    struct stat st;
    *t = (timing){.log = log, .path = sdag_arena_printf(a, "%s/timing.json", run)};
    *h = (sdag_heat){
        .kind = kind, .nodes = SDAG_NEWS(a, double, g->n_nodes), .phases = SDAG_NEWS(a, double, g->n_phases)};
    for (int32_t i = 0; i < g->n_nodes; i++) h->nodes[i] = -1;
    if (stat(t->path, &st) == 0 && !S_ISREG(st.st_mode)) return odd(t, "it is not a file"); /* a pipe: waited for */
    sdag_status status = sdag_file_read(&text, &len, a, log, SDAG_NOLOC, t->path, TIMING_MAX);
    if (status) return status;
    sdag_json_begin();
    t->root = json_loadb(text, len, 0, &e);
    bool starved = sdag_json_starved();
    sdag_arena_defer(a, release, t);
    if (starved) return SDAG_NOMEM;
    if (!t->root) return sdag_fail(log, SDAG_IO, SDAG_NOLOC, "%s:%d:%d: %s", t->path, e.line, e.column, e.text);
    return fill_in(h, t, g);
}
