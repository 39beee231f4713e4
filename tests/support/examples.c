#include "tests/support/examples.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "tests/support/pictures.h"
#include "tests/support/temp.h"

enum { MOST = 64 };

static example all[MOST];
static int n_all;

static int note(const char *path, const struct stat *st, int type, struct FTW *at)
{
    size_t n = strlen(path);
    (void)st, (void)at;
    if (type != FTW_F || n < 6 || strcmp(path + n - 5, ".yaml") || n_all == MOST) return 0;
    if (!strncmp(path, "examples/plugin/", 16)) return 0; /* need what is built first: tests/plugins.sh */
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

/* Sentences of few words, and some of them as lines with labels. */
static void write_text(const char *dir)
{
    static const char *const words[] = {"the", "king", "said", "no", "word", "of", "it", "and", "went"};
    char text[6000] = "ROMEO:\n", lines[3000], name[256]; /* begins as the prompt of an example */
    size_t n = strlen(text), m = 0;
    for (uint32_t i = 0; n < sizeof text - 64; i++) {
        const char *word = words[i * i * 7 % 31 % 9];
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", word, i % 8 == 7 ? ".\n" : " ");
        if (i % 8 == 7 && m < sizeof lines - 64)
            m += (size_t)snprintf(lines + m, sizeof lines - m, "%s\tthe %s and %s\n", i % 16 > 7 ? "a" : "b", word,
                                  words[i / 8 % 9]);
    }
    snprintf(name, sizeof name, "%s/text.txt", dir);
    temp_write(name, text, n);
    snprintf(name, sizeof name, "%s/lines.tsv", dir);
    temp_write(name, lines, m);
}

void examples_data(const char *dir)
{
    pictures_mnist(dir, 130, 41);
    pictures_tree(dir, 3, 30, 7);
    write_text(dir);
}

const sdag_spec *example_spec(const sdag_spec **raw, sdag_arena *a, sdag_log *log, const char *path,
                              const sdag_spec_set *sets, int n)
{
    const sdag_spec *spec = NULL;
    sdag_spec_files files;
    sdag_status status = sdag_spec_load(&files, a, log, path);
    *raw = files.root;
    if (!status) status = sdag_spec_resolve(&spec, a, log, files.root, sets, n);
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

static bool reads_text(const sdag_graph *g)
{
    for (int i = 0; g && i < g->n_nodes; i++)
        if (!strcmp(g->nodes[i].type->name, "source.text")) return true;
    return false;
}

/* Files of text instead of the folder of pictures. */
static void shrink_text(shrinking *s, const sdag_spec *let, const char *data)
{
    const char *const lines[] = {"labelled", "test"};
    set(s, "data", sdag_arena_printf(s->a, "%s/text.txt", data));
    for (int i = 0; i < 2; i++)
        if (sdag_spec_get(let, lines[i])) set(s, lines[i], sdag_arena_printf(s->a, "%s/lines.tsv", data));
}

/* A folder of pictures as it is, and the one of its folders that has classes. */
static void shrink_photos(shrinking *s, const char *data)
{
    set(s, "photos", data);
    set(s, "labelled", sdag_arena_printf(s->a, "%s/train", data));
}

static void shrink_lets(shrinking *s, const sdag_spec *let, const char *data, const sdag_graph *g)
{
    if (let && sdag_spec_get(let, "width")) set(s, "width", "4");
    if (let && data && reads_text(g)) shrink_text(s, let, data);
    else if (let && data && sdag_spec_get(let, "photos")) shrink_photos(s, data);
    else if (let && data && sdag_spec_get(let, "data")) set(s, "data", data);
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
    if (spec) shrink_lets(&s, sdag_spec_get(raw, "let"), data, g);
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
