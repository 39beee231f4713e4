#include "tests/support/examples.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "tests/support/pictures.h"

enum { MOST = 64 };

static example all[MOST];
static int n_all;

static int note(const char *path, const struct stat *st, int type, struct FTW *at)
{
    size_t n = strlen(path);
    (void)st, (void)at;
    if (type != FTW_F || n < 6 || strcmp(path + n - 5, ".yaml") || n_all == MOST) return 0;
    all[n_all].path = realpath(path, NULL);
    n_all += all[n_all].path != NULL;
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const example *)a)->path, ((const example *)b)->path);
}

int examples(const example **list)
{
    if (!n_all && nftw("examples", note, 8, FTW_PHYS)) perror("examples");
    qsort(all, (size_t)n_all, sizeof *all, by_path);
    *list = all;
    return n_all;
}

void examples_data(const char *dir)
{
    pictures_mnist(dir, 130, 41);
    pictures_tree(dir, 3, 30, 7);
}

const sdag_spec *example_spec(const sdag_spec **raw, sdag_arena *a, sdag_log *log, const char *path,
                              const sdag_spec_set *sets, int n)
{
    const sdag_spec *spec = NULL;
    char *text;
    size_t len;
    sdag_status status = sdag_file_read(&text, &len, a, log, SDAG_NOLOC, path, SDAG_SPEC_TEXT_MAX);
    if (!status) status = sdag_spec_parse(raw, a, log, path, text, len);
    if (!status) status = sdag_spec_resolve(&spec, a, log, *raw, sets, n);
    return status ? NULL : spec;
}

sdag_graph *example_graph(sdag_arena *a, sdag_log *log, const char *path, const sdag_spec_set *sets, int n)
{
    const sdag_spec *raw, *spec = example_spec(&raw, a, log, path, sets, n);
    sdag_graph *g = NULL;
    int n_types;
    sdag_catalog types = {.types = sdag_node_types(&n_types)};
    types.n = n_types;
    return spec && !sdag_graph_build(&g, a, log, spec, &types) ? g : NULL;
}

typedef struct shrinking {
    sdag_arena *a;
    sdag_spec_set *sets;
    int n;
} shrinking;

static void set(shrinking *s, const char *path, const char *value)
{
    if (s->n < EXAMPLE_SETS) s->sets[s->n++] = (sdag_spec_set){path, value};
}

static void shrink_lets(shrinking *s, const sdag_spec *let, const char *data)
{
    if (let && sdag_spec_get(let, "width")) set(s, "width", "4");
    if (let && data && sdag_spec_get(let, "data")) set(s, "data", data);
    if (let && data && sdag_spec_get(let, "fraction")) set(s, "fraction", "1"); /* there are few samples as it is */
}

static void shrink_nodes(shrinking *s, const sdag_graph *g)
{
    for (int i = 0; i < g->n_nodes; i++) {
        const sdag_gnode *n = &g->nodes[i];
        const sdag_spec *batch = n->type->role == SDAG_ROLE_SOURCE ? sdag_spec_get(n->spec, "batch") : NULL;
        int64_t v;
        if (!batch || !sdag_spec_i64(&v, batch) || v <= 40) continue;
        set(s, sdag_arena_printf(s->a, "phases.%s.nodes.%s.batch", g->phases[n->phase].name, n->name), "38");
    }
}

int example_shrink(sdag_spec_set *sets, sdag_arena *a, const example *e, const char *data)
{
    shrinking s = {.a = a, .sets = sets};
    const sdag_spec *raw;
    sdag_log *log = sdag_log_create(stderr);
    const sdag_spec *spec = example_spec(&raw, a, log, e->path, NULL, 0);
    const sdag_graph *g = spec ? example_graph(a, log, e->path, NULL, 0) : NULL;
    if (spec) shrink_lets(&s, sdag_spec_get(raw, "let"), data);
    for (int i = 0; g && i < g->n_phases; i++) {
        const sdag_phase *p = &g->phases[i];
        bool steps = p->length.unit == SDAG_STEPS;
        if (p->optimizer >= 0)
            set(&s, sdag_arena_printf(a, "phases.%s.%s", p->name, steps ? "steps" : "epochs"), steps ? "3" : "1");
    }
    if (g) shrink_nodes(&s, g);
    sdag_log_destroy(log);
    return s.n;
}
