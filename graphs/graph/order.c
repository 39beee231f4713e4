/* The order of a phase's nodes, its cycles, and what its optimizer depends on. Loops rather than recursion: a chain of
 * thousands of nodes must not exhaust the stack. */
#include <string.h>

#include "graphs/graph/builder.h"

enum { CYCLES_MAX = 8, CYCLE_NAMES = 12 };

/* A node on the way down, and which of its refs comes next. */
typedef struct visit {
    int32_t node;
    int port, ref;
} visit;

typedef struct walk {
    sdag_builder *b;
    int32_t first;
    uint8_t *state; /* of each node of the phase: 0 new, 1 on the way, 2 done */
    visit *stack;
    int depth, cycles;
} walk;

/* The next ref of the node on top that leads somewhere; NULL: none is left. */
static const sdag_ref *next_ref(const walk *w, visit *v)
{
    const sdag_gnode *n = w->b->nodes.at[v->node];
    for (; v->port < n->n_in; v->port++, v->ref = 0)
        while (v->ref < n->in[v->port].n) {
            const sdag_ref *ref = &n->in[v->port].refs[v->ref++];
            if (ref->node >= 0) return ref;
        }
    return NULL;
}

/* The stack holds readers above what they are read by; values flow the other way. */
static void report_cycle(walk *w, const sdag_ref *ref)
{
    int i = w->depth - 1, from;
    sdag_str s = {.a = w->b->r.a};
    if (w->cycles++ >= CYCLES_MAX) return;
    while (w->stack[i].node != ref->node) i--;
    from = i;
    sdag_str_add(&s, w->b->nodes.at[ref->node]->name);
    for (i = w->depth - 1; i > from; i--) {
        if (w->depth - i == CYCLE_NAMES) {
            sdag_str_add(&s, " -> ...");
            i = from + 1;
        }
        sdag_str_addf(&s, " -> %s", w->b->nodes.at[w->stack[i].node]->name);
    }
    sdag_str_addf(&s, " -> %s", w->b->nodes.at[ref->node]->name);
    sdag_reader_error(&w->b->r, ref->loc, "a cycle: %s", s.at);
}

/* Appends to order all that `node` depends on, then `node`. */
static int descend(walk *w, int32_t node, int32_t *order, int n)
{
    w->stack[w->depth++] = (visit){.node = node};
    w->state[node - w->first] = 1;
    while (w->depth) {
        visit *v = &w->stack[w->depth - 1];
        const sdag_ref *ref = next_ref(w, v);
        if (!ref) {
            w->state[v->node - w->first] = 2;
            order[n++] = v->node;
            w->depth--;
        } else if (w->state[ref->node - w->first] == 1) {
            report_cycle(w, ref);
        } else if (w->state[ref->node - w->first] == 0) {
            w->state[ref->node - w->first] = 1;
            w->stack[w->depth++] = (visit){.node = ref->node};
        }
    }
    return n;
}

bool sdag_build_order(sdag_builder *b, int32_t p)
{
    sdag_phase *phase = &b->g->phases[p];
    int32_t n = b->nodes.n - b->first;
    walk w = {.b = b, .first = b->first, .state = SDAG_NEWS(b->r.a, uint8_t, n), .stack = SDAG_NEWS(b->r.a, visit, n)};
    phase->order = SDAG_NEWS(b->r.a, int32_t, n);
    for (int32_t i = 0; i < n; i++)
        if (w.state[i] == 0) phase->n_nodes = descend(&w, b->first + i, phase->order, phase->n_nodes);
    return w.cycles == 0;
}

void sdag_build_reach(sdag_builder *b, int32_t p)
{
    const sdag_phase *phase = &b->g->phases[p];
    const sdag_gnode *optimizer = b->nodes.at[phase->optimizer];
    bool *reached = SDAG_NEWS(b->r.a, bool, b->nodes.n - b->first);
    reached[phase->optimizer - b->first] = true;
    for (int i = phase->n_nodes - 1; i >= 0; i--) { /* readers come after what they read */
        const sdag_gnode *n = b->nodes.at[phase->order[i]];
        if (!reached[phase->order[i] - b->first]) continue;
        for (int port = 0; port < n->n_in; port++)
            for (int k = 0; k < n->in[port].n; k++)
                if (!(n->type->ins[port].flags & (SDAG_PORT_EVAL | SDAG_PORT_DATA)))
                    reached[n->in[port].refs[k].node - b->first] = true;
    }
    int trained = 0, errors = b->r.errors;
    for (int32_t i = b->first; i < b->nodes.n; i++) {
        const sdag_gnode *n = b->nodes.at[i];
        if (!n->type->trains || n->freeze) continue;
        trained += reached[i - b->first];
        if (!reached[i - b->first])
            sdag_reader_error(&b->r, n->loc,
                              "no gradient reaches '%s': '%s' does not depend on it; wire it into the loss "
                              "or set freeze: true",
                              n->name, optimizer->name);
    }
    if (!trained && b->r.errors == errors)
        sdag_reader_error(&b->r, optimizer->loc,
                          "'%s' has nothing to train: no node that it depends on has weights that are not frozen",
                          optimizer->name);
}
