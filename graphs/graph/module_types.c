/* The types of a graph: those that it was given, and those made for the modules that it uses. */
#include <string.h>

#include "graphs/graph/graph.h"

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

sdag_catalog sdag_graph_types(sdag_arena *a, const sdag_graph *g, const sdag_catalog *c)
{
    type_list types = {0};
    sdag_map seen = {.a = a};
    for (int i = 0; i < c->n; i++) *SDAG_PUSH(a, &types) = c->types[i];
    add_types(a, &types, &seen, g->nodes, g->n_nodes);
    sdag_catalog all = *c;
    all.types = types.at;
    all.n = types.n;
    return all;
}
