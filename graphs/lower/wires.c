/* Values on wires: what a ref means, joining and cutting bundles, pixels as numbers. And the functions of
 * core/node/node.h that nodes call while they are lowered. */
#include <string.h>

#include "core/ops/ops.h"
#include "graphs/lower/lower_int.h"

bool sdag_stands_in(const sdag_lowering *x, const sdag_gnode *to, const sdag_ref *from)
{
    sdag_role r = x->req->graph->nodes[from->node].type->role;
    if (!x->data) return false;
    if (x->data_is_source) return r == SDAG_ROLE_SOURCE;
    return !sdag_role_is_data(to->type->role) && sdag_role_is_data(r);
}

/* The output of the source that stands in which is called as the one that the wire came from. */
static sdag_wires same_output(sdag_lowering *x, const sdag_ref *from)
{
    const sdag_gnode *was = &x->req->graph->nodes[from->node], *now = &x->req->graph->nodes[x->data->node];
    sdag_ref *r = SDAG_NEW(x->build.arena, sdag_ref);
    *r = *x->data;
    for (r->port = 0; now->type->outs[r->port].name; r->port++)
        if (!strcmp(now->type->outs[r->port].name, was->type->outs[from->port].name))
            return (sdag_wires){.refs = r, .n = 1};
    x->build.loc = x->data->loc;
    sdag_build_fail(&x->build, "'%s' (%s) cannot stand in for '%s': it has no output '%s'", now->name, now->type->name,
                    was->name, was->type->outs[from->port].name);
    return (sdag_wires){0};
}

/* The refs of a port; while a probe is evaluated, its data stand in for the data that training used. What a port that
 * may be left open read of them (which patches are visible) does not fit other data: it is open then. */
sdag_wires sdag_wires_of(sdag_lowering *x, const sdag_gnode *to, int port)
{
    sdag_wires w = to->in[port];
    if (w.n && sdag_copy_reads_outside(x, to, &w.refs[0])) {
        if (to->type->ins[port].flags & SDAG_PORT_OPTIONAL) return (sdag_wires){0};
        return sdag_wires_of(x, x->copying->self, x->copying->in);
    }
    if (!w.n || !sdag_stands_in(x, to, &w.refs[0])) return w;
    if (!x->data_is_source)
        return to->type->ins[port].flags & SDAG_PORT_OPTIONAL ? (sdag_wires){0}
                                                              : (sdag_wires){.refs = (sdag_ref *)x->data, .n = 1};
    return same_output(x, &w.refs[0]);
}

static sdag_lowered_port *port_of(sdag_lowering *x, const sdag_ref *r)
{
    sdag_lowered_port *ports = x->out->ports[r->node];
    return ports ? &ports[r->port] : NULL;
}

/* Member `view` of a port whose views are still joined is cut out when it is asked for: a view, no copy. */
sdag_val sdag_port_view(sdag_lowering *x, sdag_lowered_port *p, int view)
{
    if (!p->vals[view] && p->joint) {
        int64_t rows = sdag_dim(&x->build, p->joint, 0) / p->n;
        p->vals[view] = sdag_op_slice(&x->build, p->joint, 0, view * rows, (view + 1) * rows);
    }
    return p->vals[view];
}

static int view_index(const sdag_lowered_port *p, const char *view)
{
    for (int i = 0; p->names && i < p->n; i++)
        if (!strcmp(p->names[i], view)) return i;
    return -1;
}

/* Views that one ref stands for: from *first, count returned; 0 after a reported failure. */
static int ref_views(sdag_lowering *x, const sdag_ref *r, int *first)
{
    const sdag_lowered_port *p = port_of(x, r);
    *first = 0;
    if (!p || !p->n) {
        x->build.loc = r->loc;
        const sdag_gnode *from = &x->req->graph->nodes[r->node];
        const sdag_port *out = &from->type->outs[r->port];
        if (p && out->flags & SDAG_PORT_OPTIONAL)
            sdag_build_fail(&x->build, "'%s' gives no '%s' with these options", from->name, out->name);
        else sdag_build_fail(&x->build, "'%s' gives no value here", from->name);
        return 0;
    }
    if (!r->view) return p->n;
    *first = view_index(p, r->view);
    if (*first >= 0) return 1;
    x->build.loc = r->loc;
    sdag_build_fail(&x->build, "'%s' has no view '%s'", x->req->graph->nodes[r->node].name, r->view);
    return 0;
}

int sdag_wire_views(sdag_lowering *x, const sdag_gnode *to, int port)
{
    sdag_wires w = sdag_wires_of(x, to, port);
    int n = 0, first;
    for (int i = 0; i < w.n; i++) n += ref_views(x, &w.refs[i], &first);
    return n;
}

sdag_val sdag_wire_view(sdag_lowering *x, const sdag_gnode *to, int port, int view)
{
    sdag_wires w = sdag_wires_of(x, to, port);
    for (int i = 0, first; i < w.n; i++) {
        int n = ref_views(x, &w.refs[i], &first);
        if (view < n) return sdag_port_view(x, port_of(x, &w.refs[i]), first + view);
        view -= n;
    }
    return 0;
}

/* What is joined is cut into equal parts again. */
static void need_as_many(sdag_lowering *x, const sdag_gnode *to, int port, const sdag_ref *r, sdag_val first,
                         sdag_val v)
{
    sdag_build *b = &x->build;
    const int64_t n = sdag_dim(b, first, 0), m = sdag_dim(b, v, 0);
    if (n == m || b->status) return;
    b->loc = r->loc;
    sdag_build_fail(b, "%s.%s: the views of a bundle need as many samples, but the first has %lld and this one %lld",
                    to->name, to->type->ins[port].name, (long long)n, (long long)m);
}

sdag_val sdag_wire_joint(sdag_lowering *x, const sdag_gnode *to, int port)
{
    sdag_wires w = sdag_wires_of(x, to, port);
    int n = sdag_wire_views(x, to, port);
    if (n == 0) return 0;
    if (n == 1) return sdag_wire_view(x, to, port, 0);
    if (w.n == 1 && !w.refs[0].view && port_of(x, &w.refs[0])->joint) return port_of(x, &w.refs[0])->joint;
    sdag_val *vals = SDAG_NEWS(x->build.arena, sdag_val, n);
    for (int i = 0; i < n; i++) vals[i] = sdag_wire_as_f32(x, to, port, sdag_wire_view(x, to, port, i));
    for (int i = 1; i < n; i++) need_as_many(x, to, port, &w.refs[w.n == n ? i : 0], vals[0], vals[i]);
    sdag_val joint = sdag_op_concat(&x->build, n, vals, 0);
    if (w.n == 1 && !w.refs[0].view) port_of(x, &w.refs[0])->joint = joint;
    return joint;
}

sdag_val sdag_wire_as_f32(sdag_lowering *x, const sdag_gnode *to, int port, sdag_val v)
{
    sdag_build *b = &x->build;
    const char *type = to->type->ins[port].type;
    if (!v || sdag_value_at(b, v)->dtype != SDAG_DT_U8 || (strncmp(type, "f32", 3) && !strstr(type, "image"))) return v;
    sdag_wires w = sdag_wires_of(x, to, port);
    if (port_of(x, &w.refs[0])->beside.dims) {
        b->loc = w.refs[0].loc;
        sdag_build_fail(b,
                        "'%s' gives images of mixed sizes: give the source a size, or put an augment that resizes "
                        "between it and '%s'",
                        x->req->graph->nodes[w.refs[0].node].name, to->name);
        return 0;
    }
    return sdag_op_to_f32(b, v, 1.0f / 255, 0);
}

int sdag_port_number(const sdag_port *ports, const char *name)
{
    for (int i = 0; ports && ports[i].name; i++)
        if (!strcmp(ports[i].name, name)) return i;
    return -1;
}

static int in_index(sdag_build *b, const sdag_node *self, const char *port)
{
    int i = sdag_port_number(self->g->type->ins, port);
    if (i < 0) sdag_build_fail(b, "%s: its type has no input '%s'", self->g->name, port);
    return i;
}

const void *sdag_node_opts(const sdag_node *n) { return n->g->opts; }

const sdag_node_type *sdag_lowered_type(const sdag_node *n) { return n->g->type; }

const char *sdag_node_name(const sdag_node *n) { return n->g->name; }

bool sdag_in_given(const sdag_node *self, const char *port)
{
    int i = sdag_port_number(self->g->type->ins, port);
    return i >= 0 && sdag_wires_of(self->ctx, self->g, i).n > 0;
}

sdag_val sdag_in(sdag_build *b, const sdag_node *self, const char *port)
{
    int i = in_index(b, self, port);
    if (i < 0 || !sdag_wires_of(self->ctx, self->g, i).n) return 0;
    int n = sdag_wire_views(self->ctx, self->g, i);
    if (b->status) return 0;
    sdag_val v = self->view >= 0 && n > 1 ? sdag_wire_view(self->ctx, self->g, i, self->view)
                                          : sdag_wire_joint(self->ctx, self->g, i);
    return sdag_wire_as_f32(self->ctx, self->g, i, v);
}

int sdag_in_views(sdag_build *b, const sdag_node *self, const char *port)
{
    int i = in_index(b, self, port);
    return i < 0 || b->status ? 0 : sdag_wire_views(self->ctx, self->g, i);
}

sdag_val sdag_in_view(sdag_build *b, const sdag_node *self, const char *port, int view)
{
    int i = in_index(b, self, port);
    if (i < 0 || b->status) return 0;
    return sdag_wire_as_f32(self->ctx, self->g, i, sdag_wire_view(self->ctx, self->g, i, view));
}

sdag_val sdag_in_joint(sdag_build *b, const sdag_node *self, const char *port)
{
    int i = in_index(b, self, port);
    if (i < 0 || b->status) return 0;
    return sdag_wire_as_f32(self->ctx, self->g, i, sdag_wire_joint(self->ctx, self->g, i));
}

sdag_val sdag_in_image(sdag_build *b, const sdag_node *self, const char *port, sdag_val *dims, int64_t *channels)
{
    *dims = 0;
    *channels = 1;
    int i = in_index(b, self, port);
    if (i < 0 || b->status || !self->g->in[i].n) return 0;
    sdag_val v = sdag_wire_joint(self->ctx, self->g, i);
    if (b->status || !v) return 0;
    sdag_wires w = sdag_wires_of(self->ctx, self->g, i);
    const sdag_lowered_port *p = port_of(self->ctx, &w.refs[0]);
    *dims = p->beside.dims;
    *channels = p->beside.channels ? p->beside.channels : sdag_dim(b, v, -1);
    return v;
}

sdag_beside sdag_in_beside(sdag_build *b, const sdag_node *self, const char *port)
{
    int i = in_index(b, self, port);
    sdag_wires w = {0};
    if (i >= 0 && !b->status) w = sdag_wires_of(self->ctx, self->g, i);
    const sdag_lowered_port *p = w.n ? port_of(self->ctx, &w.refs[0]) : NULL;
    return p ? p->beside : (sdag_beside){0};
}

static sdag_lowered_port *out_port(sdag_build *b, const sdag_node *self, const char *port)
{
    int i = sdag_port_number(self->g->type->outs, port);
    if (i < 0) sdag_build_fail(b, "%s: its type has no output '%s'", self->g->name, port);
    return b->status ? NULL : &self->ctx->out->ports[self->index][i];
}

static void reserve(sdag_build *b, sdag_lowered_port *p, int n)
{
    sdag_val *vals = SDAG_NEWS(b->arena, sdag_val, n);
    const char **names = SDAG_NEWS(b->arena, const char *, n);
    for (int i = 0; i < p->n; i++) {
        vals[i] = p->vals[i];
        names[i] = p->names ? p->names[i] : "";
    }
    p->vals = vals;
    p->names = names;
}

void sdag_out(sdag_build *b, const sdag_node *self, const char *port, sdag_val v)
{
    sdag_lowered_port *p = out_port(b, self, port);
    if (!p) return;
    p->feed = b->part == SDAG_PART_FEED;
    if (self->n_views <= 1) {
        p->n = 1;
        p->names = NULL;
        p->vals = SDAG_NEW(b->arena, sdag_val);
        p->vals[0] = v;
        return;
    }
    if (p->n != self->n_views) reserve(b, p, self->n_views);
    p->n = self->n_views;
    p->names = self->names;
    if (self->view < 0) p->joint = v;
    else p->vals[self->view] = v;
}

void sdag_out_beside(sdag_build *b, const sdag_node *self, const char *port, const sdag_beside *beside)
{
    sdag_lowered_port *p = out_port(b, self, port);
    if (p) p->beside = *beside;
}

void sdag_out_image(sdag_build *b, const sdag_node *self, const char *port, sdag_val v, sdag_val dims, int64_t channels)
{
    sdag_out(b, self, port, v);
    sdag_out_beside(b, self, port, &(sdag_beside){.dims = dims, .channels = channels});
}

void sdag_out_view(sdag_build *b, const sdag_node *self, const char *port, const char *view, sdag_val v)
{
    sdag_lowered_port *p = out_port(b, self, port);
    if (!p) return;
    p->feed = b->part == SDAG_PART_FEED;
    reserve(b, p, p->n + 1);
    p->names[p->n] = view;
    p->vals[p->n++] = v;
}

sdag_val sdag_scheduled_val(sdag_build *b, const sdag_schedule *s)
{
    if (s->rule == SDAG_SCHED_CONST && s->warmup.n <= 0) return sdag_const_f32(b, s->from);
    sdag_val v = sdag_input(b, SDAG_DT_F32, SDAG_SCALAR);
    if (v) *SDAG_PUSH(b->arena, &b->program->schedules) = (sdag_scheduled){.val = v, .schedule = s};
    return v;
}

int64_t sdag_source_batch(sdag_build *b, const sdag_node *self)
{
    (void)b;
    const sdag_source_opts *o = self->g->opts;
    return self->ctx->req->batch > 0 ? self->ctx->req->batch : o->batch;
}

static const sdag_feed *feed_of(sdag_build *b, const sdag_node *self)
{
    sdag_program *p = b->program;
    for (int i = 0; i < p->feeds.n; i++)
        if (p->feeds.at[i].node == self->index) return &p->feeds.at[i];
    int64_t n = sdag_source_batch(b, self);
    sdag_feed f = {.node = self->index, .batch = n};
    f.ids = sdag_input(b, SDAG_DT_I32, SDAG_SHAPE(n));
    f.labels = sdag_input(b, SDAG_DT_I32, SDAG_SHAPE(n));
    if (b->status) return NULL;
    *SDAG_PUSH(b->arena, &p->feeds) = f;
    return &p->feeds.at[p->feeds.n - 1];
}

sdag_val sdag_source_ids(sdag_build *b, const sdag_node *self)
{
    const sdag_feed *f = b->status ? NULL : feed_of(b, self);
    return f ? f->ids : 0;
}

sdag_val sdag_source_labels(sdag_build *b, const sdag_node *self)
{
    const sdag_feed *f = b->status ? NULL : feed_of(b, self);
    return f ? f->labels : 0;
}

int sdag_trained_count(const sdag_build *b)
{
    const sdag_lowering *x = b->host;
    return b->status || !x->trained_of ? 0 : x->trained_of->trained.n;
}

const sdag_trained *sdag_trained_at(const sdag_build *b, int i)
{
    const sdag_lowering *x = b->host;
    return &x->trained_of->trained.at[i];
}

sdag_val sdag_slot(sdag_build *b, int i, const char *slot)
{
    if (b->status) return 0;
    const sdag_trained *t = sdag_trained_at(b, i);
    const char *name = sdag_arena_printf(b->arena, "%s.%s.%s", t->node, t->name, slot);
    return sdag_state_get(b, name, SDAG_DT_F32, sdag_shape_at(b, t->param), (sdag_init){0}, SDAG_STATE_SLOT);
}

sdag_val sdag_slot_counter(sdag_build *b, const char *name)
{
    return sdag_state_get(b, name, SDAG_DT_I32, SDAG_SCALAR, (sdag_init){0}, SDAG_STATE_SLOT);
}
