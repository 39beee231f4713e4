/* Modules: their inner nodes, lowered one after the other as if they stood in the phase, with ports of their own. What
 * they emit belongs to the node of the phase, and their states are called by their path in it: so a module that is
 * built as a built-in type is gives the same program, to the bit, and its weights have the same names. */
#include <string.h>

#include "core/ops/ops.h"
#include "graphs/lower/lower_int.h"

/* A plain value, or for a module that maps what is being mapped. */
static sdag_lowered_port *one_value(sdag_build *b, const sdag_node *self, const char *port)
{
    sdag_lowered_port *p = SDAG_NEW(b->arena, sdag_lowered_port);
    *p = (sdag_lowered_port){.n = 1, .vals = SDAG_NEW(b->arena, sdag_val), .beside = sdag_in_beside(b, self, port)};
    p->vals[0] = sdag_in(b, self, port);
    return p;
}

/* A bundle goes in as it is: where one wire brings it, the port that it comes from serves, so that the views are joined
 * and cut once for all who read them. */
static sdag_lowered_port *as_it_is(sdag_build *b, const sdag_node *self, int port)
{
    sdag_lowering *x = self->ctx;
    const char *name = self->g->type->ins[port].name;
    sdag_wires w = sdag_wires_of(x, self->g, port);
    int n = sdag_wire_views(x, self->g, port);
    if (n <= 1 || b->status) return one_value(b, self, name);
    const sdag_ref *r = &w.refs[0];
    sdag_lowered_port *from = &x->out->ports[r->node][r->port], *p;
    sdag_val first = sdag_wire_view(x, self->g, port, 0);
    if (w.n == 1 && !r->view && sdag_value_at(b, first)->dtype != SDAG_DT_U8) return from;
    p = SDAG_NEW(b->arena, sdag_lowered_port);
    *p = (sdag_lowered_port){.n = n, .vals = SDAG_NEWS(b->arena, sdag_val, n), .beside = from->beside};
    p->names = sdag_wire_names(x, self->g, port, n);
    for (int i = 0; i < n; i++) p->vals[i] = sdag_in_view(b, self, name, i);
    return p;
}

/* The values of the inputs, given by the stand-ins. */
static void fill_stand_ins(sdag_build *b, const sdag_node *self, sdag_lowered_port **ports)
{
    const sdag_node_type *t = self->g->type;
    for (int i = 0; i < self->g->inner->n_in && !b->status; i++)
        ports[i] = t->maps ? one_value(b, self, t->ins[i].name) : as_it_is(b, self, i);
}

static void give(sdag_build *b, const sdag_node *self, int out, const sdag_lowered_port *p, const char *view)
{
    const char *name = self->g->type->outs[out].name;
    if (!p->n) return; /* optional, and not given: an error only where it is read */
    int k = 0;
    while (view && k + 1 < p->n && strcmp(p->names[k], view)) k++;
    if (p->n > 1 && !view) {
        sdag_lowering *x = self->ctx;
        x->out->ports[self->index][out] = *p;
        return;
    }
    if (!p->vals[k] && p->joint) {
        int64_t rows = sdag_dim(b, p->joint, 0) / p->n;
        p->vals[k] = sdag_op_slice(b, p->joint, 0, k * rows, (k + 1) * rows);
    }
    sdag_out(b, self, name, p->vals[k]);
    sdag_out_beside(b, self, name, &p->beside);
}

/* The notes of nested modules follow each other, from the inside out. */
static void note_use(sdag_build *b, const sdag_gnode *g)
{
    const sdag_loc type = sdag_gnode_opt_loc(g, "type");
    sdag_log_add(b->log, SDAG_NOTE, type, "in %s, used here", g->type->name);
}

void sdag_lower_inner(sdag_build *b, const sdag_node *self)
{
    sdag_lowering *x = self->ctx;
    const sdag_inner *in = self->g->inner;
    const sdag_graph *file = x->req->graph;
    sdag_lowered_port **ports = SDAG_NEWS(b->arena, sdag_lowered_port *, in->n_nodes);
    fill_stand_ins(b, self, ports);
    if (b->status) return;

    const sdag_nesting here = {.path = b->inner, .training = b->training, .frozen = b->frozen}, *up = x->nesting;
    const sdag_loc loc = b->loc;
    const sdag_ref *data = x->data;
    const sdag_copying *copying = x->copying;
    const sdag_lower_request *req = x->req;
    sdag_lowered_port **outer = x->out->ports;
    const sdag_graph body = {.file = file->file, .name = file->name, .nodes = in->nodes, .n_nodes = in->n_nodes};
    sdag_lower_request inner = *req;
    inner.graph = &body;
    x->nesting = &here;
    x->data = NULL;
    x->copying = NULL;
    x->req = &inner;
    x->out->ports = ports;
    for (int i = in->n_in; i < in->n_nodes && !b->status; i++) sdag_lower_node(x, i);
    x->nesting = up;
    x->data = data;
    x->copying = copying;
    x->req = req;
    x->out->ports = outer;
    b->inner = here.path;
    b->training = here.training;
    b->frozen = here.frozen;
    b->loc = loc;
    if (b->status) note_use(b, self->g);
    for (int i = 0; self->g->type->outs[i].name && !b->status; i++)
        give(b, self, i, &ports[in->outs[i].node][in->outs[i].port], in->outs[i].view);
}
