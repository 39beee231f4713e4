/* From the data to the nodes: which source, which transforms, and which of them can be kept for new data. */
#include <string.h>

#include "runtime/apply/parts.h"

typedef struct walk {
    sdag_apply *p;
    sdag_apply_path *out;
    sdag_str kept, dropped;
    SDAG_VEC(const sdag_spec *) list;
} walk;

/* The list of transforms of an augment, as the file has it; NULL: it has none. */
static const sdag_spec *transforms_of(const sdag_gnode *n, const sdag_opt **option)
{
    for (const sdag_opt *o = n->type->opts; o && o->name; o++)
        if (o->kind == SDAG_OPT_RECORDS) {
            *option = o;
            return sdag_spec_get(n->spec, o->name);
        }
    return NULL;
}

static const sdag_record_type *record_of(const sdag_opt *o, const char *name)
{
    for (int i = 0; o->records[i]; i++)
        if (!strcmp(o->records[i]->name, name)) return o->records[i];
    return NULL;
}

static bool has_size(const sdag_record_type *t)
{
    for (const sdag_opt *o = t->opts; o && o->name; o++)
        if (!strcmp(o->name, "size")) return true;
    return false;
}

static void note(sdag_str *s, const char *name) { sdag_str_addf(s, "%s%s", s->n ? ", " : "", name); }

static void keep(walk *w, const sdag_spec *item, const char *name)
{
    *SDAG_PUSH(w->p->arena, &w->list) = item;
    note(&w->kept, name);
}

/* One transform: `name`, or {name: {options}}. Where a random one cuts images to a size, the middle is cut instead. */
static void take_one(walk *w, const sdag_opt *o, const sdag_spec *item)
{
    const sdag_spec *options = item->kind == SDAG_SPEC_MAP && item->n ? item->entries[0].value : NULL;
    const char *name = options ? item->entries[0].key : item->text;
    const sdag_record_type *t = name ? record_of(o, name) : NULL;
    if (!t && name) note(&w->dropped, name);
    if (!t) return;
    const bool sizes = has_size(t), sized = w->out->sized;
    if (t->fixed && !(sizes && w->p->options->sized)) {
        keep(w, item, name);
        w->out->sized |= sizes;
        return;
    }
    note(&w->dropped, name);
    const sdag_record_type *middle = record_of(o, "center_crop");
    const sdag_spec *size = options ? sdag_spec_get(options, "size") : NULL;
    if (!sizes || !sized || !middle || !size) return;
    sdag_tree inner = {.a = w->p->arena}, outer = {.a = w->p->arena};
    sdag_tree_add(&inner, "size", size);
    sdag_tree_add(&outer, "center_crop", sdag_tree_map(&inner));
    keep(w, sdag_tree_map(&outer), "center_crop");
}

/* From the source down to node n. */
static void descend(walk *w, int32_t n)
{
    const sdag_gnode *g = &w->p->options->graph->nodes[n];
    const sdag_opt *o = NULL;
    if (g->type->role == SDAG_ROLE_SOURCE) {
        w->out->source = n;
        return;
    }
    if (g->n_in && g->in[0].n) descend(w, g->in[0].refs[0].node);
    const sdag_spec *list = transforms_of(g, &o);
    for (int i = 0; list && list->kind == SDAG_SPEC_LIST && i < list->n; i++) take_one(w, o, list->items[i]);
    if (list && list->kind != SDAG_SPEC_LIST) take_one(w, o, list);
}

static sdag_val value_of(const sdag_lowered *l, const sdag_ref *r)
{
    const sdag_lowered_port *port = &l->ports[r->node][r->port];
    return port->joint ? port->joint : port->n ? port->vals[0] : 0;
}

/* Whether a pretext task makes v of what it is given without drawing anything, one for each: that is done to new data
 * as well. Looks at the ops of the task alone. */
static bool only_computes(sdag_arena *a, const sdag_lowered *l, int32_t task, sdag_val v, sdag_val given)
{
    const sdag_program *p = &l->program;
    bool *wanted = SDAG_NEWS(a, bool, p->values.n);
    bool passes = true; /* the pixels as they are: what is hidden of them is said on other ports */
    wanted[v] = true;
    for (int i = p->ops.n - 1; i >= 0; i--) {
        const sdag_program_op *o = &p->ops.at[i];
        bool used = false;
        for (int k = 0; k < o->n_out; k++) used |= wanted[o->out[k]];
        if (!used || o->node != task) continue;
        if (o->op->flags & SDAG_OP_RANDOM) return false;
        passes &= !strcmp(o->op->name, "to_f32");
        for (int k = 0; k < o->n_in; k++) wanted[o->in[k]] = true;
    }
    const sdag_shape *x = &p->values.at[given].shape, *y = &p->values.at[v].shape;
    return !passes && x->rank > 0 && y->rank > 0 && x->d[0] == y->d[0];
}

/* The size of what arrives, from the phase as it ran; no data are opened. */
static sdag_status find_shape(walk *w, const sdag_ref *from)
{
    sdag_apply *p = w->p;
    const sdag_graph *g = p->options->graph;
    const sdag_gnode *last = &g->nodes[from->node];
    sdag_lowered *l;
    sdag_status status = sdag_lower(
        &l, p->arena, p->log,
        &(sdag_lower_request){
            .graph = g, .phase = last->phase, .training = g->phases[last->phase].optimizer >= 0, .pass = -1});
    if (status) return status;
    const sdag_ref *given = last->n_in && last->in[0].n ? &last->in[0].refs[0] : NULL;
    sdag_val v = value_of(l, from);
    if (last->type->role == SDAG_ROLE_PRETEXT && given) {
        if (only_computes(p->arena, l, from->node, v, value_of(l, given))) {
            w->out->pretext = from->node;
            note(&w->kept, last->type->name);
            v = value_of(l, given);
        } else {
            note(&w->dropped, last->type->name);
        }
    }
    const sdag_shape s = l->program.values.at[v].shape;
    if (s.rank != 4) return SDAG_OK;
    w->out->h = s.d[1];
    w->out->w = s.d[2];
    w->out->c = s.d[3];
    const sdag_lowered_port *source = &l->ports[w->out->source][0];
    const sdag_shape *own = &l->program.values.at[source->n ? source->vals[0] : 0].shape;
    w->out->source_h = own->rank == 4 ? own->d[1] : 0;
    w->out->source_w = own->rank == 4 ? own->d[2] : 0;
    w->out->source_c = source->beside.channels ? source->beside.channels : s.d[3];
    return SDAG_OK;
}

sdag_status sdag_apply_find_path(sdag_apply_path *out, sdag_apply *p, const sdag_ref *from)
{
    walk w = {.p = p, .out = out, .kept = {.a = p->arena}, .dropped = {.a = p->arena}};
    *out = (sdag_apply_path){.source = -1, .pretext = -1};
    descend(&w, from->node);
    if (out->source < 0) return sdag_fail(p->log, SDAG_INVALID, from->loc, "'%s' reads no data source", p->title);
    const sdag_node_type *t = p->options->graph->nodes[out->source].type;
    out->text = !strcmp(t->outs[0].name, "tokens");
    sdag_status status = out->text ? SDAG_OK : find_shape(&w, from);
    out->kept = w.list.at;
    out->n_kept = w.list.n;
    out->kept_names = w.kept.n ? w.kept.at : "";
    out->left_out = w.dropped.n ? w.dropped.at : "";
    return status;
}
