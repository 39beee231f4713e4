/* The lines between the nodes of a phase, and what stands beside them. */
#include <string.h>

#include "viz/drawing.h"

/* ---- views ---- */

/* The representations of views, as the diagrams name them: "z_i, z_j" of view_i and view_j. */
static const char *views_of_list(const sdag_drawing *d, const sdag_wires *w)
{
    sdag_str s = {.a = d->p->a};
    if (w->n > 3) return sdag_arena_printf(d->p->a, "z of %d views", w->n);
    for (int i = 0; i < w->n; i++) {
        const char *name = sdag_ref_name(d->p->a, d->g, &w->refs[i]);
        sdag_str_addf(&s, "%sz_%s", i ? ", " : "", strncmp(name, "view_", 5) == 0 && name[5] ? name + 5 : name);
    }
    return s.at;
}

/* The option `views` of an augmentation, or those that came in. Nodes that do not map over views give one value. */
void sdag_drawing_views(const sdag_drawing *d, int32_t id)
{
    const sdag_gnode *n = &d->g->nodes[id];
    d->views[id] = 1;
    for (const sdag_opt *o = n->type->opts; o && o->name; o++) {
        const char *dot = strrchr(o->name, '.');
        if (o->kind != SDAG_OPT_INT || strcmp(dot ? dot + 1 : o->name, "views") != 0) continue;
        int64_t own = *(const int64_t *)((const char *)n->opts + o->offset);
        if (own <= 1 || own > 1 << 16) continue;
        d->views[id] = (int)own;
        d->names[id] = sdag_arena_printf(d->p->a, "z of %d views", (int)own);
        return;
    }
    for (int i = 0; n->type->maps && i < n->n_in; i++) {
        const sdag_wires *w = &n->in[i];
        if (w->n == 0 || (n->type->ins[i].flags & SDAG_PORT_KEY)) continue;
        bool one = w->n == 1 && w->refs[0].view;
        d->views[id] = w->n > 1 ? w->n : one ? 1 : d->views[w->refs[0].node];
        d->names[id] = w->n > 1 ? views_of_list(d, w) : one ? NULL : d->names[w->refs[0].node];
        return;
    }
}

/* ---- kinds and labels ---- */

/* The port that `in: node` means: the first that is no key of its own. */
static bool is_main_port(const sdag_node_type *t, int port)
{
    for (int i = 0; i < port; i++)
        if (!(t->ins[i].flags & SDAG_PORT_KEY)) return false;
    return !(t->ins[port].flags & SDAG_PORT_KEY);
}

static bool lets_gradient_through(const sdag_node_type *from)
{
    return !from->stops_gradient && from->role != SDAG_ROLE_MOMENTUM && from->role != SDAG_ROLE_MEMORY;
}

static sdag_line_kind kind_of(const sdag_gnode *from, const sdag_gnode *to, int port)
{
    unsigned flags = to->type->ins[port].flags;
    if (to->type->role == SDAG_ROLE_MOMENTUM && (flags & (SDAG_PORT_KEY | SDAG_PORT_EVAL))) return SDAG_LINE_AVERAGE;
    if ((flags & (SDAG_PORT_EVAL | SDAG_PORT_DATA)) || to->type->role == SDAG_ROLE_PROBE) return SDAG_LINE_LOOK;
    return lets_gradient_through(from->type) || to->type->role == SDAG_ROLE_SINK ? SDAG_LINE_WIRE : SDAG_LINE_STOP;
}

static const char *shape_text(const sdag_drawing *d, const sdag_gnode *to, const sdag_ref *r)
{
    const sdag_lowered *l = d->lowered && d->o->shapes == SDAG_VIZ_SHAPES_WIRES ? d->lowered[to->phase] : NULL;
    const sdag_lowered_port *port = l && l->ports[r->node] ? &l->ports[r->node][r->port] : NULL;
    sdag_val v = !port || !port->n ? 0 : port->n == 1 && port->vals && port->vals[0] ? port->vals[0] : port->joint;
    for (int i = 0; port && r->view && port->names && i < port->n; i++)
        if (strcmp(port->names[i], r->view) == 0 && port->vals[i]) v = port->vals[i];
    for (int i = 0; port && !v && port->vals && i < port->n; i++) v = port->vals[i];
    return v ? sdag_picture_value(d->p, &l->program, v) : NULL;
}

/* What a line is for, in the words of the diagrams. */
static void add_purpose(const sdag_drawing *d, sdag_line *line, const sdag_gnode *to, int port, const sdag_ref *r)
{
    const sdag_gnode *from = &d->g->nodes[r->node];
    const bool optional = to->type->ins[port].flags & SDAG_PORT_OPTIONAL;
    if (line->kind == SDAG_LINE_AVERAGE) SDAG_PICTURE_ADD(line->label, "moving average");
    if (to->type->role != SDAG_ROLE_LOSS) {
        if (line->kind == SDAG_LINE_STOP) SDAG_PICTURE_ADD(line->label, "no gradient");
        return;
    }
    const bool trains = d->g->phases[to->phase].optimizer >= 0;
    if (from->type->role == SDAG_ROLE_PRETEXT && r->port > 0 && !optional && trains)
        SDAG_PICTURE_ADD(line->label, "pseudo-labels");
    if (line->many && d->names[r->node]) SDAG_PICTURE_ADD(line->label, sdag_picture_text(d->p, d->names[r->node], 40));
    if (line->kind == SDAG_LINE_STOP)
        SDAG_PICTURE_ADD(line->label, from->type->stops_gradient ? "stop-gradient" : "no gradient");
}

/* Whether the same node feeds another port of `to` as well: then the wire to the usual port must be told from it. */
static bool feeds_more(const sdag_gnode *to, int port, const sdag_ref *r)
{
    for (int i = 0; i < to->n_in; i++)
        for (int k = 0; k < to->in[i].n; k++)
            if (i != port && to->in[i].refs[k].node == r->node && !(to->type->ins[i].flags & SDAG_PORT_KEY))
                return true;
    return false;
}

/* Said beside a wire: the view that it is to a bundle, the ports that are not the usual ones, and the shape. */
static void add_labels(const sdag_drawing *d, sdag_line *line, const sdag_gnode *to, int port, const sdag_ref *r)
{
    const sdag_gnode *from = &d->g->nodes[r->node];
    const char *in = is_main_port(to->type, port) && !feeds_more(to, port, r) ? NULL : to->type->ins[port].name;
    const char *out = r->port > 0 ? from->type->outs[r->port].name : NULL, *shape;
    bool member = to->in[port].bundle && to->in[port].n > 1 && !line->many && line->kind <= SDAG_LINE_STOP;
    add_purpose(d, line, to, port, r);
    if (member) out = sdag_ref_name(d->p->a, d->g, r);
    else if (r->view) out = r->view;
    if (line->kind == SDAG_LINE_AVERAGE) in = NULL;
    if (out && in && strcmp(in, out) != 0) out = sdag_arena_printf(d->p->a, "%s \u2192 %s", out, in);
    if (out || in) SDAG_PICTURE_ADD(line->label, sdag_picture_text(d->p, out ? out : in, 60));
    if ((shape = shape_text(d, to, r))) SDAG_PICTURE_ADD(line->label, shape);
}

/* ---- lines ---- */

static int count_labels(const sdag_line *l)
{
    int n = 0;
    while (l->label[n]) n++;
    return n;
}

/* A line of this kind between the two boxes that has room for more words, among the latest; NULL: none. */
static sdag_line *find_line(const sdag_drawing *d, int from, int to, const sdag_line *like)
{
    const int most = SDAG_PICTURE_LABELS - 1 - count_labels(like);
    for (int i = d->p->lines.n - 1, seen = 0; i >= 0 && seen < 64; i--, seen++) {
        sdag_line *l = &d->p->lines.at[i];
        if (l->from == from && l->to == to && l->kind == like->kind && l->many == like->many && count_labels(l) <= most)
            return l;
    }
    return NULL;
}

/* Several wires between two boxes are one line with the words of all: what is labelled is told, the usual one is not.
 */
void sdag_drawing_connect(const sdag_drawing *d, const sdag_ends *from, int out, const sdag_ends *to, int in,
                          const sdag_line *like)
{
    const int start = from->outs ? from->outs[out] : from->out, n = to->ins ? to->ins[in].n : 1;
    for (int i = 0; i < n; i++) {
        const int end = to->ins ? to->ins[in].at[i] : to->in;
        if (start < 0 || end < 0 || start == end) continue;
        sdag_line *line = find_line(d, start, end, like);
        if (!line) {
            const int index = sdag_picture_line(d->p, start, end, like->kind);
            line = &d->p->lines.at[index];
            line->many = like->many;
        }
        for (int k = 0; like->label[k]; k++) SDAG_PICTURE_ADD(line->label, like->label[k]);
    }
}

/* Views stand from left to right in the order of the list. */
static void hold_order(const sdag_drawing *d, const sdag_ref *left, const sdag_ref *right)
{
    int a = d->ends[left->node].out, b = d->ends[right->node].out;
    if (a != b && d->depth[left->node] == d->depth[right->node]) sdag_picture_line(d->p, a, b, SDAG_LINE_ORDER);
}

void sdag_drawing_wires(const sdag_drawing *d, int32_t id)
{
    const sdag_gnode *n = &d->g->nodes[id];
    for (int port = 0; port < n->n_in; port++)
        for (int k = 0; k < n->in[port].n; k++) {
            const sdag_ref *r = &n->in[port].refs[k];
            sdag_line line = {.kind = kind_of(&d->g->nodes[r->node], n, port)};
            line.many = !r->view && d->views[r->node] > 1 && line.kind <= SDAG_LINE_STOP;
            add_labels(d, &line, n, port, r);
            sdag_drawing_connect(d, &d->ends[r->node], r->port, &d->ends[id], port, &line);
            if (k > 0 && d->depth[id] > 0) hold_order(d, &r[-1], r);
        }
}
