#include "graphs/lower/lower.h"

#include <string.h>

#include "core/ops/ops.h"
#include "graphs/lower/lower_int.h"

/* A node within a module: all that is emitted belongs to the node of the phase, under a longer name. */
static void enter_inner(sdag_lowering *x, const sdag_gnode *g)
{
    sdag_build *b = &x->build;
    b->loc = g->loc;
    b->inner = sdag_arena_printf(b->arena, "%s%s.", x->nesting->path, g->name);
    b->training = x->nesting->training && !g->freeze;
    b->frozen = x->nesting->frozen || g->freeze;
}

static void enter_node(sdag_lowering *x, int32_t index)
{
    sdag_build *b = &x->build;
    const sdag_gnode *g = &x->req->graph->nodes[index];
    if (x->nesting) {
        enter_inner(x, g);
        return;
    }
    const sdag_copying *c = x->copying;
    const sdag_gnode *from = c ? sdag_copy_source(x, index) : NULL;
    b->node = c ? c->index : index;
    b->loc = c ? c->self->loc : g->loc;
    b->node_name = c ? c->self->name : g->name;
    b->prefix = c ? sdag_arena_printf(b->arena, "%s.", g->name) : "";
    b->copy = from ? from->name : NULL;
    b->training = x->req->training && !g->freeze;
    b->frozen = c || g->freeze || !x->req->training;
    b->samples = x->req->data ? x->req->data[index] : NULL;
    b->part = sdag_role_is_data(g->type->role) ? SDAG_PART_FEED : SDAG_PART_FORWARD;
}

/* What a value is called in messages: "few.label", or the node's name for its first port. */
static const char *ref_text(sdag_lowering *x, const sdag_ref *r)
{
    const sdag_gnode *g = &x->req->graph->nodes[r->node];
    return r->port ? sdag_arena_printf(x->build.arena, "%s.%s", g->name, g->type->outs[r->port].name) : g->name;
}

static void report_misfit(sdag_lowering *x, const sdag_gnode *g, int port, sdag_val v, sdag_clash clash,
                          const sdag_bindings *bind)
{
    sdag_build *b = &x->build;
    const sdag_ref *r = x->data && !sdag_role_is_data(g->type->role) ? x->data : &g->in[port].refs[0];
    char text[SDAG_SHAPE_TEXT];
    sdag_shape_text(text, sdag_value_at(b, v)->dtype, sdag_shape_at(b, v));
    b->loc = r->loc;
    const char *name = g->type->ins[port].name, *who = clash.letter ? bind->who[clash.letter - 'A'] : NULL;
    if (!who || !strcmp(who, name)) {
        sdag_build_fail(b, "%s.%s takes %s, but '%s' gives %s", g->name, name, g->type->ins[port].type, ref_text(x, r),
                        text);
        return;
    }
    int other = 0;
    while (g->type->ins[other].name && strcmp(g->type->ins[other].name, who)) other++;
    sdag_val ov = sdag_wire_joint(x, g, other);
    char otext[SDAG_SHAPE_TEXT];
    sdag_shape_text(otext, sdag_value_at(b, ov)->dtype, sdag_shape_at(b, ov));
    sdag_build_fail(b, "%s: shapes disagree: %s is %s from '%s', but %s is %s from '%s' (%c is %lld and %lld)", g->name,
                    name, text, ref_text(x, r), who, otext, ref_text(x, &g->in[other].refs[0]), clash.letter,
                    (long long)clash.size, (long long)bind->size[clash.letter - 'A']);
}

/* Every connected port against its declared type. */
static void check_ports(sdag_lowering *x, const sdag_gnode *g)
{
    sdag_build *b = &x->build;
    sdag_bindings bind = {0};
    for (int i = 0; i < g->n_in && !b->status; i++) {
        const sdag_port *p = &g->type->ins[i];
        if (!g->in[i].n || (p->flags & (SDAG_PORT_EVAL | SDAG_PORT_DATA))) continue;
        int n = sdag_wire_views(x, g, i);
        if (b->status) return;
        if (!n) continue;
        if (n > 1 && !g->type->maps && !(p->flags & SDAG_PORT_BUNDLE)) {
            b->loc = g->in[i].refs[0].loc;
            sdag_build_fail(b, "%s.%s takes one value, not a bundle of %d views", g->name, p->name, n);
            return;
        }
        sdag_val v = sdag_wire_view(x, g, i, 0);
        if (!v || b->status) return;
        bool image = sdag_value_at(b, v)->dtype == SDAG_DT_U8;
        sdag_clash clash;
        if (!sdag_value_fits(&bind, p->name, p->type, sdag_value_at(b, v)->dtype, sdag_shape_at(b, v), image, &clash))
            report_misfit(x, g, i, v, clash, &bind);
    }
}

const char **sdag_wire_names(sdag_lowering *x, const sdag_gnode *to, int port, int n)
{
    const char **names = SDAG_NEWS(x->build.arena, const char *, n);
    sdag_wires w = sdag_wires_of(x, to, port);
    int k = 0;
    for (int i = 0; i < w.n; i++) {
        const sdag_ref *r = &w.refs[i];
        const sdag_lowered_port *p = &x->out->ports[r->node][r->port];
        if (r->view || p->n == 1) names[k++] = r->view ? r->view : ref_text(x, r);
        else
            for (int v = 0; v < p->n; v++) names[k++] = p->names[v];
    }
    return names;
}

/* Names of the views that a mapping node maps over; *n = 1: a plain value. */
static const char **mapped_views(sdag_lowering *x, const sdag_gnode *g, int *n)
{
    *n = 1;
    int port = 0; /* the first whose views are mapped */
    while (port < g->n_in && g->type->ins[port].flags & (SDAG_PORT_EVAL | SDAG_PORT_DATA)) port++;
    if (!g->type->maps || port == g->n_in || !g->in[port].n) return NULL;
    *n = sdag_wire_views(x, g, port);
    if (x->build.status || *n <= 1) return NULL;
    return sdag_wire_names(x, g, port, *n);
}

void sdag_lower_node(sdag_lowering *x, int32_t index)
{
    sdag_build *b = &x->build;
    const sdag_gnode *g = &x->req->graph->nodes[index];
    int n_outs = 0;
    while (g->type->outs && g->type->outs[n_outs].name) n_outs++;
    x->out->ports[index] = SDAG_NEWS(b->arena, sdag_lowered_port, n_outs + 1);
    enter_node(x, index);
    check_ports(x, g);
    if (b->status || !g->type->lower) return;
    enter_node(x, index);
    sdag_node self = {.ctx = x, .g = g, .index = index, .view = -1, .n_views = 1};
    self.names = mapped_views(x, g, &self.n_views);
    if (self.n_views > 1 && g->batching == SDAG_BATCH_SEPARATE) {
        for (self.view = 0; self.view < self.n_views && !b->status; self.view++) g->type->lower(b, &self);
    } else if (!b->status) {
        g->type->lower(b, &self);
    }
    for (int i = 0; i < n_outs && !b->status; i++)
        if (!x->out->ports[index][i].n && !(g->type->outs[i].flags & SDAG_PORT_OPTIONAL))
            sdag_build_fail(b, "%s: its type gave no value for '%s'", g->name, g->type->outs[i].name);
}

static void collect(sdag_lowering *x, int32_t index)
{
    sdag_build *b = &x->build;
    const sdag_gnode *g = &x->req->graph->nodes[index];
    sdag_lower_node(x, index); /* checks the ports */
    if (b->status) return;
    sdag_collected c = {.node = index};
    c.vals = SDAG_NEWS(b->arena, sdag_val, SDAG_IN_MAX);
    for (int i = 0; i < g->n_in && !b->status; i++) {
        int views = g->type->ins[i].flags & SDAG_PORT_BUNDLE ? sdag_wire_views(x, g, i) : 1;
        if (c.n + views > SDAG_IN_MAX) {
            b->loc = g->in[i].refs[0].loc;
            sdag_build_fail(b, "%s takes at most %d values", g->name, SDAG_IN_MAX);
        }
        for (int k = 0; k < views && !b->status; k++, c.n++)
            if (g->in[i].n)
                c.vals[c.n] =
                    sdag_wire_as_f32(x, g, i, views > 1 ? sdag_wire_view(x, g, i, k) : sdag_wire_joint(x, g, i));
    }
    if (!b->status) *SDAG_PUSH(b->arena, &x->out->collected) = c;
}

/* Marks a node and what it is wired to; for a probe, the data of evaluated nodes are replaced by
 * x->data. */
static void mark_needed(sdag_lowering *x, bool *need, int32_t index)
{
    if (need[index]) return;
    need[index] = true;
    const sdag_gnode *g = &x->req->graph->nodes[index];
    for (int i = 0; i < g->n_in; i++)
        for (int k = 0; k < g->in[i].n; k++)
            mark_needed(x, need, sdag_stands_in(x, g, &g->in[i].refs[k]) ? x->data->node : g->in[i].refs[k].node);
}

/* A source that only a probe's passes read is no feed of the phase: the length of an epoch is not its. */
static void drop_foreign_feeds(sdag_lowering *x)
{
    const sdag_graph *g = x->req->graph;
    const sdag_phase *phase = &g->phases[x->req->phase];
    sdag_program *p = &x->out->program;
    bool *need = SDAG_NEWS(x->build.arena, bool, g->n_nodes);
    for (int i = 0; i < phase->n_nodes; i++) {
        const sdag_node_type *t = g->nodes[phase->order[i]].type;
        if (!sdag_role_is_data(t->role) && !(t->collect && t->collect->passes)) mark_needed(x, need, phase->order[i]);
    }
    int kept = 0;
    for (int i = 0; i < p->feeds.n; i++)
        if (need[p->feeds.at[i].node]) p->feeds.at[kept++] = p->feeds.at[i];
    p->feeds.n = kept;
}

/* The phase itself: all nodes but the optimizer, in order. */
static void lower_phase(sdag_lowering *x)
{
    const sdag_graph *g = x->req->graph;
    const sdag_phase *phase = &g->phases[x->req->phase];
    for (int i = 0; i < phase->n_nodes && !x->build.status; i++) {
        int32_t index = phase->order[i];
        const sdag_node_type *t = g->nodes[index].type;
        if (t->role == SDAG_ROLE_OPTIMIZER) continue;
        if (t->collect && t->collect->passes) continue;
        if (t->collect) collect(x, index);
        else sdag_lower_node(x, index);
    }
    drop_foreign_feeds(x);
    if (x->build.status || phase->optimizer < 0 || !x->req->training) return;
    const sdag_gnode *opt = &g->nodes[phase->optimizer];
    x->out->loss = sdag_wire_joint(x, opt, 0);
    x->out->loss_node = opt->in[0].refs[0].node;
    if (x->out->loss && sdag_shape_at(&x->build, x->out->loss).rank != 0) {
        x->build.loc = opt->in[0].refs[0].loc;
        char text[SDAG_SHAPE_TEXT];
        sdag_build_fail(&x->build, "%s: the loss must be one number, f32[], but '%s' gives %s", opt->name,
                        g->nodes[x->out->loss_node].name,
                        sdag_shape_text(text, sdag_value_at(&x->build, x->out->loss)->dtype,
                                        sdag_shape_at(&x->build, x->out->loss)));
    }
}

static int32_t source_of(const sdag_graph *g, int32_t index)
{
    while (g->nodes[index].type->role != SDAG_ROLE_SOURCE) {
        if (!g->nodes[index].n_in || !g->nodes[index].in[0].n) return -1;
        index = g->nodes[index].in[0].refs[0].node;
    }
    return index;
}

/* The order of the phase does not know what stands in: sources first, then what is made of them, then the rest. */
static void lower_needed(sdag_lowering *x, const bool *need)
{
    const sdag_graph *g = x->req->graph;
    const sdag_phase *phase = &g->phases[x->req->phase];
    for (int turn = 0; turn < 3; turn++)
        for (int i = 0; i < phase->n_nodes && !x->build.status; i++) {
            int32_t n = phase->order[i];
            sdag_role r = g->nodes[n].type->role;
            if (need[n] && (r == SDAG_ROLE_SOURCE ? 0 : sdag_role_is_data(r) ? 1 : 2) == turn) sdag_lower_node(x, n);
        }
}

/* All that leaves a node. */
static sdag_collected all_values(sdag_lowering *x, int32_t node)
{
    const sdag_port *outs = x->req->graph->nodes[node].type->outs;
    sdag_lowered_port *ports = x->out->ports[node];
    sdag_collected c = {.node = node};
    int n = 0;
    for (int i = 0; outs && outs[i].name; i++) n += ports[i].n;
    c.vals = SDAG_NEWS(x->build.arena, sdag_val, n + 1);
    enter_node(x, node);
    for (int i = 0; outs && outs[i].name; i++)
        for (int v = 0; v < ports[i].n; v++) c.vals[c.n++] = sdag_port_view(x, &ports[i], v);
    return c;
}

static void lower_look(sdag_lowering *x)
{
    const sdag_lower_look *l = x->req->look;
    sdag_build *b = &x->build;
    bool *need = SDAG_NEWS(b->arena, bool, x->req->graph->n_nodes);
    if (l->data >= 0) {
        sdag_ref *data = SDAG_NEW(b->arena, sdag_ref);
        *data = (sdag_ref){.node = l->data, .loc = x->req->graph->nodes[l->data].loc};
        x->data = data;
        need[l->data] = true;
    }
    for (int i = 0; i < l->n; i++) mark_needed(x, need, l->nodes[i]);
    lower_needed(x, need);
    for (int i = 0; i < l->n && !b->status; i++) *SDAG_PUSH(b->arena, &x->out->collected) = all_values(x, l->nodes[i]);
}

/* One pass of a probe: the nodes named by its EVAL port on the data named by DATA port number `pass`. */
static void lower_pass(sdag_lowering *x)
{
    const sdag_graph *g = x->req->graph;
    const sdag_gnode *probe = &g->nodes[x->req->probe];
    const sdag_port *ins = probe->type->ins;
    sdag_build *b = &x->build;
    int eval = -1, data = -1;
    for (int i = 0; ins[i].name; i++) {
        if (ins[i].flags & SDAG_PORT_EVAL) eval = i;
        if (!strcmp(ins[i].name, probe->type->collect->passes[x->req->pass])) data = i;
    }
    x->data = &probe->in[data].refs[0];
    x->data_is_source = ins[data].flags & SDAG_PORT_SOURCE;
    bool *need = SDAG_NEWS(b->arena, bool, g->n_nodes);
    int32_t source = source_of(g, x->data->node);
    b->loc = x->data->loc;
    if (source < 0 || !sdag_role_is_data(g->nodes[x->data->node].type->role)) {
        sdag_build_fail(b, "%s.%s takes a data source, or an augment of one", probe->name, ins[data].name);
        return;
    }
    if (x->data_is_source && source != x->data->node) {
        sdag_build_fail(b, "%s.%s takes a data source: the augmentations of the phase are applied to it", probe->name,
                        ins[data].name);
        return;
    }
    need[source] = true;
    mark_needed(x, need, x->data->node);
    mark_needed(x, need, probe->in[eval].refs[0].node);
    lower_needed(x, need);
    if (b->status) return;
    sdag_collected c = {.node = x->req->probe, .n = 3};
    c.vals = SDAG_NEWS(b->arena, sdag_val, 3);
    enter_node(x, x->req->probe);
    c.vals[0] = sdag_wire_as_f32(x, probe, eval, sdag_wire_view(x, probe, eval, 0));
    sdag_node s = {.ctx = x, .g = &g->nodes[source], .index = source, .view = -1, .n_views = 1};
    c.vals[1] = sdag_source_labels(b, &s);
    c.vals[2] = sdag_source_ids(b, &s);
    if (!b->status) *SDAG_PUSH(b->arena, &x->out->collected) = c;
}

sdag_status sdag_lower(sdag_lowered **out, sdag_arena *a, sdag_log *log, const sdag_lower_request *r)
{
    sdag_lowered *l = SDAG_NEW(a, sdag_lowered);
    sdag_lower_request *req = SDAG_NEW(a, sdag_lower_request);
    sdag_lowering *x = SDAG_NEW(a, sdag_lowering);
    *req = *r;
    l->request = req;
    l->loss_node = -1;
    l->ports = SDAG_NEWS(a, sdag_lowered_port *, r->graph->n_nodes + 1);
    *x = (sdag_lowering){.out = l, .req = req};
    sdag_build_init(&x->build, a, log, &l->program);
    x->build.host = x;
    if (r->pass >= 0) lower_pass(x);
    else if (r->look) lower_look(x);
    else lower_phase(x);
    *out = l;
    return x->build.status;
}

static const char *const part_names[] = {"feed", "forward", "backward", "update"};

void sdag_lowered_print(sdag_str *s, const sdag_lowered *l)
{
    const sdag_program *p = &l->program;
    const sdag_gnode *nodes = l->request->graph->nodes;
    char text[SDAG_SHAPE_TEXT];
    for (int i = 0; i < p->states.n; i++) {
        const sdag_state *t = &p->states.at[i];
        sdag_str_addf(s, "state %%%d = %s.%s %s%s\n", t->first, t->node, t->name,
                      sdag_shape_text(text, t->dtype, t->shape),
                      t->frozen                       ? " frozen"
                      : t->flags & SDAG_STATE_TRAINED ? " trained"
                                                      : "");
    }
    int part = -1, node = -2;
    const char *inner = "";
    for (int i = 0; i < p->ops.n; i++) {
        const sdag_program_op *o = &p->ops.at[i];
        if (o->part != part) sdag_str_addf(s, "-- %s\n", part_names[o->part]);
        if (o->node != node || o->part != part || strcmp(o->inner, inner)) {
            const int path = (int)strlen(o->inner);
            sdag_str_addf(s, "   # %s%s%.*s\n", o->node >= 0 ? nodes[o->node].name : "compiler", path ? "." : "",
                          path ? path - 1 : 0, o->inner);
        }
        part = o->part;
        node = o->node;
        inner = o->inner;
        sdag_str_addf(s, "  ");
        for (int k = 0; k < o->n_out; k++) {
            const sdag_value *v = &p->values.at[o->out[k]];
            sdag_str_addf(s, "%s%%%d %s", k ? ", " : "", o->out[k], sdag_shape_text(text, v->dtype, v->shape));
        }
        sdag_str_addf(s, "%s%s(", o->n_out ? " = " : "", o->op->name);
        for (int k = 0; k < o->n_in; k++) sdag_str_addf(s, "%s%%%d", k ? ", " : "", o->in[k]);
        sdag_str_addf(s, ")\n");
    }
    if (l->loss) sdag_str_addf(s, "loss %%%d\n", l->loss);
}
