/* The graph as text: what `dump --stage graph` shows, and what golden tests compare. */
#include <string.h>

#include "graphs/graph/graph.h"
#include "graphs/graph/options.h"
#include "graphs/graph/words.h"

enum { STEP = 4 }; /* columns that an inner graph is moved to the right by */

/* Where nodes are printed from: the file's, or the body of a module. */
typedef struct scope {
    const sdag_graph *g;
    const sdag_gnode *nodes; /* that refs speak of */
    int n_in;                /* the first so many stand for the inputs of a module */
    int indent;
} scope;

static void print_ref(sdag_str *s, const scope *in, const sdag_ref *ref)
{
    const sdag_gnode *from = &in->nodes[ref->node];
    sdag_str_add(s, from->name);
    if (ref->node >= in->n_in) sdag_str_addf(s, ".%s", from->type->outs[ref->port].name);
    if (ref->view) sdag_str_addf(s, ".%s", ref->view);
}

static void print_wires(sdag_str *s, const scope *in, const sdag_gnode *n)
{
    for (int p = 0; p < n->n_in; p++) {
        const sdag_wires *w = &n->in[p];
        if (w->n == 0) continue;
        sdag_str_addf(s, "%*s%s <- %s", in->indent, "", n->type->ins[p].name, w->bundle ? "[" : "");
        for (int i = 0; i < w->n; i++) {
            if (i) sdag_str_add(s, ", ");
            print_ref(s, in, &w->refs[i]);
        }
        sdag_str_add(s, w->bundle ? "]\n" : "\n");
    }
}

/* The value of o as text; NULL when it is the default, which is compared as it is shown. */
static const char *changed(sdag_arena *a, const sdag_opt *o, const void *opts, const void *defaults)
{
    sdag_str now = {.a = a}, before = {.a = a};
    sdag_opt_value_text(&now, o, opts);
    sdag_opt_value_text(&before, o, defaults);
    return o->required || strcmp(now.at, before.at) != 0 ? now.at : NULL;
}

/* A line a record, as one would type it. */
static void print_record(sdag_str *s, const sdag_record *r, int indent)
{
    const void *defaults = sdag_options_default(s->a, r->type->opts, r->type->opts_size);
    const char *text;
    int n = 0;
    sdag_str_addf(s, "%*s- %s", indent, "", r->type->name);
    for (const sdag_opt *o = r->type->opts; o && o->name; o++)
        if ((text = changed(s->a, o, r->opts, defaults)))
            sdag_str_addf(s, "%s%s: %s", n++ ? ", " : ": {", sdag_opt_name(o), text);
    sdag_str_add(s, n ? "}\n" : "\n");
}

/* A text of several lines, as it would stand after '|'. */
static void print_lines(sdag_str *s, const char *text)
{
    for (const char *end; *text; text = end + (*end == '\n')) {
        end = text + strcspn(text, "\n");
        sdag_str_addf(s, "      %.*s\n", (int)(end - text), text);
    }
}

static void print_options(sdag_str *s, const sdag_gnode *n, int indent)
{
    const void *defaults = sdag_options_default(s->a, n->type->opts, n->type->opts_size);
    for (const sdag_opt *o = n->type->opts; o && o->name; o++) {
        const char *text = changed(s->a, o, n->opts, defaults);
        const sdag_records *list = (const void *)((const char *)n->opts + o->offset);
        bool records = o->kind == SDAG_OPT_RECORDS && list->n > 0;
        const char *own = o->kind == SDAG_OPT_STR ? *(const char *const *)((const char *)n->opts + o->offset) : NULL;
        if (text && own && strchr(own, '\n')) {
            sdag_str_addf(s, "    %s: |\n", sdag_opt_name(o));
            print_lines(s, own);
        } else if (text)
            sdag_str_addf(s, "%*s%s:%s%s\n", indent, "", sdag_opt_name(o), records ? "" : " ", records ? "" : text);
        for (int i = 0; records && text && i < list->n; i++) print_record(s, &list->at[i], indent + 2);
    }
}

static void print_node(sdag_str *s, const scope *in, const sdag_gnode *n);

/* The body of a module, and what leaves it. */
static void print_inner(sdag_str *s, const scope *out, const sdag_gnode *n)
{
    const sdag_inner *in = n->inner;
    const scope body = {.g = out->g, .nodes = in->nodes, .n_in = in->n_in, .indent = out->indent + STEP};
    sdag_str_addf(s, "%*sinside:\n", out->indent, "");
    for (int i = in->n_in; i < in->n_nodes; i++) print_node(s, &body, &in->nodes[i]);
    for (int i = 0; n->type->outs[i].name; i++) {
        sdag_str_addf(s, "%*s-> %s: ", body.indent - 2, "", n->type->outs[i].name);
        print_ref(s, &body, &in->outs[i]);
        sdag_str_add(s, "\n");
    }
}

static void print_node(sdag_str *s, const scope *in, const sdag_gnode *n)
{
    const int indent = in->indent;
    sdag_str_addf(s, "%*s%s: %s\n", indent - 2, "", n->name, n->type->name);
    print_wires(s, in, n);
    if (n->use >= 0) {
        const sdag_gnode *used = &in->g->nodes[n->use];
        sdag_str_addf(s, "%*suse: %s.%s\n", indent, "", in->g->phases[used->phase].name, used->name);
    } else print_options(s, n, indent);
    if (n->weights) {
        sdag_str_addf(s, "%*sweights: ", indent, "");
        sdag_yaml_text(s, n->weights);
        sdag_str_add(s, "\n");
    }
    if (n->freeze) sdag_str_addf(s, "%*sfreeze: true\n", indent, "");
    if (n->batching != SDAG_BATCH_JOINT)
        sdag_str_addf(s, "%*sbatching: %s\n", indent, "", sdag_batching_choices[n->batching]);
    if (n->every.n >= 0) {
        sdag_str_addf(s, "%*severy: ", indent, "");
        sdag_duration_text(s, n->every);
        sdag_str_add(s, "\n");
    }
    if (n->inner && n->use < 0) print_inner(s, in, n);
}

static void print_phase(sdag_str *s, const sdag_graph *g, const sdag_phase *p)
{
    sdag_str_addf(s, "\nphase %s: ", p->name);
    if (p->length.n < 0) sdag_str_add(s, "one pass");
    else sdag_duration_text(s, p->length);
    if (p->optimizer >= 0) sdag_str_addf(s, ", trained by %s", g->nodes[p->optimizer].name);
    if (p->checkpoint.n >= 0) {
        sdag_str_add(s, ", checkpoint every ");
        sdag_duration_text(s, p->checkpoint);
    }
    sdag_str_add(s, "\n");
    const scope all = {.g = g, .nodes = g->nodes, .indent = 4};
    for (int i = 0; i < p->n_nodes; i++) print_node(s, &all, &g->nodes[p->order[i]]);
}

void sdag_graph_print(sdag_str *s, const sdag_graph *g)
{
    sdag_str_addf(s, "graph %s%s%s, seed %llu\n", g->name, g->family ? ", " : "", g->family ? g->family : "",
                  (unsigned long long)g->seed);
    for (int i = 0; i < g->n_phases; i++) print_phase(s, g, &g->phases[i]);
}
