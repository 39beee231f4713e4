/* The operations of a phase's forward pass as a picture: one box an operation, one frame a node. The backward pass is
 * the same graph turned round, and would hide it. */
#include "graphs/lower/lower.h"
#include "viz/picture.h"

/* Frames are made when the first operation of a node needs one. */
typedef struct frames {
    sdag_picture *p;
    const sdag_graph *g;
    int32_t phase;
    int group, *of; /* of each node; -1: none yet */
} frames;

static int frame_of(frames *f, int32_t node)
{
    if (node < 0) return f->group;
    if (f->of[node] < 0) {
        const sdag_gnode *n = &f->g->nodes[node];
        f->of[node] = sdag_picture_group(f->p, f->group,
                                         sdag_arena_printf(f->p->a, "g%d_%s", (int)f->phase + 1, n->name), n->name);
        f->p->groups.at[f->of[node]].look = sdag_picture_look(f->g, n);
        f->p->groups.at[f->of[node]].detail = sdag_picture_text(f->p, n->type->name, 48);
    }
    return f->of[node];
}

static const char *value_text(sdag_picture *p, const sdag_lowered *l, sdag_val v)
{
    const sdag_value *x = &l->program.values.at[v];
    return sdag_shape_text(sdag_arena_get(p->a, SDAG_SHAPE_TEXT), x->dtype, x->shape);
}

/* What the host fills in: named by what it is filled with. */
static int add_input(frames *f, const sdag_lowered *l, sdag_val v)
{
    const sdag_program *q = &l->program;
    const char *name = "schedule";
    int32_t node = q->values.at[v].node;
    for (int i = 0; i < q->feeds.n; i++) {
        if (q->feeds.at[i].ids == v) name = "ids";
        if (q->feeds.at[i].labels == v) name = "labels";
        if (q->feeds.at[i].ids == v || q->feeds.at[i].labels == v) node = q->feeds.at[i].node;
    }
    int box = sdag_picture_box(f->p, frame_of(f, node), SDAG_LOOK_INPUT,
                               sdag_arena_printf(f->p->a, "p%d_in%d", (int)f->phase + 1, (int)v), name);
    SDAG_PICTURE_ADD(f->p->boxes.at[box].details, value_text(f->p, l, v));
    return box;
}

/* What shows how values are computed: not the keeping of counts and averages, no views that nobody reads. */
static bool *choose_ops(sdag_arena *a, const sdag_lowered *l)
{
    const sdag_program *q = &l->program;
    bool *drawn = SDAG_NEWS(a, bool, q->ops.n), *read = SDAG_NEWS(a, bool, q->values.n);
    read[l->loss] = true;
    for (int i = q->ops.n - 1; i >= 0; i--) {
        const sdag_program_op *o = &q->ops.at[i];
        bool used = !(o->op->flags & SDAG_OP_VIEW);
        for (int k = 0; k < o->n_out; k++) used |= read[o->out[k]];
        drawn[i] = used && !(o->op->flags & SDAG_OP_UPDATES);
        for (int k = 0; drawn[i] && k < o->n_in; k++) read[o->in[k]] = true;
    }
    return drawn;
}

static int add_op(frames *f, const sdag_lowered *l, int index)
{
    const sdag_program_op *o = &l->program.ops.at[index];
    int i = sdag_picture_box(f->p, frame_of(f, o->node), SDAG_LOOK_OP,
                             sdag_arena_printf(f->p->a, "p%d_op%d", (int)f->phase + 1, index), o->op->name);
    sdag_box *box = &f->p->boxes.at[i];
    if (o->n_out) SDAG_PICTURE_ADD(box->details, value_text(f->p, l, o->out[0]));
    if (o->op->math) box->tip = sdag_picture_text(f->p, o->op->math, 160);
    return i;
}

static sdag_status check_size(const sdag_picture *p, sdag_log *log, const sdag_phase *phase, int ops, bool alone)
{
    if (p->boxes.n <= SDAG_VIZ_OPS_MAX && sdag_picture_reach(p) <= SDAG_VIZ_OPS_REACH_MAX) return SDAG_OK;
    return sdag_fail(log, SDAG_USAGE, phase->loc, "the %d operations of phase '%s' are too many to be laid out%s", ops,
                     phase->name, alone ? ": take --format dot or --level nodes" : " with the others: add --phase");
}

static sdag_status draw_phase(sdag_picture *p, sdag_log *log, const sdag_graph *g, int32_t phase, bool alone)
{
    sdag_lowered *l;
    sdag_lower_request r = {.graph = g, .phase = phase, .training = g->phases[phase].optimizer >= 0, .pass = -1};
    sdag_status status = sdag_lower(&l, p->a, log, &r);
    if (status) return status;
    const sdag_program *q = &l->program;
    bool *drawn = choose_ops(p->a, l);
    int *made = SDAG_NEWS(p->a, int, q->values.n);
    frames f = {p, g, phase, sdag_picture_phase(p, g, phase), SDAG_NEWS(p->a, int, g->n_nodes)};
    for (int32_t i = 0; i < g->n_nodes; i++) f.of[i] = -1;
    for (int i = 0; i < q->values.n; i++) made[i] = -1;
    for (int i = 0; i < q->ops.n; i++) {
        const sdag_program_op *o = &q->ops.at[i];
        if (!drawn[i]) continue;
        int box = add_op(&f, l, i);
        for (int k = 0; k < o->n_in; k++) {
            const sdag_value *v = &q->values.at[o->in[k]];
            if (v->kind == SDAG_VAL_INPUT && made[o->in[k]] < 0) made[o->in[k]] = add_input(&f, l, o->in[k]);
            if (made[o->in[k]] >= 0) sdag_picture_line(p, made[o->in[k]], box, SDAG_LINE_WIRE);
            else if (v->kind == SDAG_VAL_STATE && v->state >= 0) /* weights are told rather than drawn */
                SDAG_PICTURE_ADD(p->boxes.at[box].details, sdag_picture_text(p, q->states.at[v->state].name, 40));
        }
        for (int k = 0; k < o->n_out; k++) made[o->out[k]] = box;
    }
    return p->laid_out ? check_size(p, log, &g->phases[phase], q->ops.n, alone) : SDAG_OK;
}

sdag_status sdag_picture_ops(sdag_picture *p, sdag_log *log, const sdag_graph *g, int32_t only)
{
    sdag_status status = SDAG_OK;
    p->detail = "operations of the forward pass";
    for (int32_t i = 0; i < g->n_phases && !status; i++)
        if (only < 0 || only == i) status = draw_phase(p, log, g, i, only >= 0 || g->n_phases == 1);
    return status;
}
