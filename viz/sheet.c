/* Groups become clusters, boxes nodes, lines edges. Texts go into labels and tooltips alone. */
#include "viz/sheet.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Attributes that hold for the whole, and the defaults of those that parts set. */

static void set_defaults(Agraph_t *g, int64_t reach)
{
    static const struct {
        int kind;
        const char *name, *value;
    } all[] = {
        {AGRAPH, "fontname", SDAG_THEME_FONT},
        {AGRAPH, "fontsize", "11"},
        {AGRAPH, "label", ""},
        {AGRAPH, "labelloc", "b"},
        {AGRAPH, "labeljust", "c"},
        {AGRAPH, "style", ""},
        {AGRAPH, "color", "none"},
        {AGRAPH, "fillcolor", "white"},
        {AGRAPH, "bgcolor", "white"},
        {AGRAPH, "margin", "0"},
        {AGRAPH, "nodesep", "0.3"},
        {AGRAPH, "ranksep", "0.35"},
        {AGRAPH, "pad", "0.15"},
        {AGRAPH, "tooltip", ""},
        {AGRAPH, "class", "ssldag-picture"},
        {AGRAPH, "compound", "true"}, /* lines may end at frames */
        {AGNODE, "fontname", SDAG_THEME_FONT},
        {AGNODE, "fontsize", "12"},
        {AGNODE, "label", ""},
        {AGNODE, "shape", "box"},
        {AGNODE, "style", "filled"},
        {AGNODE, "fillcolor", "white"},
        {AGNODE, "color", "black"},
        {AGNODE, "penwidth", "1"},
        {AGNODE, "margin", "0.12,0.06"},
        {AGNODE, "height", "0.3"},
        {AGNODE, "tooltip", ""},
        {AGNODE, "skew", ""},
        {AGEDGE, "fontname", SDAG_THEME_FONT},
        {AGEDGE, "fontsize", "9"},
        {AGEDGE, "label", ""},
        {AGEDGE, "color", "#444444"},
        {AGEDGE, "style", "solid"},
        {AGEDGE, "penwidth", "1"},
        {AGEDGE, "arrowhead", "normal"},
        {AGEDGE, "arrowsize", "0.7"},
        {AGEDGE, "minlen", "1"},
        {AGEDGE, "weight", "2"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) agattr(g, all[i].kind, TEXT(all[i].name), TEXT(all[i].value));
    if (reach > SDAG_SHEET_LARGE) {
        agattr(g, AGRAPH, TEXT("nslimit"), TEXT("1"));
        agattr(g, AGRAPH, TEXT("nslimit1"), TEXT("1"));
        agattr(g, AGRAPH, TEXT("mclimit"), TEXT("0.3"));
        agattr(g, AGRAPH, TEXT("splines"), TEXT("polyline"));
    }
}

static void set(void *part, const char *name, const char *value)
{
    if (value) agsafeset(part, TEXT(name), TEXT(value), TEXT(""));
}

static void set_label(Agraph_t *g, void *part, const char *html)
{
    if (!html) return;
    char *text = agstrdup_html(g, TEXT(html));
    agset(part, TEXT("label"), text);
    agstrfree(g, text);
}

/* The i-th of n parts in the order in which dot shall see them. */
static int nth(const sdag_sheet *s, int i, int n) { return s->forward ? i : n - 1 - i; }

/* The frames inside one. */
static void add_groups(sdag_sheet *s, Agraph_t *around, int parent)
{
    char name[128];
    const sdag_picture *p = s->p;
    for (int k = 0; k < p->groups.n; k++) {
        const int i = nth(s, k, p->groups.n);
        const sdag_group *each = &p->groups.at[i];
        if (each->parent != parent) continue;
        snprintf(name, sizeof name, "cluster_%s", each->id);
        Agraph_t *sub = s->sub[i] = agsubg(around, name, 1);
        const char *fill = each->look < 0 ? SDAG_THEME_PHASE_FILL : sdag_theme_boxes[each->look].fill;
        set_label(s->g, sub, s->l->groups[i]);
        set(sub, "labelloc", "t");
        set(sub, "labeljust", parent < 0 && !p->plain ? "c" : "l"); /* lines enter from above: not through the words */
        set(sub, "style", "rounded,filled");
        set(sub, "margin", parent < 0 ? "14" : "8");
        set(sub, "fillcolor", each->fill ? each->fill : fill);
        set(sub, "color", each->look < 0 ? SDAG_THEME_PHASE_STROKE : SDAG_THEME_GROUP_STROKE);
        add_groups(s, sub, i);
    }
}

/* Graphviz makes a hexagon so high that an ellipse around the text fits in. That is too much for many short lines: the
 * margin takes away what is not needed. */
static const char *hexagon_margin(char *buf, size_t room, const sdag_box *b)
{
    const double line = 1.25, stretch = 1.633, room_above = 9; /* sqrt 2 / cos 30 degrees; points */
    double text = line * (12 + 10);
    for (int i = 0; b->details[i]; i++) text += line * 9;
    for (int i = 0; b->pulls[i]; i++) text += line * (i ? 9 : 17);
    for (int i = 0; b->pushes[i]; i++) text += line * (i ? 9 : 17);
    double points = ((text + 2 * room_above) / stretch - text) / 2;
    snprintf(buf, room, "0.03,%.3f", points < 3.6 ? points / 72 : 0.05);
    return buf;
}

static void add_box(Agraph_t *g, Agnode_t **out, Agraph_t *sub, const sdag_box *b, const char *label, const char *tip,
                    bool links)
{
    const sdag_theme_box *t = &sdag_theme_boxes[b->look];
    Agnode_t *n = *out = agnode(sub, TEXT(b->id), 1);
    set_label(g, n, label);
    set(n, "tooltip", tip);
    set(n, "shape", t->shape);
    set(n, "style", t->style);
    set(n, "fillcolor", b->fill ? b->fill : t->fill);
    set(n, "color", t->stroke);
    set(n, "penwidth", t->width);
    char margin[40];
    set(n, "margin", strcmp(t->shape, "hexagon") ? t->margin : hexagon_margin(margin, sizeof margin, b));
    set(n, "skew", t->skew);
    if (links) set(n, "URL", b->href);
}

static void add_line(Agraph_t *g, Agnode_t *from, Agnode_t *to, const sdag_line *l, const char *label,
                     const char *frame)
{
    const sdag_theme_line *t = &sdag_theme_lines[l->kind];
    Agedge_t *e = agedge(g, from, to, NULL, 1);
    set_label(g, e, label);
    set(e, "color", l->many ? t->bundle : t->color);
    set(e, "style", t->style);
    set(e, "penwidth", t->width);
    set(e, "arrowhead", t->arrow);
    set(e, "minlen", t->minlen);
    set(e, "weight", t->weight);
    if (l->to_frame) set(e, "lhead", frame);
}

/* dot places what hangs from a box in the order of its lines. */
static void hang(sdag_sheet *s)
{
    const sdag_picture *p = s->p;
    Agnode_t *root = agnode(s->g, TEXT("root"), 1);
    set(root, "style", "invis");
    set(root, "height", "0");
    set(root, "width", "0");
    set(root, "fixedsize", "true");
    for (int i = 0; i < p->groups.n; i++) {
        int first = -1;
        for (int k = p->boxes.n - 1; k >= 0 && p->groups.at[i].parent < 0; k--)
            if (p->boxes.at[k].group == i) first = k;
        for (int k = 0; k < p->lines.n; k++) /* what stands below others hangs from them */
            if (p->lines.at[k].kind == SDAG_LINE_ROW && p->boxes.at[p->lines.at[k].to].group == i) first = -1;
        if (first < 0) continue;
        Agedge_t *e = agedge(s->g, root, s->node[first], NULL, 1);
        set(e, "style", "invis");
        set(e, "weight", "0");
    }
}

void sdag_sheet_fill(sdag_sheet *s)
{
    const sdag_picture *p = s->p;
    set_defaults(s->g, s->l->reach);
    set_label(s->g, s->g, s->l->legend);
    Agraph_t *all = agsubg(s->g, TEXT("cluster_all"), 1); /* the title stands above it, the legend below */
    set_label(s->g, all, s->l->title);
    set(all, "labelloc", "t");
    set(all, "margin", "10");
    add_groups(s, all, -1);
    for (int k = 0; k < p->boxes.n; k++) {
        const int i = nth(s, k, p->boxes.n), group = p->boxes.at[i].group;
        add_box(s->g, &s->node[i], group < 0 ? all : s->sub[group], &p->boxes.at[i], s->l->boxes[i], s->l->tips[i],
                s->format == SDAG_VIZ_SVG);
    }
    for (int k = 0; k < p->lines.n; k++) {
        const int i = nth(s, k, p->lines.n);
        const int group = p->boxes.at[p->lines.at[i].to].group;
        add_line(s->g, s->node[p->lines.at[i].from], s->node[p->lines.at[i].to], &p->lines.at[i], s->l->lines[i],
                 group < 0 ? NULL : agnameof(s->sub[group]));
    }
    if (s->hung) hang(s);
}
