/* The types of a graph or a file: those that it was given, and those made for its modules. */
#include <string.h>

#include "graphs/graph/builder.h"

typedef SDAG_VEC(const sdag_node_type *) type_list;

/* The nodes and what stands within them; of a module used twice, the first type serves. */
static void add_types(sdag_arena *a, type_list *types, sdag_map *seen, const sdag_gnode *nodes, int n)
{
    for (int i = 0; i < n; i++) {
        const sdag_inner *in = nodes[i].inner;
        if (!in) continue;
        if (sdag_map_put(seen, nodes[i].type->name, 0)) *SDAG_PUSH(a, types) = nodes[i].type;
        add_types(a, types, seen, in->nodes, in->n_nodes);
    }
}

static sdag_catalog extended(sdag_arena *a, type_list *types, const sdag_catalog *c)
{
    const sdag_node_type **all = SDAG_NEWS(a, const sdag_node_type *, c->n + types->n + 1);
    sdag_catalog to = *c;
    for (int i = 0; i < c->n; i++) all[i] = c->types[i];
    for (int i = 0; i < types->n; i++) all[c->n + i] = types->at[i];
    to.types = all;
    to.n += types->n;
    return to;
}

sdag_catalog sdag_graph_types(sdag_arena *a, const sdag_graph *g, const sdag_catalog *c)
{
    type_list types = {0};
    sdag_map seen = {.a = a};
    add_types(a, &types, &seen, g->nodes, g->n_nodes);
    return extended(a, &types, c);
}

sdag_catalog sdag_module_types(sdag_arena *a, const sdag_spec *root, const sdag_catalog *c)
{
    sdag_builder b = {.catalog = c, .module_ids = {.a = a}};
    type_list types = {0};
    sdag_reader_init(&b.r, a, NULL, NULL); /* what is wrong is left unsaid */
    sdag_read_modules(&b, sdag_spec_get(root, "modules"));
    for (int i = 0; i < b.module_ids.n; i++)
        if (!b.modules[i].bad) *SDAG_PUSH(a, &types) = sdag_module_make_type(a, &b.modules[i], NULL);
    return extended(a, &types, c);
}
