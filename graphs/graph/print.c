/* The graph as text: what `dump --stage graph` shows, and what golden tests compare. */
#include <string.h>

#include "graphs/graph/graph.h"
#include "graphs/graph/options.h"
#include "graphs/graph/words.h"

static void print_ref(sdag_str *s, const sdag_graph *g, const sdag_ref *ref)
{
    const sdag_gnode *from = &g->nodes[ref->node];
    sdag_str_addf(s, "%s.%s", from->name, from->type->outs[ref->port].name);
    if (ref->view) sdag_str_addf(s, ".%s", ref->view);
}

static void print_wires(sdag_str *s, const sdag_graph *g, const sdag_gnode *n)
{
    for (int p = 0; p < n->n_in; p++) {
        const sdag_wires *w = &n->in[p];
        if (w->n == 0) continue;
        sdag_str_addf(s, "    %s <- %s", n->type->ins[p].name, w->bundle ? "[" : "");
        for (int i = 0; i < w->n; i++) {
            if (i) sdag_str_add(s, ", ");
            print_ref(s, g, &w->refs[i]);
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
static void print_record(sdag_str *s, const sdag_record *r)
{
    const void *defaults = sdag_options_default(s->a, r->type->opts, r->type->opts_size);
    const char *text;
    int n = 0;
    sdag_str_addf(s, "      - %s", r->type->name);
    for (const sdag_opt *o = r->type->opts; o && o->name; o++)
        if ((text = changed(s->a, o, r->opts, defaults)))
            sdag_str_addf(s, "%s%s: %s", n++ ? ", " : ": {", sdag_opt_name(o), text);
    sdag_str_add(s, n ? "}\n" : "\n");
}

static void print_options(sdag_str *s, const sdag_gnode *n)
{
    const void *defaults = sdag_options_default(s->a, n->type->opts, n->type->opts_size);
    for (const sdag_opt *o = n->type->opts; o && o->name; o++) {
        const char *text = changed(s->a, o, n->opts, defaults);
        const sdag_records *list = (const void *)((const char *)n->opts + o->offset);
        bool records = o->kind == SDAG_OPT_RECORDS && list->n > 0;
        if (text) sdag_str_addf(s, "    %s:%s%s\n", sdag_opt_name(o), records ? "" : " ", records ? "" : text);
        for (int i = 0; records && text && i < list->n; i++) print_record(s, &list->at[i]);
    }
}

static void print_node(sdag_str *s, const sdag_graph *g, const sdag_gnode *n)
{
    sdag_str_addf(s, "  %s: %s\n", n->name, n->type->name);
    print_wires(s, g, n);
    if (n->use >= 0) {
        const sdag_gnode *used = &g->nodes[n->use];
        sdag_str_addf(s, "    use: %s.%s\n", g->phases[used->phase].name, used->name);
    } else print_options(s, n);
    if (n->weights) {
        sdag_str_add(s, "    weights: ");
        sdag_yaml_text(s, n->weights);
        sdag_str_add(s, "\n");
    }
    if (n->freeze) sdag_str_add(s, "    freeze: true\n");
    if (n->batching != SDAG_BATCH_JOINT) sdag_str_addf(s, "    batching: %s\n", sdag_batching_choices[n->batching]);
    if (n->every.n >= 0) {
        sdag_str_add(s, "    every: ");
        sdag_duration_text(s, n->every);
        sdag_str_add(s, "\n");
    }
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
    for (int i = 0; i < p->n_nodes; i++) print_node(s, g, &g->nodes[p->order[i]]);
}

void sdag_graph_print(sdag_str *s, const sdag_graph *g)
{
    sdag_str_addf(s, "graph %s%s%s, seed %llu\n", g->name, g->family ? ", " : "", g->family ? g->family : "",
                  (unsigned long long)g->seed);
    for (int i = 0; i < g->n_phases; i++) print_phase(s, g, &g->phases[i]);
}
