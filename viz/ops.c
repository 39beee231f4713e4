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
    int32_t only;   /* the one node that is drawn; -1: all */
} frames;

static int frame_of(frames *f, int32_t node)
{
    if (node < 0) return f->group;
    if (f->of[node] < 0) {
        const sdag_gnode *n = &f->g->nodes[node];
        f->of[node] = sdag_picture_group(f->p, f->group,
                                         sdag_arena_printf(f->p->a, "g%d_%s", (int)f->phase + 1, n->name), n->name);
        f->p->groups.at[f->of[node]].look = sdag_picture_look(f->g, n);
        SDAG_PICTURE_ADD(f->p->groups.at[f->of[node]].details, sdag_picture_text(f->p, n->type->name, 48));
    }
    return f->of[node];
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
    SDAG_PICTURE_ADD(f->p->boxes.at[box].details, sdag_picture_value(f->p, &l->program, v));
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
    if (o->n_out) SDAG_PICTURE_ADD(box->details, sdag_picture_value(f->p, &l->program, o->out[0]));
    if (o->op->math) SDAG_PICTURE_ADD(box->tips, sdag_picture_text(f->p, o->op->math, 160));
    return i;
}

/* What another node gives to the one that is drawn. */
static int add_outside(frames *f, const sdag_lowered *l, sdag_val v)
{
    int32_t node = l->program.values.at[v].node;
    const char *name = node >= 0 ? f->g->nodes[node].name : "input";
    int box = sdag_picture_box(f->p, f->group, SDAG_LOOK_PORT,
                               sdag_arena_printf(f->p->a, "p%d_from%d", (int)f->phase + 1, (int)v), name);
    SDAG_PICTURE_ADD(f->p->boxes.at[box].details, sdag_picture_value(f->p, &l->program, v));
    return box;
}

static sdag_status check_size(const sdag_picture *p, sdag_log *log, const sdag_phase *phase, int ops, bool alone)
{
    if (p->boxes.n <= SDAG_VIZ_OPS_MAX && sdag_picture_reach(p) <= SDAG_VIZ_OPS_REACH_MAX) return SDAG_OK;
    return sdag_fail(log, SDAG_USAGE, phase->loc, "the %d operations of phase '%s' are too many to be laid out%s", ops,
                     phase->name, alone ? ": take --format dot or --level nodes" : " with the others: add --phase");
}

static void draw_op(frames *f, const sdag_lowered *l, int index, int *made)
{
    const sdag_program *q = &l->program;
    const sdag_program_op *o = &q->ops.at[index];
    int box = add_op(f, l, index);
    for (int k = 0; k < o->n_in; k++) {
        const sdag_value *v = &q->values.at[o->in[k]];
        int *from = &made[o->in[k]];
        if (v->kind == SDAG_VAL_INPUT && *from < 0) *from = add_input(f, l, o->in[k]);
        else if (v->kind == SDAG_VAL_TEMP && *from < 0 && f->only >= 0 && v->node != f->only)
            *from = add_outside(f, l, o->in[k]);
        if (*from >= 0) sdag_picture_line(f->p, *from, box, SDAG_LINE_WIRE);
        else if (v->kind == SDAG_VAL_STATE && v->state >= 0) /* weights are told rather than drawn */
            SDAG_PICTURE_ADD(f->p->boxes.at[box].details, sdag_picture_text(f->p, q->states.at[v->state].name, 40));
    }
    for (int k = 0; k < o->n_out; k++) made[o->out[k]] = box;
}

static sdag_status draw_phase(sdag_picture *p, sdag_log *log, const sdag_graph *g, int32_t phase, int32_t only,
                              bool alone)
{
    sdag_lowered *l;
    sdag_lower_request r = {.graph = g, .phase = phase, .training = g->phases[phase].optimizer >= 0, .pass = -1};
    sdag_status status = sdag_lower(&l, p->a, log, &r);
    if (status) return status;
    const sdag_program *q = &l->program;
    const int before = p->boxes.n;
    bool *drawn = choose_ops(p->a, l);
    int *made = SDAG_NEWS(p->a, int, q->values.n);
    frames f = {p, g, phase, sdag_picture_phase(p, g, phase), SDAG_NEWS(p->a, int, g->n_nodes), only};
    for (int32_t i = 0; i < g->n_nodes; i++) f.of[i] = -1;
    for (int i = 0; i < q->values.n; i++) made[i] = -1;
    for (int i = 0; i < q->ops.n; i++)
        if (drawn[i] && (only < 0 || q->ops.at[i].node == only)) draw_op(&f, l, i, made);
    if (only >= 0 && p->boxes.n == before)
        return sdag_fail(log, SDAG_USAGE, g->nodes[only].loc, "node '%s' has no operations in the forward pass",
                         g->nodes[only].name);
    return p->laid_out ? check_size(p, log, &g->phases[phase], q->ops.n, alone) : SDAG_OK;
}

/* The node that is named: "encoder", the first one or that of the phase that is asked for, or "pretrain.encoder". */
static sdag_status find_node(int32_t *out, sdag_log *log, const sdag_graph *g, const char *name, int32_t only)
{
    for (int32_t i = 0; i < g->n_nodes; i++) {
        if (only >= 0 && g->nodes[i].phase != only) continue;
        if (!sdag_picture_named(g, &g->nodes[i], name)) continue;
        *out = i;
        return SDAG_OK;
    }
    return sdag_picture_unknown(log, g, "node", name, "node");
}

sdag_status sdag_picture_ops(sdag_picture *p, sdag_log *log, const sdag_graph *g, const sdag_viz_options *o)
{
    sdag_status status = SDAG_OK;
    int32_t only = o->only_phase_plus1 - 1, node = -1;
    p->detail = "operations of the forward pass";
    if (o->node) status = find_node(&node, log, g, o->node, only);
    if (node >= 0) only = g->nodes[node].phase;
    for (int32_t i = 0; i < g->n_phases && !status; i++)
        if (only < 0 || only == i) status = draw_phase(p, log, g, i, node, only >= 0 || g->n_phases == 1);
    return status;
}
