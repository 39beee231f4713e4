/* The pretext tasks: what is done to the data, what the model sees, and what it must predict. A column a type of
 * pretext node, in the words of its descriptor. */
#include <string.h>

#include "viz/field_parts.h"

/* The first source from which a node is reached. */
static const sdag_gnode *source_of(const sdag_graph *g, const sdag_gnode *n, int depth)
{
    if (n->type->role == SDAG_ROLE_SOURCE) return n;
    for (int i = 0; i < n->n_in && depth < g->n_nodes; i++)
        for (int k = 0; k < n->in[i].n; k++) {
            const sdag_gnode *from = source_of(g, &g->nodes[n->in[i].refs[k].node], depth + 1);
            if (from) return from;
        }
    return NULL;
}

/* The output that a loss of the phase compares with; else the first that is not the one that the model sees. */
static const sdag_port *predicted(const sdag_graph *g, const sdag_gnode *pretext)
{
    const sdag_port *outs = pretext->type->outs;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const sdag_gnode *n = &g->nodes[i];
        if (n->phase != pretext->phase || n->type->role != SDAG_ROLE_LOSS) continue;
        for (int p = 0; p < n->n_in; p++)
            for (int k = 0; k < n->in[p].n && !(n->type->ins[p].flags & SDAG_PORT_OPTIONAL); k++) {
                const sdag_ref *r = &n->in[p].refs[k];
                if (&g->nodes[r->node] == pretext && r->port > 0) return &outs[r->port];
            }
    }
    for (int i = 0; outs && outs[i].name; i++)
        if (strcmp(outs[i].name, "target") == 0 || strcmp(outs[i].name, "label") == 0) return &outs[i];
    return outs && outs[0].name && outs[1].name ? &outs[1] : NULL;
}

static const char *capital(sdag_field *f, const char *word)
{
    char *text = sdag_arena_printf(f->p->a, "%s", word);
    if (*text >= 'a' && *text <= 'z') *text = (char)(*text - 'a' + 'A');
    for (char *c = text; *c; c++)
        if (*c == '_') *c = ' ';
    return text;
}

static void draw_task(sdag_field *f, int root, int number, const sdag_field_at *at)
{
    const sdag_node_type *t = at->node->type;
    const char *dot = strrchr(t->name, '.'), *name = capital(f, dot && dot[1] ? dot + 1 : t->name);
    const sdag_gnode *from = source_of(at->entry->g, at->node, 0);
    const sdag_port *sees = t->outs && t->outs[0].name ? &t->outs[0] : NULL;
    const sdag_port *target = predicted(at->entry->g, at->node);
    const int group = sdag_field_group(f, -1, sdag_arena_printf(f->p->a, "task_%d", number),
                                       sdag_arena_printf(f->p->a, "Task %d: %s", number, name));
    const char *kind = from && from->type->outs && from->type->outs[0].name ? from->type->outs[0].name : "sample";
    const int data = sdag_field_box(f, group, SDAG_ROLE_SOURCE, sdag_arena_printf(f->p->a, "Original %s", kind),
                                    from ? from->type->name : NULL, at->entry);
    const int label = sdag_field_box(f, group, SDAG_ROLE_PRETEXT, t->name, t->brief, at->entry);
    const int shown = sdag_field_box(f, group, SDAG_LOOK_FACT, "The Model Sees", sees ? sees->help : NULL, at->entry);
    const int guess =
        sdag_field_box(f, group, SDAG_ROLE_ENCODER, "Model Predicts", target ? target->help : NULL, at->entry);
    sdag_field_enter(f, root, data);
    sdag_field_line(f, data, label, NULL);
    sdag_field_line(f, label, shown, NULL);
    sdag_field_line(f, shown, guess, NULL);
}

void sdag_field_pretext(sdag_field *f)
{
    sdag_field_words tasks = {0};
    int root = -1;
    for (sdag_field_at at = {.kind = SDAG_FIELD_SELF}; sdag_field_next(f, &at);) {
        if (at.node->type->role != SDAG_ROLE_PRETEXT || !sdag_field_add(f, &tasks, at.node->type->name)) continue;
        if (root < 0) root = sdag_field_box(f, -1, SDAG_LOOK_TOPIC, "Self-Supervised Pretext Tasks", NULL, NULL);
        draw_task(f, root, tasks.n, &at);
    }
}
