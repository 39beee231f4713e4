/* Writes the phase: the data, the transforms that are kept, and the nodes on the way to the one that is asked for. */
#include <string.h>

#include "runtime/apply/parts.h"

typedef struct composing {
    sdag_apply *p;
    const sdag_graph *g; /* of the file */
    sdag_arena *a;
    int32_t from;         /* the node whose wires are followed: the one asked for, or a later one in inference */
    bool *need;           /* of each node */
    const sdag_ref *data; /* the first wire that brings data */
    const char *input;    /* what is wired to instead of it */
    int32_t pretext;      /* unless it comes from this one, which is there again; -1 */
    sdag_tree nodes;
} composing;

/* ---- which nodes ---- */

static bool descends_from(const sdag_graph *g, int32_t n, int32_t from)
{
    for (; n >= 0; n = g->nodes[n].use)
        if (n == from) return true;
    return false;
}

/* An inference phase that takes the node over says how data come to it; otherwise the node's own phase. */
static int32_t reader_of(const sdag_graph *g, int32_t node)
{
    if (g->phases[g->nodes[node].phase].optimizer < 0) return node;
    for (int32_t n = 0; n < g->n_nodes; n++)
        if (g->phases[g->nodes[n].phase].optimizer < 0 && descends_from(g, n, node)) return n;
    return node;
}

static bool is_wire(const sdag_gnode *n, int port)
{
    return !(n->type->ins[port].flags & (SDAG_PORT_EVAL | SDAG_PORT_DATA));
}

static void mark(composing *c, int32_t index)
{
    const sdag_gnode *n = &c->g->nodes[index];
    if (c->need[index]) return;
    c->need[index] = true;
    for (int i = 0; i < n->n_in; i++)
        for (int k = 0; is_wire(n, i) && k < n->in[i].n; k++) {
            const sdag_ref *r = &n->in[i].refs[k];
            if (!sdag_apply_is_data(c->g->nodes[r->node].type)) mark(c, r->node);
            else if (!c->data && !(n->type->ins[i].flags & SDAG_PORT_OPTIONAL)) c->data = r;
        }
}

/* Whose weights a node of the followed phase is to have: those that it had in the phase that is asked for, if it was
 * there. */
static int32_t weights_of(const composing *c, int32_t n)
{
    const int32_t phase = c->g->nodes[c->p->node].phase;
    for (int32_t k = n; k >= 0; k = c->g->nodes[k].use)
        if (c->g->nodes[k].phase == phase) return sdag_apply_owner(c->g, k);
    return sdag_apply_owner(c->g, n);
}

/* ---- the nodes ---- */

static const char *free_name(const composing *c, const char *name)
{
    for (bool taken = true; taken;) {
        taken = false;
        for (int32_t i = 0; i < c->g->n_nodes; i++) taken |= c->need[i] && !strcmp(c->g->nodes[i].name, name);
        for (int i = 0; i < c->nodes.entries.n; i++) taken |= !strcmp(c->nodes.entries.at[i].key, name);
        if (taken) name = sdag_arena_printf(c->a, "%s_", name);
    }
    return name;
}

static const char *wire_text(const composing *c, const sdag_gnode *to, int port, const sdag_ref *r)
{
    const sdag_gnode *from = &c->g->nodes[r->node];
    if (sdag_apply_is_data(from->type)) {
        if (to->type->ins[port].flags & SDAG_PORT_OPTIONAL) return NULL;
        if (r->node != c->pretext) return c->input;
    }
    return r->port ? sdag_arena_printf(c->a, "%s.%s", from->name, from->type->outs[r->port].name) : from->name;
}

/* The wires of one port: views are one and the same now. */
static const sdag_spec *wires(const composing *c, const sdag_gnode *to, int port)
{
    const sdag_wires *w = &to->in[port];
    const sdag_spec **items = SDAG_NEWS(c->a, const sdag_spec *, w->n + 1);
    int n = 0;
    for (int i = 0; i < w->n; i++) {
        const char *text = wire_text(c, to, port, &w->refs[i]);
        bool there = !text;
        for (int k = 0; k < n && !there; k++) there = !strcmp(items[k]->text, text);
        if (!there) items[n++] = sdag_tree_text(c->a, text);
    }
    return n == 0 ? NULL : n == 1 ? items[0] : sdag_tree_list(c->a, items, n);
}

static bool is_input_key(const sdag_gnode *n, const char *key)
{
    for (int i = 0; i < n->n_in; i++)
        if (!strcmp(n->type->ins[i].name, key)) return true;
    return !strcmp(key, "in") || !strcmp(key, "use") || !strcmp(key, "freeze") || !strcmp(key, "weights");
}

static void add_node(composing *c, int32_t index)
{
    const sdag_gnode *n = &c->g->nodes[index];
    sdag_tree t = {.a = c->a}, in = {.a = c->a};
    if (sdag_apply_has_weights(n->type)) {
        const sdag_gnode *owner = &c->g->nodes[weights_of(c, index)];
        const char *use = sdag_arena_printf(c->a, "%s.%s", c->g->phases[owner->phase].name, owner->name);
        sdag_tree_add(&t, "use", sdag_tree_text(c->a, use));
    } else {
        for (int i = 0; i < n->spec->n; i++)
            if (!is_input_key(n, n->spec->entries[i].key))
                sdag_tree_add(&t, n->spec->entries[i].key, n->spec->entries[i].value);
    }
    for (int i = 0; i < n->n_in; i++) {
        const sdag_spec *w = is_wire(n, i) ? wires(c, n, i) : NULL;
        if (w) sdag_tree_add(n->type->ins[i].flags & SDAG_PORT_KEY ? &t : &in, n->type->ins[i].name, w);
    }
    if (in.entries.n) sdag_tree_add(&t, "in", sdag_tree_map(&in));
    sdag_tree_add(&c->nodes, n->name, sdag_tree_map(&t));
    c->nodes.entries.at[c->nodes.entries.n - 1].loc = n->loc;
}

/* ---- the data ---- */

/* A pretext task that is kept: it reads the new data. */
static void add_task(composing *c, int32_t index)
{
    const sdag_gnode *n = &c->g->nodes[index];
    sdag_tree t = {.a = c->a};
    for (int i = 0; i < n->spec->n; i++)
        if (!is_input_key(n, n->spec->entries[i].key))
            sdag_tree_add(&t, n->spec->entries[i].key, n->spec->entries[i].value);
    sdag_tree_add(&t, "in", sdag_tree_text(c->a, c->input));
    sdag_tree_add(&c->nodes, n->name, sdag_tree_map(&t));
    c->nodes.entries.at[c->nodes.entries.n - 1].loc = n->loc;
}

static void add_view(composing *c, const sdag_apply_path *path)
{
    sdag_tree t = {.a = c->a};
    const char *name = free_name(c, "view");
    sdag_tree_add(&t, "type", sdag_tree_text(c->a, "augment"));
    sdag_tree_add(&t, "in", sdag_tree_text(c->a, c->input));
    sdag_tree_add(&t, "ops", sdag_tree_list(c->a, path->kept, path->n_kept));
    sdag_tree_add(&c->nodes, name, sdag_tree_map(&t));
    c->input = name;
}

/* What was done to the data, for the user. */
static const char *sentence(const composing *c, const sdag_apply_path *path)
{
    sdag_str s = {.a = c->a};
    const char *already = c->p->options->sized ? " that are" : "", *so = c->p->options->sized ? " already" : "";
    if (path->text) sdag_str_add(&s, "tokens as in training");
    else if (!path->c) sdag_str_addf(&s, "data of %s", c->g->nodes[path->source].type->name);
    else
        sdag_str_addf(&s, "images%s %s%lldx%lld%s, %lld channel%s", already, *already ? "" : "of ", (long long)path->h,
                      (long long)path->w, so, (long long)path->source_c, path->source_c == 1 ? "" : "s");
    if (*path->kept_names)
        sdag_str_addf(&s, "; %s as in %s", path->kept_names, c->g->phases[c->g->nodes[c->from].phase].name);
    if (*path->left_out) sdag_str_addf(&s, "; left out: %s", path->left_out);
    return s.at;
}

static sdag_status add_data(composing *c)
{
    sdag_apply_path path;
    const sdag_spec *source;
    sdag_status status = sdag_apply_find_path(&path, c->p, c->data);
    if (!status) status = sdag_apply_source(&source, c->p, &path);
    if (status) return status;
    c->pretext = path.pretext;
    if (c->pretext >= 0) c->need[c->pretext] = true; /* its name is taken */
    c->input = free_name(c, "images");
    sdag_tree_add(&c->nodes, c->input, source);
    if (path.n_kept) add_view(c, &path);
    if (c->pretext >= 0) add_task(c, c->pretext);
    c->p->data = sentence(c, &path);
    return SDAG_OK;
}

/* ---- the graph ---- */

/* Something must read the node, or it would be of no effect. */
static void add_end(composing *c)
{
    const sdag_gnode *n = &c->g->nodes[c->from];
    const char *wire = c->p->port ? sdag_arena_printf(c->a, "%s.%s", n->name, n->type->outs[c->p->port].name) : n->name;
    sdag_tree t = {.a = c->a};
    sdag_tree_add(&t, "type", sdag_tree_text(c->a, "sink.npy"));
    sdag_tree_add(&t, "in", sdag_tree_text(c->a, wire));
    sdag_tree_add(&t, "path", sdag_tree_text(c->a, "values.npy"));
    sdag_tree_add(&c->nodes, free_name(c, "values"), sdag_tree_map(&t));
}

static const char *free_phase(const composing *c)
{
    const char *name = "apply";
    for (int i = 0; i < c->g->n_phases; i++)
        if (!strcmp(c->g->phases[i].name, name)) {
            name = sdag_arena_printf(c->a, "%s_", name);
            i = -1;
        }
    return name;
}

static const sdag_spec *with_phase(composing *c, const char *name)
{
    const sdag_spec *root = c->g->spec, *phases = sdag_spec_get(root, "phases");
    sdag_tree phase = {.a = c->a}, all = {.a = c->a}, out = {.a = c->a};
    sdag_tree_add(&phase, "nodes", sdag_tree_map(&c->nodes));
    for (int i = 0; i < phases->n; i++) *SDAG_PUSH(c->a, &all.entries) = phases->entries[i];
    sdag_tree_add(&all, name, sdag_tree_map(&phase));
    for (int i = 0; i < root->n; i++) {
        *SDAG_PUSH(c->a, &out.entries) = root->entries[i];
        if (root->entries[i].value == phases) out.entries.at[out.entries.n - 1].value = sdag_tree_map(&all);
    }
    sdag_spec *s = SDAG_NEW(c->a, sdag_spec);
    *s = *sdag_tree_map(&out);
    s->loc = root->loc; /* paths are relative to the file */
    return s;
}

/* What the file says is known to be right: only what is new is worth a message. */
static sdag_status build(composing *c, const sdag_spec *spec)
{
    sdag_apply *p = c->p;
    sdag_graph *g;
    const int before = sdag_log_count(p->log);
    sdag_log_quiet(p->log, true);
    sdag_status status = sdag_graph_build(&g, c->a, p->log, spec, p->options->catalog);
    sdag_log_quiet(p->log, false);
    for (int i = before, n = sdag_log_count(p->log); status && i < n; i++)
        if (sdag_log_at(p->log, i)->level == SDAG_ERROR)
            return sdag_fail(p->log, status, SDAG_NOLOC, "'%s' cannot be applied to new data: %s", p->title,
                             sdag_log_at(p->log, i)->text);
    p->graph = status ? NULL : g;
    return status;
}

sdag_status sdag_apply_compose(sdag_apply *p)
{
    const sdag_graph *g = p->options->graph;
    composing c = {
        .p = p, .g = g, .a = p->arena, .from = reader_of(g, p->node), .pretext = -1, .nodes = {.a = p->arena}};
    c.need = SDAG_NEWS(c.a, bool, g->n_nodes + 1);
    mark(&c, c.from);
    if (!c.data) return sdag_fail(p->log, SDAG_USAGE, SDAG_NOLOC, "'%s' reads no data", p->title);
    sdag_status status = add_data(&c);
    for (int32_t i = 0; i < g->n_nodes && !status; i++) {
        if (!c.need[i] || sdag_apply_is_data(g->nodes[i].type)) continue;
        if (sdag_apply_has_weights(g->nodes[i].type)) status = sdag_apply_take(p, weights_of(&c, i));
        add_node(&c, i);
    }
    if (status) return status;
    add_end(&c);
    const char *name = free_phase(&c);
    status = build(&c, with_phase(&c, name));
    if (status) return status;
    p->phase = p->graph->n_phases - 1;
    p->source = sdag_graph_find(p->graph, p->phase, c.nodes.entries.at[0].key);
    return SDAG_OK;
}
