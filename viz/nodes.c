/* The graph as a picture: one box a node, one frame a phase. What the author wrote about a node is what its box tells
 * first, in the author's order. */
#include <string.h>

#include "graphs/graph/words.h"
#include "graphs/lower/lower.h"
#include "viz/picture.h"

enum { OPTIONS_SHOWN = 2, RECORDS_SHOWN = 3, DETAIL_MAX = 34 };

/* ---- one box ---- */

static bool is_tuned(const sdag_graph *g, const sdag_gnode *n)
{
    return !n->freeze && g->phases[n->phase].optimizer >= 0;
}

int sdag_picture_look(const sdag_graph *g, const sdag_gnode *n)
{
    if (n->weights) return is_tuned(g, n) ? SDAG_LOOK_FINETUNED : SDAG_LOOK_PRETRAINED;
    if (n->use < 0) return (int)n->type->role;
    for (; n->use >= 0; n = &g->nodes[n->use])
        if (is_tuned(g, n)) return SDAG_LOOK_FINETUNED;
    return SDAG_LOOK_PRETRAINED;
}

static void schedule_text(sdag_str *s, const sdag_schedule *d)
{
    static const char *const names[] = {"", "cosine ", "linear ", "steps from "};
    char n[40];
    sdag_str_addf(s, "%s%s", names[d->rule], sdag_float_text(n, d->from));
    if (d->rule == SDAG_SCHED_COSINE || d->rule == SDAG_SCHED_LINEAR)
        sdag_str_addf(s, " to %s", sdag_float_text(n, d->to));
}

/* A list of records is told by their names, a line each. */
static void add_records(sdag_picture *p, sdag_box *box, const sdag_records *r)
{
    int shown = r->n <= RECORDS_SHOWN + 1 ? r->n : RECORDS_SHOWN;
    for (int i = 0; i < shown; i++)
        SDAG_PICTURE_ADD(box->details, sdag_picture_text(p, r->at[i].type->name, DETAIL_MAX));
    if (r->n > shown) SDAG_PICTURE_ADD(box->details, sdag_arena_printf(p->a, "and %d more", r->n - shown));
}

static void add_option(sdag_picture *p, sdag_box *box, const sdag_opt *o, const void *opts)
{
    const void *at = (const char *)opts + o->offset;
    sdag_str s = {.a = p->a};
    if (o->kind == SDAG_OPT_RECORDS) {
        add_records(p, box, at);
        return;
    }
    sdag_str_addf(&s, "%s: ", sdag_opt_name(o));
    if (o->kind == SDAG_OPT_SCHEDULE) schedule_text(&s, at);
    else if (o->kind == SDAG_OPT_PATH) { /* its last part tells most */
        const char *path = *(const char *const *)at, *slash = path ? strrchr(path, '/') : NULL;
        sdag_str_add(&s, slash && slash[1] ? slash + 1 : path ? path : "none");
    } else sdag_opt_value_text(&s, o, opts);
    SDAG_PICTURE_ADD(box->details, sdag_picture_text(p, s.at, DETAIL_MAX));
}

/* The options that stand in the file, the first few of them. */
static void add_options(sdag_picture *p, sdag_box *box, const sdag_gnode *n)
{
    int shown = 0;
    for (int i = 0; n->spec && n->use < 0 && i < n->spec->n && shown < OPTIONS_SHOWN; i++)
        for (const sdag_opt *o = n->type->opts; o && o->name; o++)
            if (strcmp(sdag_opt_name(o), n->spec->entries[i].key) == 0) {
                add_option(p, box, o, n->opts);
                shown++;
            }
}

/* Where weights come from and whether they stay, in words: a print in grey shows no colours. */
static void add_state(sdag_picture *p, sdag_box *box, const sdag_gnode *n)
{
    bool known = box->look == SDAG_LOOK_PRETRAINED || box->look == SDAG_LOOK_FINETUNED;
    const char *state = known ? sdag_theme_boxes[box->look].legend : NULL;
    if (state || n->freeze)
        SDAG_PICTURE_ADD(box->details, sdag_arena_printf(p->a, "%s%s%s", state ? state : "",
                                                         state && n->freeze ? ", " : "", n->freeze ? "frozen" : ""));
    if (n->weights) {
        const char *slash = strrchr(n->weights, '/');
        SDAG_PICTURE_ADD(box->details, sdag_picture_text(p, slash && slash[1] ? slash + 1 : n->weights, DETAIL_MAX));
    }
    if (n->batching == SDAG_BATCH_SEPARATE && n->use < 0) SDAG_PICTURE_ADD(box->details, "batching: separate");
    if (n->every.n >= 0) {
        sdag_str s = {.a = p->a};
        sdag_str_add(&s, "every ");
        sdag_duration_text(&s, n->every);
        SDAG_PICTURE_ADD(box->details, s.at);
    }
}

static int add_node(sdag_picture *p, const sdag_graph *g, const sdag_gnode *n, int group)
{
    int i = sdag_picture_box(p, group, sdag_picture_look(g, n),
                             sdag_arena_printf(p->a, "p%d_%s", (int)n->phase + 1, n->name), n->name);
    sdag_box *box = &p->boxes.at[i];
    box->kind = sdag_picture_text(p, n->type->name, 48);
    add_state(p, box, n);
    add_options(p, box, n);
    box->tip = sdag_picture_text(p, n->type->brief ? n->type->brief : n->type->name, 160);
    return i;
}

/* ---- wires ---- */

typedef struct drawing {
    sdag_picture *p;
    const sdag_graph *g;
    int *box;                     /* of each node; -1: not drawn */
    int *views;                   /* that each node's outputs carry; 1: a plain value */
    int *depth;                   /* of each node: wires on the longest way to it */
    sdag_lowered *const *lowered; /* of each phase, for shapes; NULL */
} drawing;

/* The option `views` of an augmentation, or those that came in. Nodes that do not map over views give one value. */
static int count_views(const sdag_gnode *n, const int *views)
{
    for (const sdag_opt *o = n->type->opts; o && o->name; o++)
        if (o->kind == SDAG_OPT_INT && strcmp(sdag_opt_name(o), "views") == 0) {
            int64_t own = *(const int64_t *)((const char *)n->opts + o->offset);
            if (own > 1 && own <= 1 << 16) return (int)own;
        }
    for (int i = 0; n->type->maps && i < n->n_in; i++) {
        const sdag_wires *w = &n->in[i];
        if (w->n == 0 || (n->type->ins[i].flags & SDAG_PORT_KEY)) continue;
        return w->n > 1 ? w->n : w->refs[0].view ? 1 : views[w->refs[0].node];
    }
    return 1;
}

/* The port that `in: node` means: the first that is no key of its own. */
static bool is_main_port(const sdag_node_type *t, int port)
{
    for (int i = 0; i < port; i++)
        if (!(t->ins[i].flags & SDAG_PORT_KEY)) return false;
    return !(t->ins[port].flags & SDAG_PORT_KEY);
}

static sdag_line_kind kind_of(const drawing *d, const sdag_gnode *to, int port, const sdag_ref *r)
{
    unsigned flags = to->type->ins[port].flags;
    if (to->type->role == SDAG_ROLE_MOMENTUM && (flags & (SDAG_PORT_KEY | SDAG_PORT_EVAL))) return SDAG_LINE_AVERAGE;
    if ((flags & (SDAG_PORT_EVAL | SDAG_PORT_DATA)) || to->type->role == SDAG_ROLE_PROBE) return SDAG_LINE_LOOK;
    return !r->view && d->views[r->node] > 1 ? SDAG_LINE_VIEWS : SDAG_LINE_WIRE;
}

static int find_depth(const sdag_gnode *n, const int *depth)
{
    int most = 0;
    for (int i = 0; i < n->n_in; i++)
        for (int k = 0; k < n->in[i].n; k++)
            if (depth[n->in[i].refs[k].node] >= most) most = depth[n->in[i].refs[k].node] + 1;
    return most;
}

static const char *shape_text(const drawing *d, const sdag_gnode *to, const sdag_ref *r)
{
    sdag_lowered *l = d->lowered ? d->lowered[to->phase] : NULL;
    const sdag_lowered_port *port = l && l->ports[r->node] ? &l->ports[r->node][r->port] : NULL;
    sdag_val v = !port || !port->n ? 0 : port->n == 1 && port->vals && port->vals[0] ? port->vals[0] : port->joint;
    for (int i = 0; port && r->view && port->names && i < port->n; i++)
        if (strcmp(port->names[i], r->view) == 0 && port->vals[i]) v = port->vals[i];
    for (int i = 0; port && !v && port->vals && i < port->n; i++) v = port->vals[i];
    if (!v) return NULL;
    char *text = sdag_arena_get(d->p->a, SDAG_SHAPE_TEXT);
    return sdag_shape_text(text, l->program.values.at[v].dtype, l->program.values.at[v].shape);
}

/* Said beside a wire: the view that it is to a bundle, the ports that are not the usual ones, and the shape. */
static void add_labels(const drawing *d, sdag_line *line, const sdag_gnode *to, int port, const sdag_ref *r)
{
    const sdag_gnode *from = &d->g->nodes[r->node];
    const char *in = is_main_port(to->type, port) ? NULL : to->type->ins[port].name;
    const char *out = r->port > 0 ? from->type->outs[r->port].name : NULL, *shape;
    bool member = to->in[port].bundle && to->in[port].n > 1 && line->kind == SDAG_LINE_WIRE;
    if (member) out = sdag_ref_name(d->p->a, d->g, r);
    else if (r->view) out = r->view;
    if (line->kind == SDAG_LINE_AVERAGE) in = NULL;
    if (out && in && strcmp(in, out) != 0) out = sdag_arena_printf(d->p->a, "%s \u2192 %s", out, in);
    if (out || in) SDAG_PICTURE_ADD(line->label, sdag_picture_text(d->p, out ? out : in, 60));
    if ((shape = shape_text(d, to, r))) SDAG_PICTURE_ADD(line->label, shape);
}

static void add_wires(const drawing *d, int32_t id)
{
    const sdag_gnode *n = &d->g->nodes[id];
    for (int port = 0; port < n->n_in; port++)
        for (int k = 0; k < n->in[port].n; k++) {
            const sdag_ref *r = &n->in[port].refs[k];
            int line = sdag_picture_line(d->p, d->box[r->node], d->box[id], kind_of(d, n, port, r));
            add_labels(d, &d->p->lines.at[line], n, port, r);
            if (k > 0 && r[-1].node != r->node && d->depth[r[-1].node] == d->depth[r->node]) /* views: left to right */
                sdag_picture_line(d->p, d->box[r[-1].node], d->box[r->node], SDAG_LINE_ORDER);
        }
    if (n->use >= 0 && d->box[n->use] >= 0) sdag_picture_line(d->p, d->box[n->use], d->box[id], SDAG_LINE_WEIGHTS);
}

/* ---- the whole ---- */

static bool is_drawn(int32_t phase, int32_t only) { return only < 0 || phase == only; }

/* One box a phase: what is left of a graph that is too large to be drawn. */
static void draw_overview(sdag_picture *p, const sdag_graph *g, int32_t only)
{
    int *box = SDAG_NEWS(p->a, int, g->n_phases);
    p->groups.n = p->boxes.n = p->lines.n = 0;
    bool *known = SDAG_NEWS(p->a, bool, (size_t)g->n_phases *(size_t)g->n_phases);
    p->detail = "too large to be drawn node by node: see the formats dot and mermaid";
    for (int32_t i = 0; i < g->n_phases; i++) {
        if (!is_drawn(i, only)) continue;
        int group = sdag_picture_phase(p, g, i);
        box[i] =
            sdag_picture_box(p, group, SDAG_LOOK_PHASE, sdag_arena_printf(p->a, "p%d", (int)i + 1), g->phases[i].name);
        SDAG_PICTURE_ADD(p->boxes.at[box[i]].details, sdag_arena_printf(p->a, "%d nodes", g->phases[i].n_nodes));
    }
    for (int32_t i = 0; i < g->n_nodes; i++) {
        int32_t use = g->nodes[i].use, to = g->nodes[i].phase, from = use >= 0 ? g->nodes[use].phase : -1;
        bool *seen = from >= 0 ? &known[(size_t)from * (size_t)g->n_phases + (size_t)to] : NULL;
        if (!seen || *seen || !is_drawn(from, only) || !is_drawn(to, only)) continue;
        *seen = true;
        sdag_picture_line(p, box[from], box[to], SDAG_LINE_WEIGHTS);
    }
}

static void add_phase(const drawing *d, int32_t index)
{
    const sdag_phase *phase = &d->g->phases[index];
    int group = sdag_picture_phase(d->p, d->g, index);
    for (int k = 0; k < phase->n_nodes; k++) {
        int32_t id = phase->order[k];
        const sdag_gnode *n = &d->g->nodes[id];
        d->box[id] = add_node(d->p, d->g, n, group);
        d->views[id] = count_views(n, d->views);
        d->depth[id] = find_depth(n, d->depth);
    }
    for (int k = 0; k < phase->n_nodes; k++) add_wires(d, phase->order[k]);
}

static sdag_status lower_phases(sdag_lowered ***out, sdag_picture *p, sdag_log *log, const sdag_graph *g, int32_t only)
{
    sdag_lowered **l = SDAG_NEWS(p->a, sdag_lowered *, g->n_phases);
    sdag_status status = SDAG_OK;
    for (int32_t i = 0; i < g->n_phases && !status; i++) {
        sdag_lower_request r = {.graph = g, .phase = i, .training = g->phases[i].optimizer >= 0, .pass = -1};
        if (is_drawn(i, only)) status = sdag_lower(&l[i], p->a, log, &r);
    }
    *out = l;
    return status;
}

sdag_status sdag_picture_nodes(sdag_picture *p, sdag_log *log, const sdag_graph *g, int32_t only, bool shapes)
{
    int *box = SDAG_NEWS(p->a, int, g->n_nodes), *views = SDAG_NEWS(p->a, int, g->n_nodes);
    int *depth = SDAG_NEWS(p->a, int, g->n_nodes);
    drawing d = {.p = p, .g = g, .box = box, .views = views, .depth = depth};
    sdag_lowered **lowered = NULL;
    sdag_status status = shapes ? lower_phases(&lowered, p, log, g, only) : SDAG_OK;
    if (status) return status;
    d.lowered = lowered;
    for (int32_t i = 0; i < g->n_nodes; i++) box[i] = -1;
    for (int32_t i = 0; i < g->n_phases; i++)
        if (is_drawn(i, only)) add_phase(&d, i);
    if (p->laid_out && (p->boxes.n > SDAG_VIZ_NODES_MAX || sdag_picture_reach(p) > SDAG_VIZ_REACH_MAX))
        draw_overview(p, g, only);
    return SDAG_OK;
}
