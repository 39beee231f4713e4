#include "runtime/cli/target.h"

#include <stdio.h>
#include <string.h>

#include "graphs/graph/words.h"

/* The map of phases.P.nodes.N or modules.M.nodes.N, and of nodes written inside it as far as the path goes. */
static const sdag_spec *node_map(const sdag_spec *root, const sdag_spec_path *p, int *n)
{
    const sdag_spec *s, *found;
    if (p->n < 4 || strcmp(p->key[2], "nodes") != 0) return NULL;
    if (strcmp(p->key[0], "phases") != 0 && strcmp(p->key[0], "modules") != 0) return NULL;
    s = sdag_spec_get(root, p->key[0]);
    found = sdag_spec_get(sdag_spec_get(sdag_spec_get(s, p->key[1]), "nodes"), p->key[3]);
    *n = 4;
    s = found;
    for (int i = 4; i < p->n && s; i++) {
        s = sdag_spec_get(s, p->key[i]);
        if (!sdag_spec_get(s, "type") && !sdag_spec_get(s, "use")) continue;
        found = s;
        *n = i + 1;
    }
    return found;
}

/* The type that a node names, or that the node has which it takes over. */
static const sdag_node_type *type_of(const sdag_catalog *catalog, const sdag_spec *root, const sdag_spec *node)
{
    for (int hops = 0; node && hops < 32; hops++) {
        const sdag_spec *type = sdag_spec_get(node, "type"), *use = sdag_spec_get(node, "use");
        const char *dot = use && use->kind == SDAG_SPEC_SCALAR ? strchr(use->text, '.') : NULL;
        if (!dot) return type && type->kind == SDAG_SPEC_SCALAR ? sdag_catalog_find(catalog, type->text) : NULL;
        char phase[SDAG_SPEC_KEY_MAX + 1];
        snprintf(phase, sizeof phase, "%.*s", (int)(dot - use->text), use->text);
        node = sdag_spec_get(sdag_spec_get(sdag_spec_get(sdag_spec_get(root, "phases"), phase), "nodes"), dot + 1);
    }
    return NULL;
}

static const sdag_opt *option_of(const sdag_opt *table, const char *key)
{
    for (const sdag_opt *o = table; o && o->name; o++)
        if (strcmp(sdag_opt_name(o), key) == 0) return o;
    return NULL;
}

/* The option of a record that the path goes on to: ops.0.noise.std. *n: how many keys led to it. */
static const sdag_opt *record_option(sdag_target *e, sdag_cli *c, const sdag_opt *o, const sdag_spec_path *p, int *n)
{
    if (o->kind != SDAG_OPT_RECORDS || p->n < *n + 3) return o;
    for (const sdag_record_type *const *r = o->records; r && *r; r++)
        if (strcmp((*r)->name, p->key[*n + 1]) == 0) {
            const sdag_opt *in = option_of((*r)->opts, p->key[*n + 2]);
            if (!in) return o;
            *n += 3;
            e->of = sdag_arena_printf(c->arena, "%s.%s", e->type->name, (*r)->name);
            return in;
        }
    return o;
}

static const char *common_help(const char *key)
{
    for (const sdag_common_key *k = sdag_common_keys; k->name; k++)
        if (strcmp(k->name, key) == 0) return k->help;
    return NULL;
}

/* The type that the graph gave the node at the first n keys: that of a module was made for it. */
static const sdag_node_type *type_in(const sdag_graph *g, const sdag_spec_path *p, int n)
{
    char name[4 * SDAG_SPEC_KEY_MAX];
    size_t at = 0;
    for (int i = 3; i < n && at < sizeof name; i++) /* one written inside another: knn.query */
        at += (size_t)snprintf(name + at, sizeof name - at, "%s%s", i > 3 ? "." : "", p->key[i]);
    if (strcmp(p->key[0], "phases") != 0) return NULL;
    for (int32_t i = 0; g && n > 3 && i < g->n_phases; i++) {
        int32_t node = strcmp(g->phases[i].name, p->key[1]) == 0 ? sdag_graph_find(g, i, name) : -1;
        if (node >= 0) return g->nodes[node].type;
    }
    return NULL;
}

static void close_log(void *log) { sdag_log_destroy(log); }

sdag_graph *sdag_target_graph(sdag_cli *c, const char *file, int n_sets)
{
    sdag_cli quiet = *c;
    sdag_graph *g;
    quiet.log = sdag_log_create(NULL);
    quiet.n_sets = n_sets;
    quiet.verbose = false;
    if (!quiet.log) sdag_arena_escape(c->arena);
    sdag_arena_defer(c->arena, close_log, quiet.log); /* places in the graph live as long */
    return sdag_cli_load(&g, NULL, &quiet, file) ? NULL : g;
}

void sdag_target_find(sdag_target *e, sdag_cli *c, const sdag_graph *g, const sdag_spec *root, const sdag_spec_path *p)
{
    int n = 0;
    const sdag_spec *node = node_map(root, p, &n);
    const sdag_catalog own = sdag_cli_catalog(c), all = sdag_catalog_all(c->arena, &own);
    const sdag_catalog catalog = sdag_module_types(c->arena, root, &all);
    *e = (sdag_target){.type = type_in(g, p, n), .whole = p->n == n};
    if (!e->type) e->type = type_of(&catalog, root, node);
    if (p->n == 1) e->help = sdag_help_of(sdag_root_help, p->key[0]);
    if (p->n == 3 && strcmp(p->key[0], "phases") == 0) e->help = sdag_help_of(sdag_phase_help, p->key[2]);
    if (p->n == 3 && strcmp(p->key[0], "modules") == 0) e->help = sdag_help_of(sdag_module_help, p->key[2]);
    if (!e->type || p->n == n) return;
    const char *key = p->key[n];
    e->of = e->type->name;
    e->opt = option_of(e->type->opts, key);
    e->help = common_help(key);
    for (const sdag_port *in = e->type->ins; !e->opt && in && in->name; in++)
        if (strcmp(in->name, key) == 0) e->help = in->help;
    n++;
    if (e->opt) e->opt = record_option(e, c, e->opt, p, &n);
    e->whole = p->n == n;
}
