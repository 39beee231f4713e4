/* Views: which bundles the wires of a phase carry, and whether the ports that they enter take them.
 *
 * A list makes a bundle, named after its members. A type that maps passes the names on; a node with `views: 8` makes
 * view_1 ... view_8 itself. All else is a plain value. */
#include <string.h>

#include "graphs/graph/builder.h"

enum { SHOWN = 6 };

static const char *names_text(sdag_builder *b, sdag_view_names v)
{
    sdag_str s = {.a = b->r.a};
    sdag_str_add(&s, "");
    for (int i = 0; i < v.n && i < SHOWN; i++) sdag_str_addf(&s, "%s%s", i ? ", " : "", v.at[i]);
    if (v.n > SHOWN) sdag_str_add(&s, ", ...");
    return s.at;
}

static bool has_name(sdag_view_names v, const char *name)
{
    for (int i = 0; i < v.n; i++)
        if (strcmp(v.at[i], name) == 0) return true;
    return false;
}

static bool same_names(sdag_view_names a, sdag_view_names b)
{
    if (a.n != b.n) return false;
    for (int i = 0; i < a.n; i++)
        if (strcmp(a.at[i], b.at[i]) != 0) return false;
    return true;
}

typedef struct rest_of {
    const sdag_port *outs;
    sdag_view_names views;
} rest_of;

/* What may follow the node's name: its ports, then its views. */
static const char *rest_name(const void *ctx, int i)
{
    const rest_of *r = ctx;
    int n = sdag_port_count(r->outs);
    return i < n ? r->outs[i].name : i - n < r->views.n ? r->views.at[i - n] : NULL;
}

/* The views that one ref brings: none when it names one of them. */
static sdag_view_names ref_views(sdag_builder *b, const sdag_ref *ref)
{
    const sdag_view_names none = {0};
    if (ref->node < 0 || !b->nodes.at[ref->node]->type) return none;
    const sdag_gnode *from = b->nodes.at[ref->node];
    sdag_view_names v = b->views[ref->node - b->first];
    if (!ref->view) return v;
    if (!has_name(v, ref->view))
        sdag_reader_unknown(&b->r, ref->loc, v.n ? "port or view" : "port", ref->view,
                            sdag_arena_printf(b->r.a, " of '%s' (%s)", from->name, from->type->name), rest_name,
                            &(rest_of){from->type->outs, v});
    return none;
}

/* As sdag_ref_name, before the graph has its nodes. */
static const char *member_name(sdag_builder *b, const sdag_ref *ref)
{
    const sdag_gnode *n = b->nodes.at[ref->node];
    if (ref->view) return ref->view;
    return ref->port > 0 ? sdag_arena_printf(b->r.a, "%s.%s", n->name, n->type->outs[ref->port].name) : n->name;
}

/* A list of wires is one bundle of all their views. No name may stand twice. */
static sdag_view_names list_views(sdag_builder *b, const sdag_wires *w)
{
    SDAG_VEC(const char *) names = {0};
    sdag_map seen = {.a = b->r.a};
    for (int i = 0; i < w->n; i++) {
        const sdag_ref *ref = &w->refs[i];
        sdag_view_names inner = ref_views(b, ref);
        if (ref->node < 0 || !b->nodes.at[ref->node]->type) continue;
        for (int k = 0; k < (inner.n > 1 ? inner.n : 1); k++) {
            const char *name = inner.n > 1 ? inner.at[k] : member_name(b, ref);
            if (sdag_map_put(&seen, name, i)) *SDAG_PUSH(b->r.a, &names) = name;
            else sdag_reader_error(&b->r, ref->loc, "two views of the list are called '%s'", name);
        }
    }
    return (sdag_view_names){names.n, names.at};
}

/* Ports that name nodes rather than take values: `of: [encoder, projector]`. */
static void check_named(sdag_builder *b, const sdag_wires *w)
{
    for (int i = 0; i < w->n; i++) {
        ref_views(b, &w->refs[i]);
        for (int k = 0; k < i; k++)
            if (w->refs[i].node >= 0 && w->refs[i].node == w->refs[k].node) {
                sdag_reader_error(&b->r, w->refs[i].loc, "'%s' stands twice in the list",
                                  b->nodes.at[w->refs[i].node]->name);
                break;
            }
    }
}

/* A port's own bundle, checked. Ports that name nodes to be run elsewhere take lists of nodes, not of views. */
static sdag_view_names port_views(sdag_builder *b, sdag_gnode *n, int port)
{
    const sdag_port *p = &n->type->ins[port];
    sdag_wires *w = &n->in[port];
    bool takes = n->type->maps || (p->flags & SDAG_PORT_BUNDLE);
    sdag_view_names v = {0};
    if (w->n == 0) return v;
    if (p->flags & (SDAG_PORT_EVAL | SDAG_PORT_DATA)) {
        check_named(b, w);
        if ((p->flags & SDAG_PORT_DATA) && w->n > 1)
            sdag_reader_error(&b->r, w->refs[1].loc, "port '%s' of %s takes one source", p->name, n->type->name);
        return v;
    }
    v = w->bundle ? list_views(b, w) : ref_views(b, &w->refs[0]);
    if (w->n == 1 && !takes) w->bundle = false; /* a list of one is that one */
    if (!takes && w->n > 1)
        sdag_reader_error(&b->r, w->refs[1].loc, "%s producers for port '%s' of '%s', which takes one value: %s",
                          w->n == 2 ? "two" : "several", p->name, n->name, names_text(b, v));
    else if (!takes && v.n > 1) {
        const char *from = b->nodes.at[w->refs[0].node]->name;
        sdag_reader_error(&b->r, w->refs[0].loc,
                          "port '%s' of %s takes one value, and '%s' carries %d views: name one, "
                          "such as %s.%s",
                          p->name, n->type->name, from, v.n, from, v.at[0]);
    }
    return p->flags & SDAG_PORT_BUNDLE ? (sdag_view_names){0} : v;
}

/* What the node's outputs carry. */
static sdag_view_names node_views(sdag_builder *b, sdag_gnode *n)
{
    sdag_view_names all = {0};
    int own = sdag_own_views(n), source = -1;
    for (int port = 0; port < n->n_in; port++) {
        sdag_view_names v = port_views(b, n, port);
        if (!n->type->maps || v.n == 0) continue;
        if (source >= 0 && !same_names(all, v))
            sdag_reader_error(
                &b->r, n->in[port].refs[0].loc, "ports '%s' and '%s' of '%s' carry different views: %s, and %s",
                n->type->ins[source].name, n->type->ins[port].name, n->name, names_text(b, all), names_text(b, v));
        if (source < 0) all = v, source = port;
    }
    if (own == 1) return all;
    const char **names = SDAG_NEWS(b->r.a, const char *, own);
    for (int i = 0; i < own; i++) names[i] = sdag_arena_printf(b->r.a, "view_%d", i + 1);
    return (sdag_view_names){own, names};
}

void sdag_build_views(sdag_builder *b, int32_t p)
{
    const sdag_phase *phase = &b->g->phases[p];
    b->views = SDAG_NEWS(b->r.a, sdag_view_names, b->nodes.n - b->first);
    for (int i = 0; i < phase->n_nodes; i++) {
        sdag_gnode *n = b->nodes.at[phase->order[i]];
        if (n->type) b->views[phase->order[i] - b->first] = node_views(b, n);
    }
}
