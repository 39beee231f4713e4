#include "graphs/graph/graph.h"

#include "core/base/file.h"

#include <string.h>

#include "graphs/expr/expr.h"
#include "graphs/graph/builder.h"
#include "graphs/graph/words.h"

const sdag_node_type *sdag_catalog_find(const sdag_catalog *c, const char *name)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->types[i]->name, name) == 0) return c->types[i];
    return NULL;
}

sdag_catalog sdag_catalog_all(sdag_arena *a, const sdag_catalog *c)
{
    static const sdag_node_type *const made[] = {&sdag_expr_static};
    enum { MADE = sizeof made / sizeof made[0] };
    const sdag_node_type **types = SDAG_NEWS(a, const sdag_node_type *, c->n + MADE);
    int n = 0;
    for (int i = 0; i < c->n; i++) types[n++] = c->types[i];
    for (int i = 0; i < MADE; i++)
        if (!sdag_catalog_find(c, made[i]->name)) types[n++] = made[i];
    return (sdag_catalog){types, n, c->no_plugins};
}

int32_t sdag_graph_find(const sdag_graph *g, int32_t phase, const char *name)
{
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].phase == phase && strcmp(g->nodes[i].name, name) == 0) return i;
    return -1;
}

sdag_loc sdag_gnode_opt_loc(const sdag_gnode *n, const char *name)
{
    const sdag_spec *v = sdag_spec_get(n->spec, name);
    return v ? v->loc : n->loc;
}

const char *sdag_ref_name(sdag_arena *a, const sdag_graph *g, const sdag_ref *ref)
{
    const sdag_gnode *n = &g->nodes[ref->node];
    if (ref->view) return ref->view;
    return ref->port > 0 ? sdag_arena_printf(a, "%s.%s", n->name, n->type->outs[ref->port].name) : n->name;
}

/* ---- the top level ---- */

/* The name goes into paths: a run writes to runs/<name>. */
static bool is_file_name(const char *text)
{
    size_t n = strlen(text);
    if (n == 0 || n > 100 || text[0] == '.' || text[0] == '-') return false;
    for (const char *p = text; *p; p++) {
        bool alnum = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
        if (!alnum && !strchr("_-.", *p)) return false;
    }
    return true;
}

/* "simclr" of "examples/simclr/simclr.yaml": what a graph without a name is called. */
static const char *stem_of(sdag_arena *a, const char *file)
{
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file, *dot = strrchr(base, '.');
    char *stem = sdag_arena_copy(a, base, dot ? (size_t)(dot - base) : strlen(base));
    return is_file_name(stem) ? stem : "graph";
}

static void read_version(sdag_builder *b, const sdag_spec *v)
{
    int64_t version;
    if (!v) sdag_reader_error(&b->r, b->g->spec->loc, "the key 'version' is missing: start the file with 'version: 1'");
    else if (!sdag_spec_i64(&version, v) || version != 1)
        sdag_reader_error(&b->r, v->loc, "version is %.40s, expected 1", v->text ? v->text : sdag_kind_text(v));
}

static void read_name(sdag_builder *b, const sdag_spec *v)
{
    if (!v || !sdag_read_text(&b->r, "name", v, &b->g->name)) return;
    if (!is_file_name(b->g->name))
        sdag_reader_error(&b->r, v->loc,
                          "name is '%.40s', expected letters, digits, '_', '-' and '.', a letter or digit "
                          "first: it names the folder of the run",
                          b->g->name);
}

static const char *root_key(const void *ctx, int i)
{
    static const char *const keys[] = {"version", "name",    "family", "about",   "seed",  "base",
                                       "plugins", "extends", "let",    "modules", "phases"};
    (void)ctx;
    return (size_t)i < sizeof keys / sizeof keys[0] ? keys[i] : NULL;
}

static void check_root_keys(sdag_builder *b, const sdag_spec *spec)
{
    for (int i = 0; i < spec->n; i++) {
        const sdag_spec_entry *e = &spec->entries[i];
        bool known = false;
        for (int k = 0; root_key(NULL, k); k++) known |= strcmp(root_key(NULL, k), e->key) == 0;
        if (strcmp(e->key, "extends") == 0) /* gone from what sdag_spec_load gives */
            sdag_reader_error(&b->r, e->loc, "'extends' is read from a file only");
        else if (!known) sdag_reader_unknown(&b->r, e->loc, "key", e->key, "", root_key, NULL);
    }
}

static void read_root(sdag_builder *b, const sdag_spec *spec)
{
    const sdag_spec *v;
    int64_t seed;
    int family;
    check_root_keys(b, spec);
    read_version(b, sdag_spec_get(spec, "version"));
    read_name(b, sdag_spec_get(spec, "name"));
    if ((v = sdag_spec_get(spec, "family")) && sdag_read_enum(&b->r, "family", v, sdag_family_choices, &family))
        b->g->family = sdag_family_choices[family];
    if ((v = sdag_spec_get(spec, "about"))) sdag_read_text(&b->r, "about", v, &b->g->about);
    if ((v = sdag_spec_get(spec, "base")) && sdag_read_text(&b->r, "base", v, &b->r.dir) && !v->from_set)
        b->r.dir = sdag_path_join(b->r.a, sdag_path_dir(b->r.a, b->g->file ? b->g->file : ""), b->r.dir);
    if ((v = sdag_spec_get(spec, "seed")) && sdag_read_int(&b->r, "seed", v, 0, INFINITY, &seed))
        b->g->seed = (uint64_t)seed;
}

static void read_phases(sdag_builder *b, const sdag_spec *v)
{
    if (!v) {
        sdag_reader_error(&b->r, b->g->spec->loc, "the key 'phases' is missing");
        return;
    }
    if (v->kind != SDAG_SPEC_MAP || v->n == 0) {
        sdag_reader_error(&b->r, v->loc, "phases is %s, expected a map of phases", sdag_kind_text(v));
        return;
    }
    b->g->n_phases = v->n;
    b->g->phases = SDAG_NEWS(b->r.a, sdag_phase, v->n);
    b->names = SDAG_NEWS(b->r.a, sdag_map, v->n);
    for (int i = 0; i < v->n; i++) sdag_map_put(&b->phase_ids, v->entries[i].key, i);
    for (int i = 0; i < v->n; i++) sdag_build_phase(b, i, &v->entries[i]);
}

/* What has no effect is no error, but seldom meant. */
static void warn_unread(sdag_builder *b)
{
    for (int32_t i = 0; i < b->nodes.n; i++) {
        const sdag_gnode *n = b->nodes.at[i];
        bool acts =
            n->type->role == SDAG_ROLE_PROBE || n->type->role == SDAG_ROLE_SINK || n->type->role == SDAG_ROLE_OPTIMIZER;
        if (!acts && b->readers.at[i] == 0)
            sdag_log_add(b->r.log, SDAG_WARNING, n->loc, "nothing reads '%s': it has no effect", n->name);
    }
}

/* Why types are unknown where the file's plugins were left alone. */
static void note_no_plugins(sdag_builder *b, const sdag_spec *plugins)
{
    sdag_str s = {.a = b->r.a};
    if (!plugins || !b->catalog->no_plugins || !b->unknown.n) return;
    for (int i = 0; i < b->unknown.n; i++) {
        bool before = false;
        for (int k = 0; k < i; k++) before |= strcmp(b->unknown.at[k], b->unknown.at[i]) == 0;
        if (!before) sdag_str_addf(&s, "%s%s", i ? ", " : "", b->unknown.at[i]);
    }
    sdag_log_add(b->r.log, SDAG_NOTE, plugins->loc, "not loaded (--no-plugins): from here may come %s", s.at);
}

sdag_status sdag_graph_build(sdag_graph **out, sdag_arena *a, sdag_log *log, const sdag_spec *spec,
                             const sdag_catalog *c)
{
    const sdag_catalog all = sdag_catalog_all(a, c);
    sdag_builder b = {.catalog = &all, .types = {.a = a}, .phase_ids = {.a = a}, .module_ids = {.a = a}};
    sdag_graph *g = b.g = SDAG_NEW(a, sdag_graph);
    const char *file = spec->loc.file ? spec->loc.file : "";
    *out = NULL;
    *g = (sdag_graph){.file = sdag_arena_str(a, file), .name = stem_of(a, file), .spec = spec};
    sdag_reader_init(&b.r, a, log, file);
    for (int i = 0; i < all.n; i++) sdag_map_put(&b.types, all.types[i]->name, i);

    read_root(&b, spec);
    sdag_read_modules(&b, sdag_spec_get(spec, "modules"));
    read_phases(&b, sdag_spec_get(spec, "phases"));
    sdag_check_modules(&b);
    sdag_status status = sdag_reader_end(&b.r);
    note_no_plugins(&b, sdag_spec_get(spec, "plugins"));
    if (status) return status;
    warn_unread(&b);

    g->n_nodes = b.nodes.n;
    g->nodes = SDAG_NEWS(a, sdag_gnode, b.nodes.n);
    for (int32_t i = 0; i < b.nodes.n; i++) g->nodes[i] = *b.nodes.at[i];
    g->paths = b.r.paths.at;
    g->n_paths = b.r.paths.n;
    *out = g;
    return SDAG_OK;
}
