/* What differs in the configs of several runs: every value by its path, and those that are not the same everywhere. */
#include <string.h>

#include "runtime/report/runs.h"

enum { PATHS_MAX = 20000, TEXT_MAX = 400 };

typedef struct table {
    sdag_runs *r;
    sdag_map index;
    SDAG_VEC(sdag_runs_diff) rows;
    int run;
} table;

static void add(table *t, const char *path, const char *text)
{
    int id = sdag_map_get(&t->index, path);
    if (id < 0) {
        if (t->rows.n == PATHS_MAX) return;
        id = t->rows.n;
        *SDAG_PUSH(t->r->a, &t->rows) = (sdag_runs_diff){path, SDAG_NEWS(t->r->a, const char *, t->r->n)};
        sdag_map_put(&t->index, path, id);
    }
    t->rows.at[id].text[t->run] = text;
}

static const char *scalar_text(const sdag_spec *v) { return v->kind == SDAG_SPEC_NULL || !v->text ? "null" : v->text; }

/* A list of plain values is one value: [32, 64]. NULL: it is none. */
static const char *flat_text(sdag_arena *a, const sdag_spec *v)
{
    sdag_str s = {.a = a};
    sdag_str_add(&s, v->kind == SDAG_SPEC_MAP ? "{" : "[");
    if (v->kind == SDAG_SPEC_MAP && v->n) return NULL;
    for (int i = 0; i < v->n; i++) {
        if (v->items[i]->kind == SDAG_SPEC_LIST || v->items[i]->kind == SDAG_SPEC_MAP) return NULL;
        if (s.n < TEXT_MAX) sdag_str_addf(&s, "%s%s", i ? ", " : "", scalar_text(v->items[i]));
    }
    sdag_str_add(&s, v->kind == SDAG_SPEC_MAP ? "}" : "]");
    return s.at;
}

static void flatten(table *t, const char *path, const sdag_spec *v)
{
    sdag_arena *a = t->r->a;
    if (v->kind != SDAG_SPEC_LIST && v->kind != SDAG_SPEC_MAP) {
        add(t, path, scalar_text(v));
        return;
    }
    const char *flat = flat_text(a, v);
    if (flat) {
        add(t, path, flat);
        return;
    }
    for (int i = 0; i < v->n && t->rows.n < PATHS_MAX; i++) {
        const char *dot = *path ? "." : "";
        if (v->kind == SDAG_SPEC_MAP)
            flatten(t, sdag_arena_printf(a, "%s%s%s", path, dot, v->entries[i].key), v->entries[i].value);
        else flatten(t, sdag_arena_printf(a, "%s%s%d", path, dot, i), v->items[i]);
    }
}

static bool is_same(const sdag_runs_diff *d, int n)
{
    for (int i = 1; i < n; i++)
        if (!d->text[i] != !d->text[0] || (d->text[i] && strcmp(d->text[i], d->text[0]))) return false;
    return true;
}

void sdag_runs_diffs(sdag_runs *r)
{
    table t = {.r = r, .index = {.a = r->a}};
    for (t.run = 0; t.run < r->n; t.run++) {
        const sdag_spec *root = r->run[t.run]->config;
        for (int i = 0; root && root->kind == SDAG_SPEC_MAP && i < root->n; i++)
            if (strcmp(root->entries[i].key, "base")) /* where the file lay changes nothing */
                flatten(&t, root->entries[i].key, root->entries[i].value);
    }
    r->diffs = SDAG_NEWS(r->a, sdag_runs_diff, SDAG_RUNS_DIFFS_MAX);
    for (int i = 0; i < t.rows.n; i++) {
        if (is_same(&t.rows.at[i], r->n)) continue;
        if (r->n_diffs < SDAG_RUNS_DIFFS_MAX) r->diffs[r->n_diffs++] = t.rows.at[i];
        else r->more_diffs++;
    }
}
