/* Copies of nodes: what a momentum node is made of. The nodes that it names are lowered once more, in their order, with
 * its input in the place of theirs; the states that they make on the way are its own. */
#include <string.h>

#include "core/ops/ops.h"
#include "graphs/lower/lower_int.h"

static bool is_named(const sdag_copying *c, const sdag_graph *g, const sdag_gnode *n)
{
    for (int i = 0; i < c->n_of; i++)
        if (&g->nodes[c->of[i].node] == n) return true;
    return false;
}

bool sdag_copy_reads_outside(const sdag_lowering *x, const sdag_gnode *to, const sdag_ref *from)
{
    const sdag_graph *g = x->req->graph;
    return x->copying && is_named(x->copying, g, to) && !is_named(x->copying, g, &g->nodes[from->node]);
}

const sdag_gnode *sdag_copy_source(const sdag_lowering *x, int32_t index)
{
    const sdag_graph *g = x->req->graph;
    const sdag_phase *phase = &g->phases[x->copying->self->phase];
    for (int i = 0; i < phase->n_nodes; i++)
        for (int32_t n = phase->order[i]; n >= 0; n = g->nodes[n].use)
            if (n == index) return &g->nodes[phase->order[i]];
    return NULL;
}

/* Whether another named node reads this one: then it is not what leaves. */
static bool is_read(const sdag_copying *c, const sdag_graph *g, int32_t node)
{
    for (int i = 0; i < c->n_of; i++) {
        const sdag_gnode *n = &g->nodes[c->of[i].node];
        for (int p = 0; p < n->n_in; p++)
            for (int k = 0; k < n->in[p].n; k++)
                if (n->in[p].refs[k].node == node) return true;
    }
    return false;
}

/* What a momentum node names; one that is taken over names what the first one of them named. */
static const sdag_wires *named(const sdag_graph *g, const sdag_gnode *n, int of)
{
    while (!n->in[of].n && n->use >= 0) n = &g->nodes[n->use];
    return &n->in[of];
}

/* What reads something else than its source does would have weights of other shapes. */
static void check_shapes(sdag_build *b, const sdag_gnode *self, sdag_loc loc)
{
    const sdag_program *p = b->program;
    for (int i = 0; i < p->states.n && !b->status; i++) {
        const sdag_state *s = &p->states.at[i];
        if (!s->copy_node || strcmp(s->node, self->name)) continue;
        for (int k = 0; k < p->states.n; k++) {
            const sdag_state *from = &p->states.at[k];
            if (strcmp(from->node, s->copy_node) || strcmp(from->name, s->copy_name) ||
                sdag_shape_equal(from->shape, s->shape))
                continue;
            char was[SDAG_SHAPE_TEXT], now[SDAG_SHAPE_TEXT];
            b->loc = loc;
            sdag_build_fail(b, "%s: weight '%s' of '%s' is %s, but what is read here would make it %s", self->name,
                            from->name, from->node, sdag_shape_text(was, from->dtype, from->shape),
                            sdag_shape_text(now, s->dtype, s->shape));
        }
    }
}

/* Which output of the named node n was named. */
static int named_port(const sdag_copying *c, int32_t n)
{
    for (int i = 0; i < c->n_of; i++)
        if (c->of[i].node == n) return c->of[i].port;
    return 0;
}

static sdag_lowered_port without_gradient(sdag_build *b, const sdag_lowered_port *p)
{
    sdag_lowered_port out = *p;
    out.vals = SDAG_NEWS(b->arena, sdag_val, p->n);
    if (p->joint) out.joint = sdag_op_stop_grad(b, p->joint);
    for (int i = 0; i < p->n && !p->joint; i++) out.vals[i] = sdag_op_stop_grad(b, p->vals[i]);
    return out;
}

/* Lowers the named nodes in the order of their phase; returns the one that leaves, -1 when there are several. */
static int32_t lower_named(sdag_lowering *x, const sdag_copying *c)
{
    const sdag_graph *g = x->req->graph;
    const sdag_phase *phase = &g->phases[g->nodes[c->of[0].node].phase];
    int32_t last = -1;
    for (int i = 0; i < phase->n_nodes && !x->build.status; i++) {
        int32_t n = phase->order[i];
        if (!is_named(c, g, &g->nodes[n])) continue;
        sdag_lower_node(x, n);
        if (is_read(c, g, n)) continue;
        if (last >= 0) {
            x->build.loc = c->of[0].loc;
            sdag_build_fail(&x->build, "%s: '%s' and '%s' are not one chain: neither reads the other", c->self->name,
                            g->nodes[last].name, g->nodes[n].name);
        }
        last = n;
    }
    return last;
}

void sdag_lower_copy(sdag_build *b, const sdag_node *self, const char *of, const char *in, const char *out)
{
    sdag_lowering *x = self->ctx;
    const sdag_graph *g = x->req->graph;
    if (b->status) return;
    const sdag_wires *w = named(g, self->g, sdag_port_number(self->g->type->ins, of));
    sdag_copying c = {.self = self->g, .index = self->index, .of = w->refs, .n_of = w->n};
    c.in = sdag_port_number(self->g->type->ins, in);
    for (int i = 0; i < c.n_of; i++)
        if (!g->nodes[c.of[i].node].type->trains) {
            b->loc = c.of[i].loc;
            sdag_build_fail(b, "%s.%s: '%s' (%s) has no weights", self->g->name, of, g->nodes[c.of[i].node].name,
                            g->nodes[c.of[i].node].type->name);
            return;
        }
    sdag_lowered_port **saved = SDAG_NEWS(b->arena, sdag_lowered_port *, c.n_of);
    for (int i = 0; i < c.n_of; i++) saved[i] = x->out->ports[c.of[i].node];
    x->copying = &c;
    int32_t last = lower_named(x, &c);
    x->copying = NULL;
    b->prefix = "";
    b->copy = NULL;
    if (!b->status && last >= 0)
        x->out->ports[self->index][sdag_port_number(self->g->type->outs, out)] =
            without_gradient(b, &x->out->ports[last][named_port(&c, last)]);
    for (int i = 0; i < c.n_of; i++) x->out->ports[c.of[i].node] = saved[i];
    check_shapes(b, self->g, self->g->loc);
}

static sdag_val version_of(const sdag_program *p, const char *node, const char *name)
{
    for (int i = 0; i < p->states.n; i++)
        if (!strcmp(p->states.at[i].node, node) && !strcmp(p->states.at[i].name, name)) return p->states.at[i].last;
    return 0;
}

bool sdag_copied_at(sdag_build *b, const sdag_node *self, int i, sdag_val *copy, sdag_val *source)
{
    const sdag_program *p = b->program;
    for (int k = 0; k < p->states.n && !b->status; k++) {
        const sdag_state *s = &p->states.at[k];
        if (!s->copy_node || !(s->flags & SDAG_STATE_TRAINED) || strcmp(s->node, self->g->name) || i-- > 0) continue;
        *copy = s->last;
        *source = version_of(p, s->copy_node, s->copy_name);
        return *source != 0;
    }
    return false;
}

void sdag_lower_updates(sdag_lowering *x)
{
    const sdag_graph *g = x->req->graph;
    const sdag_phase *phase = &g->phases[x->req->phase];
    sdag_build *b = &x->build;
    for (int i = 0; i < phase->n_nodes && !b->status; i++) {
        int32_t index = phase->order[i];
        const sdag_gnode *n = &g->nodes[index];
        if (!n->type->update) continue;
        b->node = index;
        b->node_name = n->name;
        b->loc = n->loc;
        b->part = SDAG_PART_UPDATE;
        sdag_node self = {.ctx = x, .g = n, .index = index, .view = -1, .n_views = 1};
        n->type->update(b, &self);
    }
}
