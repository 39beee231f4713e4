/* The graph as a picture of its nodes: one frame a phase, one box a node, and the model that a phase hands on. */
#include "viz/drawing.h"

#include <string.h>

static bool is_drawn(const sdag_drawing *d, int32_t phase)
{
    return d->o->only_phase_plus1 == 0 || phase == d->o->only_phase_plus1 - 1;
}

/* ---- a phase ---- */

static int find_depth(const sdag_gnode *n, const int *depth)
{
    int most = 0;
    for (int i = 0; i < n->n_in; i++)
        for (int k = 0; k < n->in[i].n; k++)
            if (depth[n->in[i].refs[k].node] >= most) most = depth[n->in[i].refs[k].node] + 1;
    return most;
}

/* "encoder: encoder, key" for each role of a closed phase. */
static void add_roles(const sdag_drawing *d, sdag_box *box, const sdag_phase *phase)
{
    for (int role = 0; role < SDAG_ROLE_COUNT; role++) {
        sdag_str s = {.a = d->p->a};
        const char *word = sdag_theme_boxes[role].legend;
        for (int k = 0; k < phase->n_nodes && word; k++) {
            const sdag_gnode *n = &d->g->nodes[phase->order[k]];
            if ((int)n->type->role == role) sdag_str_addf(&s, "%s%s", s.n ? ", " : "", n->name);
        }
        if (!s.n) continue;
        const char *text = sdag_arena_printf(d->p->a, "%s: %s", word, s.at);
        SDAG_PICTURE_ADD(box->details, sdag_picture_text(d->p, text, 40));
        SDAG_PICTURE_ADD(box->tips, sdag_picture_text(d->p, text, 160));
    }
}

/* A whole phase as one box. */
static void draw_closed(const sdag_drawing *d, int32_t index)
{
    const sdag_phase *phase = &d->g->phases[index];
    const int group = d->group[index] = sdag_picture_phase(d->p, d->g, index);
    const char *id = sdag_arena_printf(d->p->a, "p%d", (int)index + 1);
    const int box = d->closed[index] = sdag_picture_box(d->p, group, SDAG_LOOK_PHASE, id, phase->name);
    sdag_box *b = &d->p->boxes.at[box];
    SDAG_PICTURE_ADD(b->details,
                     sdag_arena_printf(d->p->a, "%d node%s", phase->n_nodes, phase->n_nodes == 1 ? "" : "s"));
    add_roles(d, b, phase);
    for (int k = 0; k < phase->n_nodes; k++) d->ends[phase->order[k]] = (sdag_ends){.in = box, .out = box};
    if (d->heat) sdag_heat_box(d->p, b, d->heat, d->heat->phases[index], 0);
}

/* An opened node is measured as a whole: its frame has the colour and the number. */
static void heat_frame(const sdag_drawing *d, int32_t id, int frame)
{
    sdag_box measured = {.id = NULL};
    if (!d->heat || frame >= d->p->groups.n) return;
    sdag_heat_box(d->p, &measured, d->heat, d->heat->nodes[id], d->heat->phases[d->g->nodes[id].phase]);
    d->p->groups.at[frame].fill = measured.fill ? measured.fill : SDAG_THEME_UNKNOWN;
    if (measured.value) SDAG_PICTURE_ADD(d->p->groups.at[frame].details, measured.value);
}

static void draw_node(const sdag_drawing *d, int32_t id)
{
    const sdag_gnode *n = &d->g->nodes[id];
    const int group = d->group[n->phase], frame = d->p->groups.n;
    const char *name = sdag_arena_printf(d->p->a, "p%d_%s", (int)n->phase + 1, n->name);
    if (d->open[id] && n->inner) d->ends[id] = sdag_drawing_module(d, n, name, group);
    else if (!d->open[id] || !sdag_drawing_blocks(&d->ends[id], d, id, group))
        d->ends[id].in = d->ends[id].out = sdag_drawing_box(d, n, name, group);
    heat_frame(d, id, frame);
}

static void draw_phase(const sdag_drawing *d, int32_t index)
{
    const sdag_phase *phase = &d->g->phases[index];
    if (d->closed[index] >= 0) {
        draw_closed(d, index);
        return;
    }
    d->group[index] = sdag_picture_phase(d->p, d->g, index);
    for (int k = 0; k < phase->n_nodes; k++) {
        int32_t id = phase->order[k];
        draw_node(d, id);
        sdag_drawing_views(d, id);
        d->depth[id] = find_depth(&d->g->nodes[id], d->depth);
    }
    for (int k = 0; k < phase->n_nodes; k++) sdag_drawing_wires(d, phase->order[k]);
}

/* ---- from phase to phase ---- */

static bool line_exists(const sdag_picture *p, int from, int to, sdag_line_kind kind)
{
    for (int i = p->lines.n - 1; i >= 0; i--)
        if (p->lines.at[i].from == from && p->lines.at[i].to == to && p->lines.at[i].kind == kind) return true;
    return false;
}

static void add_weights(const sdag_drawing *d, int from, int to, sdag_line_kind kind)
{
    if (from < 0 || to < 0 || from == to || line_exists(d->p, from, to, kind)) return;
    const int line = sdag_picture_line(d->p, from, to, kind);
    d->p->lines.at[line].to_frame = kind == SDAG_LINE_DOWN; /* not through the title of the phase */
}

/* What a phase has trained and later ones take is a box of its own, as in the diagrams: the pre-trained model, or the
 * fine-tuned one where the phase began with weights of before. -1: nothing of it is taken. */
static int draw_model(const sdag_drawing *d, int32_t phase)
{
    const sdag_graph *g = d->g;
    bool *given = SDAG_NEWS(d->p->a, bool, g->n_nodes), any = false;
    sdag_str names = {.a = d->p->a};
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const sdag_gnode *n = &g->nodes[i], *from = n->use >= 0 ? &g->nodes[n->use] : NULL;
        if (from && from->phase == phase && is_drawn(d, n->phase) && sdag_picture_trains(g, from))
            any = given[n->use] = true;
    }
    if (!any || !is_drawn(d, phase)) return -1;
    const bool tuned = sdag_picture_fine_tunes(g, &g->phases[phase]);
    const int look = tuned ? SDAG_LOOK_FINETUNED : SDAG_LOOK_PRETRAINED;
    const bool labelled = sdag_picture_labelled(d->p, g, &g->phases[phase]);
    const int box =
        sdag_picture_box(d->p, d->group[phase], look, sdag_arena_printf(d->p->a, "p%d_model", (int)phase + 1),
                         tuned      ? "fine-tuned model"
                         : labelled ? "trained model"
                                    : "pre-trained model");
    sdag_str_add(&names, "");
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (given[i]) {
            sdag_str_addf(&names, "%s%s", names.n ? ", " : "", g->nodes[i].name);
            add_weights(d, d->ends[i].out, box, SDAG_LINE_MODEL);
        }
    SDAG_PICTURE_ADD(d->p->boxes.at[box].details, sdag_picture_text(d->p, names.at, 40));
    SDAG_PICTURE_ADD(d->p->boxes.at[box].tips, "the weights that this phase hands on");
    return box;
}

static void draw_models(const sdag_drawing *d)
{
    const sdag_graph *g = d->g;
    int *model = SDAG_NEWS(d->p->a, int, g->n_phases);
    for (int32_t i = 0; i < g->n_phases; i++) model[i] = draw_model(d, i);
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const sdag_gnode *n = &g->nodes[i], *from = n->use >= 0 ? &g->nodes[n->use] : NULL;
        if (!from || !is_drawn(d, n->phase) || !is_drawn(d, from->phase)) continue;
        const bool down = d->closed[n->phase] >= 0 && d->closed[from->phase] >= 0;
        add_weights(d, sdag_picture_trains(g, from) ? model[from->phase] : d->ends[n->use].out, d->ends[i].in,
                    down ? SDAG_LINE_DOWN : SDAG_LINE_WEIGHTS);
    }
}

/* ---- rows ---- */

/* Phases that weights connect, directly or by others, have the same number. */
static int *find_families(const sdag_drawing *d)
{
    const sdag_graph *g = d->g;
    int *family = SDAG_NEWS(d->p->a, int, g->n_phases);
    for (int32_t i = 0; i < g->n_phases; i++) family[i] = (int)i;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        if (g->nodes[i].use < 0) continue;
        int a = family[g->nodes[i].phase], b = family[g->nodes[g->nodes[i].use].phase];
        for (int32_t k = 0; k < g->n_phases && a != b; k++)
            if (family[k] == (a > b ? a : b)) family[k] = a > b ? b : a;
    }
    return family;
}

/* The row of each phase, from 0: those that weights connect with the first one, and below them the others, so many in a
 * row that it can be read. */
static int *find_rows(const sdag_drawing *d)
{
    enum { IN_A_ROW = 6 };
    const int *family = find_families(d);
    int *row = SDAG_NEWS(d->p->a, int, d->g->n_phases), n = 0;
    for (int32_t i = 0; i < d->g->n_phases; i++) {
        if (family[i] == 0) continue;
        row[i] = family[i] < (int)i ? row[family[i]] : 1 + n / IN_A_ROW;
        n++;
    }
    return row;
}

/* Holds what begins a row below the deepest box of the row above. */
static void hold_below(sdag_picture *p, const int *row, const int *rank, const bool *inner)
{
    int last = 0;
    for (int i = 0; i < p->groups.n; i++) last = row[i] > last ? row[i] : last;
    for (int r = 1; r <= last; r++) {
        int deepest = -1;
        for (int i = 0; i < p->boxes.n; i++)
            if (row[p->boxes.at[i].group] == r - 1 && (deepest < 0 || rank[i] > rank[deepest])) deepest = i;
        for (int i = p->boxes.n - 1; i >= 0 && deepest >= 0; i--)
            if (row[p->boxes.at[i].group] == r && !inner[i]) sdag_picture_line(p, deepest, i, SDAG_LINE_ROW);
    }
}

/* Many phases stand in rows. */
static void draw_rows(const sdag_drawing *d)
{
    enum { ONE_ROW = 4 };
    sdag_picture *p = d->p;
    int open = 0; /* closed phases stand below those whose weights they take */
    for (int32_t i = 0; i < d->g->n_phases; i++) open += d->closed[i] < 0;
    if (open <= ONE_ROW || d->o->only_phase_plus1) return;
    const int *of_phase = find_rows(d), n_lines = p->lines.n;
    int *rank = SDAG_NEWS(p->a, int, p->boxes.n), *row = SDAG_NEWS(p->a, int, p->groups.n);
    bool *inner = SDAG_NEWS(p->a, bool, p->boxes.n);
    for (int32_t i = 0; i < d->g->n_phases; i++) row[d->group[i]] = of_phase[i];
    for (int i = 0; i < p->groups.n; i++)
        if (p->groups.at[i].parent >= 0) row[i] = row[p->groups.at[i].parent];
    for (int i = 0; i < n_lines; i++) {
        const sdag_line *l = &p->lines.at[i];
        const int gap =
            l->kind == SDAG_LINE_ORDER || l->kind == SDAG_LINE_WEIGHTS || l->kind == SDAG_LINE_MODEL ? 0 : 1;
        inner[l->to] |= gap > 0;
        if (rank[l->from] + gap > rank[l->to]) rank[l->to] = rank[l->from] + gap;
    }
    hold_below(p, row, rank, inner);
}

/* ---- the whole ---- */

static sdag_status lower_phases(sdag_drawing *d, sdag_log *log, bool must)
{
    sdag_status status = SDAG_OK;
    d->lowered = SDAG_NEWS(d->p->a, sdag_lowered *, d->g->n_phases);
    for (int32_t i = 0; i < d->g->n_phases && !status; i++) {
        sdag_lower_request *r = SDAG_NEW(d->p->a, sdag_lower_request);
        *r = (sdag_lower_request){.graph = d->g, .phase = i, .training = d->g->phases[i].optimizer >= 0, .pass = -1};
        if (is_drawn(d, i)) status = sdag_lower(&d->lowered[i], d->p->a, log, r);
        if (status && !must) d->lowered[i] = NULL, status = status == SDAG_NOMEM ? status : SDAG_OK;
    }
    return status;
}

static void destroy_log(void *log) { sdag_log_destroy(log); }

/* Shapes, blocks: the phases lowered. What only the tooltips would show may fail, in silence. */
static sdag_status lower_what_is_needed(sdag_drawing *d, sdag_log *log)
{
    bool blocks = false;
    for (int32_t i = 0; i < d->g->n_nodes; i++) blocks |= d->open[i] && !d->g->nodes[i].inner;
    bool must = d->o->shapes == SDAG_VIZ_SHAPES_WIRES || blocks;
    if (must || d->o->shapes == SDAG_VIZ_NO_SHAPES) return must ? lower_phases(d, log, true) : SDAG_OK;
    sdag_log *aside = sdag_log_create(NULL);
    if (!aside) return SDAG_NOMEM;
    sdag_arena_defer(d->p->a, destroy_log, aside);
    return lower_phases(d, aside, false);
}

static void draw_all(sdag_drawing *d)
{
    for (int32_t i = 0; i < d->g->n_nodes; i++) d->ends[i] = (sdag_ends){.in = -1, .out = -1};
    for (int32_t i = 0; i < d->g->n_phases; i++)
        if (is_drawn(d, i)) draw_phase(d, i);
    draw_models(d);
    draw_rows(d);
    for (int i = 0; i < d->p->boxes.n && d->heat; i++)
        if (!d->p->boxes.at[i].fill) d->p->boxes.at[i].fill = SDAG_THEME_UNKNOWN;
}

/* One box a phase: what is left of a graph that is too large to be drawn. */
static void draw_overview(sdag_drawing *d)
{
    sdag_picture *p = d->p;
    p->groups.n = p->boxes.n = p->lines.n = 0;
    p->ids = (sdag_map){.a = p->a};
    p->detail = "too large to be drawn node by node: see the formats dot and mermaid";
    for (int32_t i = 0; i < d->g->n_phases; i++) d->closed[i] = 0;
    draw_all(d);
}

static sdag_drawing start(sdag_picture *p, const sdag_graph *g, const sdag_viz_options *o)
{
    return (sdag_drawing){.p = p,
                          .g = g,
                          .o = o,
                          .ends = SDAG_NEWS(p->a, sdag_ends, g->n_nodes),
                          .views = SDAG_NEWS(p->a, int, g->n_nodes),
                          .names = SDAG_NEWS(p->a, const char *, g->n_nodes),
                          .depth = SDAG_NEWS(p->a, int, g->n_nodes),
                          .group = SDAG_NEWS(p->a, int, g->n_phases),
                          .closed = SDAG_NEWS(p->a, int, g->n_phases),
                          .open = SDAG_NEWS(p->a, bool, g->n_nodes)};
}

static sdag_status read_heat(sdag_drawing *d, sdag_log *log)
{
    static const char *const what[] = {"", "share of a step's busy time", "share of the memory of values"};
    sdag_heat *h;
    if (d->o->heat == SDAG_VIZ_NO_HEAT) return SDAG_OK;
    sdag_status status = sdag_heat_read(&h, d->p->a, log, d->g, d->o->heat, d->o->run);
    d->heat = h;
    if (!status) d->p->scale = (sdag_scale){what[d->o->heat], "0", sdag_arena_printf(d->p->a, "%.0f %%", 100 * h->max)};
    return status;
}

sdag_status sdag_picture_nodes(sdag_picture *p, sdag_log *log, const sdag_graph *g, const sdag_viz_options *o)
{
    sdag_drawing d = start(p, g, o);
    sdag_status status = sdag_drawing_fold(&d, log);
    if (!status) status = lower_what_is_needed(&d, log);
    if (!status) status = read_heat(&d, log);
    if (status) return status;
    draw_all(&d);
    if (p->laid_out && (p->boxes.n > SDAG_VIZ_NODES_MAX || sdag_picture_reach(p) > SDAG_VIZ_REACH_MAX))
        draw_overview(&d);
    return SDAG_OK;
}
