/* Which node of a run is meant: the one that --node names, or the last encoder or classifier that has weights. */
#include <string.h>

#include "runtime/apply/parts.h"

bool sdag_apply_is_data(const sdag_node_type *t)
{
    return t->role == SDAG_ROLE_SOURCE || t->role == SDAG_ROLE_AUGMENT || t->role == SDAG_ROLE_PRETEXT;
}

bool sdag_apply_has_weights(const sdag_node_type *t)
{
    return t->trains || t->role == SDAG_ROLE_MOMENTUM || t->role == SDAG_ROLE_MEMORY;
}

int32_t sdag_apply_owner(const sdag_graph *g, int32_t node)
{
    while (g->nodes[node].use >= 0 && g->phases[g->nodes[node].phase].optimizer < 0) node = g->nodes[node].use;
    return node;
}

static bool can_be_meant(const sdag_gnode *n)
{
    static const sdag_role not [] = {SDAG_ROLE_LOSS, SDAG_ROLE_OPTIMIZER, SDAG_ROLE_PROBE, SDAG_ROLE_SINK,
                                     SDAG_ROLE_MEMORY};
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++)
        if (n->type->role == not [i]) return false;
    return !sdag_apply_is_data(n->type) && n->type->outs && n->type->outs[0].name;
}

/* f32[B,C]: a score a class. */
static bool gives_logits(const sdag_gnode *n)
{
    const sdag_port *out = n->type->outs;
    return n->type->role == SDAG_ROLE_HEAD && out && out->name && !strcmp(out->name, "logits") &&
           !strcmp(out->type, "f32[B,C]");
}

static bool is_encoder(const sdag_gnode *n) { return n->type->role == SDAG_ROLE_ENCODER; }

/* The first output that is one row a sample: of a transformer `pooled`, of most others the first. */
static int row_port(const sdag_gnode *n)
{
    for (int i = 0; n->type->outs[i].name; i++)
        if (!strncmp(n->type->outs[i].type, "f32[B,D]", 8)) return i;
    return 0;
}

static const char *title_of(const sdag_apply *p, int32_t node)
{
    const sdag_graph *g = p->options->graph;
    return sdag_arena_printf(p->arena, "%s.%s", g->phases[g->nodes[node].phase].name, g->nodes[node].name);
}

static void set(sdag_apply *p, int32_t node, int port)
{
    const sdag_gnode *n = &p->options->graph->nodes[node];
    p->node = node;
    p->port = port;
    p->title = title_of(p, node);
    if (port > 0) p->title = sdag_arena_printf(p->arena, "%s.%s", p->title, n->type->outs[port].name);
}

/* ---- by name ---- */

static const char *candidate(const void *ctx, int i)
{
    const sdag_apply *p = ctx;
    const sdag_graph *g = p->options->graph;
    for (int32_t n = 0; n < g->n_nodes; n++)
        if (can_be_meant(&g->nodes[n]) && i-- == 0) return title_of(p, n);
    return NULL;
}

static sdag_status unknown(const sdag_apply *p, const char *word)
{
    const char *near = sdag_nearest(word, candidate, p), *first;
    sdag_str list = {.a = p->arena};
    for (int i = 0; (first = candidate(p, i)) && i < 12; i++) sdag_str_addf(&list, "%s%s", i ? ", " : "", first);
    if (near)
        return sdag_fail(p->log, SDAG_USAGE, SDAG_NOLOC, "this run has no node '%s'; did you mean '%s'?", word, near);
    return sdag_fail(p->log, SDAG_USAGE, SDAG_NOLOC, "this run has no node '%s': it has %s", word,
                     list.n ? list.at : "none that could be meant");
}

/* "node" alone means that of the last phase that has one. */
static int32_t find_node(const sdag_graph *g, const char *phase, const char *name)
{
    for (int32_t i = g->n_phases - 1; i >= 0; i--) {
        int32_t n = !phase || !strcmp(g->phases[i].name, phase) ? sdag_graph_find(g, i, name) : -1;
        if (n >= 0) return n;
    }
    return -1;
}

static int find_port(const sdag_gnode *n, const char *name)
{
    for (int i = 0; n->type->outs && n->type->outs[i].name; i++)
        if (!strcmp(n->type->outs[i].name, name)) return i;
    return -1;
}

static sdag_status no_port(const sdag_apply *p, const sdag_gnode *n, const char *port)
{
    sdag_str list = {.a = p->arena};
    for (int i = 0; n->type->outs[i].name; i++) sdag_str_addf(&list, "%s%s", i ? ", " : "", n->type->outs[i].name);
    return sdag_fail(p->log, SDAG_USAGE, SDAG_NOLOC, "'%s' (%s) has no output '%s': it has %s", n->name, n->type->name,
                     port, list.at);
}

/* phase.node.port, phase.node, node.port or node. */
static sdag_status by_name(sdag_apply *p, const char *text)
{
    const sdag_graph *g = p->options->graph;
    char *part[3] = {sdag_arena_str(p->arena, text)};
    int n = 1;
    for (char *dot; n < 3 && (dot = strchr(part[n - 1], '.')); n++) {
        *dot = 0;
        part[n] = dot + 1;
    }
    int32_t node = n == 1 ? find_node(g, NULL, part[0]) : find_node(g, part[0], part[1]);
    const char *port = n == 3 ? part[2] : NULL;
    if (node < 0 && n == 2) {
        node = find_node(g, NULL, part[0]);
        port = part[1];
    }
    if (node < 0) return unknown(p, text);
    const sdag_gnode *x = &g->nodes[node];
    if (!can_be_meant(x))
        return sdag_fail(p->log, SDAG_USAGE, SDAG_NOLOC,
                         "'%s' is %s, which gives nothing for new data: name an encoder, a projector or a head", text,
                         x->type->name);
    int at = port ? find_port(x, port) : row_port(x);
    if (at < 0) return no_port(p, x, port);
    set(p, node, at);
    if (p->options->logits && !gives_logits(x))
        return sdag_fail(p->log, SDAG_USAGE, SDAG_NOLOC,
                         "'%s' is %s, which gives no scores of classes: name a head.classifier, or use ssldag embed",
                         text, x->type->name);
    if (sdag_apply_ready(p, sdag_apply_owner(g, node))) return SDAG_OK;
    return sdag_fail(p->log, SDAG_IO, SDAG_NOLOC, "%s has no weights of '%s': the run has not come so far",
                     p->options->run, p->title);
}

/* ---- the default ---- */

/* How many phases have trained what stands in node n and before it: of a network from scratch, one. */
static int history_of(const sdag_graph *g, int32_t n)
{
    const sdag_gnode *x = &g->nodes[n];
    int longest = 0, own = g->phases[x->phase].optimizer >= 0 && x->type->trains;
    if (x->use >= 0) longest = history_of(g, x->use);
    for (int i = 0; i < x->n_in && x->type->role == SDAG_ROLE_HEAD; i++) /* a head is new: its encoder counts */
        for (int k = 0; k < x->in[i].n; k++) {
            const sdag_gnode *from = &g->nodes[x->in[i].refs[k].node];
            int h = from->type->role == SDAG_ROLE_HEAD ? 0 : history_of(g, x->in[i].refs[k].node);
            if (h > longest) longest = h;
        }
    return longest + (x->type->role == SDAG_ROLE_HEAD ? 0 : own);
}

/* The one of its kind that most phases have trained, the last of equals; *later: a better one has no weights yet. */
static int32_t last_of(sdag_apply *p, bool (*kind)(const sdag_gnode *n), int32_t *later)
{
    const sdag_graph *g = p->options->graph;
    int32_t best = -1, wanted = -1;
    int best_h = -1, wanted_h = -1;
    for (int32_t ph = 0; ph < g->n_phases; ph++)
        for (int i = 0; i < g->phases[ph].n_nodes; i++) {
            int32_t n = g->phases[ph].order[i];
            if (!kind(&g->nodes[n])) continue;
            int h = history_of(g, n);
            if (h >= wanted_h) wanted = n, wanted_h = h;
            if (h >= best_h && sdag_apply_ready(p, sdag_apply_owner(g, n))) best = n, best_h = h;
        }
    *later = wanted != best ? wanted : -1;
    return best;
}

static sdag_status by_kind(sdag_apply *p, bool (*kind)(const sdag_gnode *n), const char *what)
{
    int32_t later, n = last_of(p, kind, &later);
    if (n < 0 && later >= 0)
        return sdag_fail(p->log, SDAG_IO, SDAG_NOLOC, "%s has no weights of '%s' yet: continue the run with --resume",
                         p->options->run, title_of(p, later));
    if (n < 0)
        return sdag_fail(p->log, SDAG_USAGE, SDAG_NOLOC, "the pipeline of %s has no %s: name a node with --node",
                         p->options->run, what);
    if (later >= 0)
        sdag_log_add(p->log, SDAG_NOTE, SDAG_NOLOC, "'%s' has no weights yet: '%s' is taken", title_of(p, later),
                     title_of(p, n));
    set(p, n, row_port(&p->options->graph->nodes[n]));
    return SDAG_OK;
}

sdag_status sdag_apply_choose(sdag_apply *p)
{
    const sdag_apply_options *o = p->options;
    int32_t later;
    if (o->node) return by_name(p, o->node);
    if (o->logits || (o->prefer_logits && last_of(p, gives_logits, &later) >= 0))
        return by_kind(p, gives_logits, "classifier");
    return by_kind(p, is_encoder, "encoder");
}
