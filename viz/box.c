/* One node as a box. What the author wrote about a node is what its box tells first, in the author's order; the rest is
 * in the tooltip. */
#include <string.h>

#include "graphs/graph/words.h"
#include "viz/drawing.h"

enum {
    OPTIONS_SHOWN = 2,
    RECORDS_SHOWN = 3,
    DETAIL_MAX = 34,
    LINES_SHOWN = 6,
    LINE_WIDTH = 52,
    TIP_MAX = 100,
    FORCE_WIDTH = 30
};

bool sdag_picture_trains(const sdag_graph *g, const sdag_gnode *n)
{
    return !n->freeze && g->phases[n->phase].optimizer >= 0;
}

bool sdag_picture_fine_tunes(const sdag_graph *g, const sdag_phase *phase)
{
    for (int i = 0; i < phase->n_nodes; i++) {
        const sdag_gnode *n = &g->nodes[phase->order[i]];
        if ((n->use >= 0 || n->weights) && sdag_picture_trains(g, n)) return true;
    }
    return false;
}

int sdag_picture_look(const sdag_graph *g, const sdag_gnode *n)
{
    if (n->weights) return sdag_picture_trains(g, n) ? SDAG_LOOK_FINETUNED : SDAG_LOOK_PRETRAINED;
    if (n->use < 0) return n->inner && n->type->role == SDAG_ROLE_MATH ? SDAG_LOOK_MODULE : (int)n->type->role;
    for (; n->use >= 0; n = &g->nodes[n->use])
        if (sdag_picture_trains(g, n)) return SDAG_LOOK_FINETUNED;
    /* a head that was new while the rest was fine-tuned belongs to the fine-tuned model */
    bool with_it = sdag_picture_trains(g, n) && sdag_picture_fine_tunes(g, &g->phases[n->phase]);
    return with_it ? SDAG_LOOK_FINETUNED : SDAG_LOOK_PRETRAINED;
}

/* ---- options ---- */

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

static const char *last_part(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash && slash[1] ? slash + 1 : path ? path : "none";
}

/* The text of an option that has several lines, such as a formula; NULL. */
static const char *lines_of(const sdag_opt *o, const void *opts)
{
    const char *text = o->kind == SDAG_OPT_STR ? *(const char *const *)((const char *)opts + o->offset) : NULL;
    return text && strchr(text, '\n') ? text : NULL;
}

/* Such a text line by line, without comments. */
static void add_lines(sdag_picture *p, sdag_box *box, const char *text)
{
    int shown = 0;
    for (const char *end; *text; text = end + (*end == '\n')) {
        end = text + strcspn(text, "\n");
        const char *hash = memchr(text, '#', (size_t)(end - text));
        const char *line = sdag_arena_copy(p->a, text, (size_t)((hash ? hash : end) - text));
        if (!line[strspn(line, " \t\r")]) continue;
        if (shown++ == LINES_SHOWN) {
            SDAG_PICTURE_ADD(box->details, "...");
            return;
        }
        SDAG_PICTURE_WRAP(p, box->details, line, LINE_WIDTH);
    }
}

static void add_option(sdag_picture *p, sdag_box *box, const sdag_opt *o, const void *opts)
{
    const void *at = (const char *)opts + o->offset;
    sdag_str s = {.a = p->a};
    if (o->kind == SDAG_OPT_RECORDS) {
        add_records(p, box, at);
        return;
    }
    if (lines_of(o, opts)) {
        add_lines(p, box, lines_of(o, opts));
        return;
    }
    sdag_str_addf(&s, "%s: ", sdag_opt_name(o));
    if (o->kind == SDAG_OPT_SCHEDULE) schedule_text(&s, at);
    else if (o->kind == SDAG_OPT_PATH) sdag_str_add(&s, last_part(*(const char *const *)at));
    else sdag_opt_value_text(&s, o, opts);
    SDAG_PICTURE_ADD(box->details, sdag_picture_text(p, s.at, DETAIL_MAX));
}

/* The options that stand in the file: the first few in the box, all of them in the tooltip. */
static void add_options(sdag_picture *p, sdag_box *box, const sdag_gnode *n)
{
    int shown = 0;
    for (int i = 0; n->spec && n->use < 0 && i < n->spec->n; i++)
        for (const sdag_opt *o = n->type->opts; o && o->name; o++) {
            if (strcmp(sdag_opt_name(o), n->spec->entries[i].key) != 0) continue;
            if (lines_of(o, n->opts) || shown++ < OPTIONS_SHOWN) add_option(p, box, o, n->opts);
            sdag_str s = {.a = p->a};
            sdag_str_addf(&s, "%s: ", sdag_opt_name(o));
            if (o->kind == SDAG_OPT_PATH)
                sdag_str_add(&s, last_part(*(const char *const *)((const char *)n->opts + o->offset)));
            else sdag_opt_value_text(&s, o, n->opts);
            SDAG_PICTURE_ADD(box->tips, sdag_picture_text(p, s.at, TIP_MAX));
        }
}

/* ---- what else is said ---- */

/* "pre-trained" is what a pretext task has made; what labels have made is "trained". */
static const char *state_of(const sdag_drawing *d, const sdag_box *box, const sdag_gnode *n)
{
    if (box->look != SDAG_LOOK_PRETRAINED && box->look != SDAG_LOOK_FINETUNED) return NULL;
    while (n->use >= 0) n = &d->g->nodes[n->use];
    bool labels = n->phase >= 0 && !n->weights && sdag_picture_trains(d->g, n) &&
                  sdag_picture_labelled(d->p, d->g, &d->g->phases[n->phase]);
    return box->look == SDAG_LOOK_PRETRAINED && labels ? "trained" : sdag_theme_boxes[box->look].legend;
}

/* Where weights come from and whether they stay, in words: a print in grey shows no colours. */
static void add_state(const sdag_drawing *d, sdag_box *box, const sdag_gnode *n)
{
    sdag_picture *p = d->p;
    const char *state = state_of(d, box, n);
    if (state || n->freeze)
        SDAG_PICTURE_ADD(box->details, sdag_arena_printf(p->a, "%s%s%s", state ? state : "",
                                                         state && n->freeze ? ", " : "", n->freeze ? "frozen" : ""));
    if (n->weights) SDAG_PICTURE_ADD(box->details, sdag_picture_text(p, last_part(n->weights), DETAIL_MAX));
    if (n->use >= 0) {
        const sdag_gnode *from = &d->g->nodes[n->use];
        const char *text = sdag_arena_printf(p->a, "weights of %s.%s", d->g->phases[from->phase].name, from->name);
        SDAG_PICTURE_ADD(box->tips, sdag_picture_text(p, text, TIP_MAX));
    }
    if (n->batching == SDAG_BATCH_SEPARATE && n->use < 0) SDAG_PICTURE_ADD(box->details, "batching: separate");
    if (n->every.n >= 0) {
        sdag_str s = {.a = p->a};
        sdag_str_add(&s, "every ");
        sdag_duration_text(&s, n->every);
        SDAG_PICTURE_ADD(box->details, s.at);
    }
    if (n->inner)
        SDAG_PICTURE_ADD(box->details,
                         sdag_arena_printf(p->a, "module of %d nodes", n->inner->n_nodes - n->inner->n_in));
}

/* "z: f32[32,64], 2 views" of every output */
static void add_shapes(const sdag_drawing *d, sdag_box *box, const sdag_gnode *n)
{
    const sdag_lowered *l = d->lowered && n->phase >= 0 ? d->lowered[n->phase] : NULL;
    int32_t id = l && n >= d->g->nodes && n < d->g->nodes + d->g->n_nodes ? (int32_t)(n - d->g->nodes) : -1;
    for (int i = 0; id >= 0 && l->ports[id] && n->type->outs && n->type->outs[i].name; i++) {
        const sdag_lowered_port *port = &l->ports[id][i];
        sdag_val v = port->n == 1 && port->vals && port->vals[0] ? port->vals[0] : port->joint;
        for (int k = 0; k < port->n && !v && port->vals; k++) v = port->vals[k];
        if (!v) continue;
        const char *text =
            sdag_arena_printf(d->p->a, "%s: %s", n->type->outs[i].name, sdag_picture_value(d->p, &l->program, v));
        if (port->n > 1) text = sdag_arena_printf(d->p->a, "%s, %d views", text, port->n);
        SDAG_PICTURE_ADD(box->tips, sdag_picture_text(d->p, text, TIP_MAX));
    }
}

static void add_heat(const sdag_drawing *d, sdag_box *box, const sdag_gnode *n)
{
    if (!d->heat || n < d->g->nodes || n >= d->g->nodes + d->g->n_nodes) return;
    sdag_heat_box(d->p, box, d->heat, d->heat->nodes[n - d->g->nodes], d->heat->phases[n->phase]);
}

int sdag_drawing_box(const sdag_drawing *d, const sdag_gnode *n, const char *id, int group)
{
    sdag_picture *p = d->p;
    int i = sdag_picture_box(p, group, sdag_picture_look(d->g, n), id, n->name);
    sdag_box *box = &p->boxes.at[i];
    box->kind = sdag_picture_text(p, n->type->name, 48);
    SDAG_PICTURE_ADD(box->tips, sdag_picture_text(p, n->type->brief ? n->type->brief : n->type->name, 160));
    add_state(d, box, n);
    add_options(p, box, n);
    const bool trains = d->g->phases[n->phase].optimizer >= 0; /* elsewhere a loss only measures */
    if (n->type->pulls && trains) SDAG_PICTURE_WRAP(p, box->pulls, n->type->pulls, FORCE_WIDTH);
    if (n->type->pushes && trains) SDAG_PICTURE_WRAP(p, box->pushes, n->type->pushes, FORCE_WIDTH);
    add_shapes(d, box, n);
    add_heat(d, box, n);
    return i;
}
