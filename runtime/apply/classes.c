/* What the numbers of a classifier mean: the classes of the source whose labels it was trained with. */
#include <string.h>

#include "runtime/apply/parts.h"

/* The nodes of a phase that read node `of`, at any distance: true where one does. */
static const bool *readers(sdag_arena *a, const sdag_graph *g, const sdag_phase *phase, int32_t of)
{
    bool *reads = SDAG_NEWS(a, bool, g->n_nodes + 1);
    reads[of] = true;
    for (int o = 0; o < phase->n_nodes; o++) { /* readers come after what they read */
        const sdag_gnode *x = &g->nodes[phase->order[o]];
        for (int i = 0; i < x->n_in; i++)
            for (int k = 0; k < x->in[i].n; k++) reads[phase->order[o]] |= reads[x->in[i].refs[k].node];
    }
    return reads;
}

/* The source whose labels node n takes; -1: none does it. */
static int32_t labels_from(const sdag_graph *g, int32_t n)
{
    const sdag_gnode *x = &g->nodes[n];
    for (int i = 0; i < x->n_in; i++)
        for (int k = 0; k < x->in[i].n; k++) {
            const sdag_ref *r = &x->in[i].refs[k];
            const sdag_node_type *t = g->nodes[r->node].type;
            if (t->role == SDAG_ROLE_SOURCE && !strcmp(t->outs[r->port].name, "label")) return r->node;
        }
    return -1;
}

/* In the phase that trained the node, a loss that reads it and labels. */
static int32_t teacher_of(sdag_arena *a, const sdag_graph *g, int32_t node)
{
    const sdag_phase *phase = &g->phases[g->nodes[node].phase];
    const bool *reads = readers(a, g, phase, node);
    for (int i = 0; i < phase->n_nodes; i++) {
        int32_t n = phase->order[i];
        if (g->nodes[n].type->role != SDAG_ROLE_LOSS || !reads[n]) continue;
        int32_t source = labels_from(g, n);
        if (source >= 0) return source;
    }
    return -1;
}

static void take(sdag_apply *p, const json_t *list)
{
    const int n = (int)json_array_size(list);
    const char **names = SDAG_NEWS(p->arena, const char *, n + 1);
    for (int i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(list, (size_t)i));
        names[i] = text ? sdag_arena_str(p->arena, text) : sdag_arena_printf(p->arena, "%d", i);
    }
    p->class_names = n ? names : NULL;
    p->n_classes = n;
}

void sdag_apply_classes(sdag_apply *p)
{
    const sdag_graph *g = p->options->graph;
    int32_t owner = sdag_apply_owner(g, p->node), source = teacher_of(p->arena, g, owner);
    json_t *all = source >= 0 ? sdag_classes_read(p->arena, p->options->run) : NULL;
    if (!all) return;
    const sdag_gnode *n = &g->nodes[source];
    take(p, json_object_get(all, sdag_arena_printf(p->arena, "%s.%s", g->phases[n->phase].name, n->name)));
    json_decref(all);
}
