#include "graphs/autodiff/autodiff.h"

#include <string.h>

#include "core/ops/ops.h"
#include "graphs/lower/lower_int.h"

/* Results smaller than this are kept for the backward pass: computing them again would save nothing. */
enum { AGAIN_BYTES = 64 * 1024 };

typedef struct walk {
    sdag_build *b;
    int n_vals;      /* values of the forward program */
    bool *needs;     /* depends on something to be differentiated */
    sdag_val *grad;  /* gradient so far */
    sdag_val *again; /* a value computed again for the backward pass */
} walk;

static void mark_needs(walk *w, int n, const sdag_val *x)
{
    const sdag_program *p = w->b->program;
    for (int i = 0; i < n; i++) w->needs[x[i]] = true;
    for (int i = 0; i < p->ops.n; i++) {
        const sdag_program_op *o = &p->ops.at[i];
        if (!o->op->grad || o->op->flags & (SDAG_OP_NOGRAD | SDAG_OP_UPDATES)) continue;
        bool any = false;
        for (int k = 0; k < o->n_in; k++) any |= w->needs[o->in[k]];
        for (int k = 0; k < o->n_out; k++) w->needs[o->out[k]] |= any && p->values.at[o->out[k]].dtype == SDAG_DT_F32;
    }
}

static void accumulate(walk *w, sdag_val v, sdag_val g)
{
    if (g) w->grad[v] = w->grad[v] ? sdag_op_add(w->b, w->grad[v], g) : g;
}

/* The argument v of an adjoint, computed again instead of kept, when its op can do that. Waits for the op `after`, so
 * that it is not made long before it is used. */
static sdag_val cheap_again(walk *w, sdag_val v, int32_t after)
{
    const sdag_program *p = w->b->program;
    if (v >= w->n_vals || p->values.at[v].producer < 0) return v;
    if (w->again[v]) return w->again[v];
    sdag_program_op o = p->ops.at[p->values.at[v].producer];
    size_t bytes;
    if (!o.op->again || v != o.out[0] || !sdag_shape_bytes(&bytes, SDAG_DT_F32, p->values.at[v].shape) ||
        bytes < AGAIN_BYTES)
        return v;
    int first = p->ops.n;
    sdag_val r = o.op->again(w->b, &o);
    for (int i = first; i < p->ops.n; i++) p->ops.at[i].after = after;
    w->again[v] = r ? r : v;
    return w->again[v];
}

static void visit(walk *w, int i)
{
    sdag_build *b = w->b;
    sdag_program_op o = b->program->ops.at[i]; /* a copy: the list grows below */
    if (!o.op->grad || o.op->flags & (SDAG_OP_NOGRAD | SDAG_OP_UPDATES)) return;
    sdag_val gout[SDAG_OUT_MAX] = {0}, gin[SDAG_IN_MAX] = {0}, in[SDAG_IN_MAX];
    bool wants[SDAG_IN_MAX] = {0}, reached = false, wanted = false;
    int32_t after = -1;
    for (int k = 0; k < o.n_out; k++) {
        gout[k] = w->grad[o.out[k]];
        if (!gout[k]) continue;
        reached = true;
        if (sdag_value_at(b, gout[k])->producer > after) after = sdag_value_at(b, gout[k])->producer;
    }
    for (int k = 0; k < o.n_in; k++) wanted |= wants[k] = w->needs[o.in[k]];
    if (!reached || !wanted) return;
    b->node = o.node;
    b->inner = o.inner ? o.inner : "";
    if (o.inner && o.inner[0]) b->loc = o.loc;
    for (int k = 0; k < o.n_in; k++) in[k] = cheap_again(w, o.in[k], after);
    sdag_program_op view = o;
    view.in = in;
    o.op->grad(b, &view, gout, wants, gin);
    for (int k = 0; k < o.n_in && !b->status; k++)
        if (wants[k]) accumulate(w, o.in[k], gin[k]);
}

void sdag_gradients(sdag_build *b, sdag_val y, int n, const sdag_val *x, sdag_val *gx)
{
    memset(gx, 0, (size_t)n * sizeof *gx);
    if (b->status) return;
    walk w = {.b = b, .n_vals = b->program->values.n};
    w.needs = SDAG_NEWS(b->arena, bool, w.n_vals);
    w.grad = SDAG_NEWS(b->arena, sdag_val, w.n_vals);
    w.again = SDAG_NEWS(b->arena, sdag_val, w.n_vals);
    mark_needs(&w, n, x);
    int n_ops = b->program->ops.n;
    sdag_part part = b->part;
    const sdag_loc loc = b->loc;
    const char *inner = b->inner;
    b->part = SDAG_PART_BACKWARD;
    w.grad[y] = sdag_filled(b, sdag_shape_at(b, y), 1.0f);
    for (int i = n_ops - 1; i >= 0 && !b->status; i--) visit(&w, i);
    b->part = part;
    b->inner = inner;
    b->loc = loc;
    for (int i = 0; i < n && !b->status; i++) gx[i] = w.grad[x[i]];
}

/* The lists of a program, copied so that more can be added. */
static void copy_lists(sdag_arena *a, sdag_lowered *to, const sdag_lowered *from)
{
    *to = *from;
    const sdag_program *p = &from->program;
    sdag_program *q = &to->program;
#define COPY(list) \
    q->list.at = (void *)sdag_arena_copy(a, p->list.at, (size_t)p->list.n * sizeof *p->list.at), q->list.cap = q->list.n
    COPY(values);
    COPY(ops);
    COPY(states);
    COPY(schedules);
    COPY(feeds);
#undef COPY
}

/* A node with weights to train that the loss does not depend on is a mistake in the wiring. */
static void check_reached(sdag_lowering *x, const sdag_gnode *nodes)
{
    sdag_build *b = &x->build;
    const sdag_program *p = b->program;
    for (int i = 0; i < p->states.n && !b->status; i++) {
        const sdag_state *s = &p->states.at[i];
        if (!(s->flags & SDAG_STATE_TRAINED) || s->frozen) continue;
        bool reached = false;
        for (int k = 0; k < x->out->trained.n; k++)
            reached |= p->states.at[x->out->trained.at[k].state].node_index == s->node_index;
        if (reached) continue;
        b->loc = nodes[s->node_index].loc;
        sdag_build_fail(b,
                        "'%s' has weights to train, but no gradient reaches it from '%s'; wire it to the loss, or give "
                        "it freeze: true",
                        s->node, nodes[x->out->loss_node].name);
    }
}

static void lower_optimizer(sdag_lowering *x)
{
    sdag_build *b = &x->build;
    const sdag_graph *g = x->req->graph;
    int32_t index = g->phases[x->req->phase].optimizer;
    const sdag_gnode *opt = &g->nodes[index];
    b->node = index;
    b->node_name = opt->name;
    b->loc = opt->loc;
    b->part = SDAG_PART_UPDATE;
    b->training = true;
    b->frozen = false;
    b->prefix = "";
    x->out->ports[index] = SDAG_NEW(b->arena, sdag_lowered_port);
    sdag_node self = {.ctx = x, .g = opt, .index = index, .view = -1, .n_views = 1};
    opt->type->lower(b, &self);
}

sdag_status sdag_train(sdag_lowered **out, sdag_arena *a, sdag_log *log, const sdag_lowered *fwd)
{
    sdag_lowered *l = SDAG_NEW(a, sdag_lowered);
    copy_lists(a, l, fwd);
    *out = l;
    if (!l->loss) return SDAG_OK;
    sdag_lowering *x = SDAG_NEW(a, sdag_lowering);
    *x = (sdag_lowering){.out = l, .req = fwd->request, .trained_of = l};
    sdag_build_init(&x->build, a, log, &l->program);
    sdag_build *b = &x->build;
    b->host = x;
    b->training = true;

    int n = 0;
    const sdag_program *p = &l->program;
    sdag_val *params = SDAG_NEWS(a, sdag_val, p->states.n + 1), *grads = SDAG_NEWS(a, sdag_val, p->states.n + 1);
    int32_t *state = SDAG_NEWS(a, int32_t, p->states.n + 1);
    for (int32_t i = 0; i < p->states.n; i++) {
        const sdag_state *s = &p->states.at[i];
        if (!(s->flags & SDAG_STATE_TRAINED) || s->frozen) continue;
        state[n] = i;
        params[n++] = s->first;
    }
    const sdag_gnode *nodes = fwd->request->graph->nodes;
    b->loc = nodes[l->loss_node].loc;
    b->node_name = nodes[l->loss_node].name;
    sdag_gradients(b, l->loss, n, params, grads);
    for (int i = 0; i < n && !b->status; i++) {
        const sdag_state *s = &p->states.at[state[i]];
        if (!grads[i]) continue;
        *SDAG_PUSH(a, &l->trained) = (sdag_trained){.param = params[i],
                                                    .grad = grads[i],
                                                    .node = s->node,
                                                    .name = s->name,
                                                    .flags = s->flags,
                                                    .rank = s->shape.rank,
                                                    .state = state[i]};
    }
    if (!b->status) check_reached(x, nodes);
    if (!b->status) lower_optimizer(x);
    if (!b->status) sdag_lower_updates(x);
    return b->status;
}
