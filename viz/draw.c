/* The picture through Graphviz. What the library asks of its callers, and how it is met here:
 *
 * - It is not thread-safe: one lock, one context. The context lives as long as the process, because the Pango plugin of
 *   version 2.42 keeps a pointer to the name of the last font, which dies with the context that it came from.
 * - It reports to stderr: a hook collects what it says, and the log gets it.
 * - It escapes labels, but turns \N into the node's name there, and leaves other attributes open: texts go into labels
 *   (HTML-like, every character that means something escaped) and tooltips alone.
 * - It numbers names by their addresses, and orders subgraphs by number: our own numbering makes the order that of
 *   creation.
 * - Nothing here may leave while it holds the lock: labels are made before, the result is copied after. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <graphviz/gvc.h>

#include "viz/labels.h"

enum { LARGE = 500 }; /* reach from which less effort is spent on each line */

/* ---- names to numbers, in the order of creation ---- */

static void *ids_open(Agraph_t *g, Agdisc_t *disc)
{
    static uint64_t next; /* of the one graph that is open */
    (void)g, (void)disc;
    next = 0;
    return &next;
}

/* Numbers only: cgraph keeps the names itself where a discipline cannot. */
static long ids_map(void *state, int kind, char *name, IDTYPE *id, int create)
{
    (void)kind;
    if (name || !create) return 0;
    *id = (IDTYPE)(++*(uint64_t *)state);
    return 1;
}

static long ids_alloc(void *state, int kind, IDTYPE id) { return (void)state, (void)kind, (void)id, 0; }
static void ids_free(void *state, int kind, IDTYPE id) { (void)state, (void)kind, (void)id; }
static char *ids_print(void *state, int kind, IDTYPE id) { return (void)state, (void)kind, (void)id, NULL; }
static void ids_close(void *state) { (void)state; }
static void ids_register(void *state, int kind, void *obj) { (void)state, (void)kind, (void)obj; }

/* ---- the graph ---- */

/* Attributes that hold for the whole, and the defaults of those that parts set. cgraph takes char *, and changes none.
 */
#define TEXT(s) ((char *)(uintptr_t)(s))

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
    if (reach > LARGE) {
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

/* The i-th of n parts in the order in which dot shall see them: where nothing else decides, it lays out the boxes of a
 * pipeline from the last to the first, and those that hang from one box, from the first. */
static int nth(const sdag_picture *p, int i, int n) { return p->hangs ? i : n - 1 - i; }

/* The frames inside one. */
static void add_groups(Agraph_t *g, Agraph_t *around, int parent, Agraph_t **sub, const sdag_picture *p,
                       const sdag_labels *l)
{
    char name[128];
    for (int k = 0; k < p->groups.n; k++) {
        const int i = nth(p, k, p->groups.n);
        const sdag_group *s = &p->groups.at[i];
        if (s->parent != parent) continue;
        snprintf(name, sizeof name, "cluster_%s", s->id);
        sub[i] = agsubg(around, name, 1);
        set_label(g, sub[i], l->groups[i]);
        set(sub[i], "labelloc", "t");
        set(sub[i], "labeljust", parent < 0 && !p->plain ? "c" : "l"); /* lines enter from above: not through the words */
        set(sub[i], "style", "rounded,filled");
        set(sub[i], "margin", parent < 0 ? "14" : "8");
        const char *fill = s->look < 0 ? SDAG_THEME_PHASE_FILL : sdag_theme_boxes[s->look].fill;
        set(sub[i], "fillcolor", s->fill ? s->fill : fill);
        set(sub[i], "color", s->look < 0 ? SDAG_THEME_PHASE_STROKE : SDAG_THEME_GROUP_STROKE);
        add_groups(g, sub[i], i, sub, p, l);
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

static void fill(Agraph_t *g, Agraph_t **sub, Agnode_t **node, const sdag_picture *p, const sdag_labels *l,
                 sdag_viz_format format)
{
    set_defaults(g, l->reach);
    set_label(g, g, l->legend);
    Agraph_t *all = agsubg(g, TEXT("cluster_all"), 1); /* the title stands above it, the legend below */
    set_label(g, all, l->title);
    set(all, "labelloc", "t");
    set(all, "margin", "10");
    add_groups(g, all, -1, sub, p, l);
    for (int k = 0; k < p->boxes.n; k++) {
        const int i = nth(p, k, p->boxes.n), group = p->boxes.at[i].group;
        add_box(g, &node[i], group < 0 ? all : sub[group], &p->boxes.at[i], l->boxes[i], l->tips[i],
                format == SDAG_VIZ_SVG);
    }
    for (int k = 0; k < p->lines.n; k++) {
        const int i = nth(p, k, p->lines.n);
        const int group = p->boxes.at[p->lines.at[i].to].group;
        add_line(g, node[p->lines.at[i].from], node[p->lines.at[i].to], &p->lines.at[i], l->lines[i],
                 group < 0 ? NULL : agnameof(sub[group]));
    }
}

/* ---- drawing ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GVC_t *context; /* guarded by lock, as is what follows */
static char said[512];

static int hear(char *text)
{
    size_t n = strlen(said);
    snprintf(said + n, sizeof said - n, "%s", text);
    return 0;
}

typedef struct drawn {
    char *data;
    size_t len;
    bool ok;
    char said[sizeof said];
} drawn;

/* DOT is written without a layout: it is what Graphviz itself would read. */
static bool write_dot(drawn *d, Agraph_t *g)
{
    FILE *f = open_memstream(&d->data, &d->len);
    if (!f) return false;
    bool ok = agwrite(g, f) == 0;
    return fclose(f) == 0 && ok;
}

/* Having found a way for a line, dot moves its label to the far side of the free space there, which may be outside of
 * the frame. It is moved back. */
static void hold_labels(Agraph_t **sub, Agnode_t **node, const sdag_picture *p)
{
    const double gap = 4; /* points */
    for (int i = 0; i < p->lines.n; i++) {
        const sdag_line *l = &p->lines.at[i];
        const int group = p->boxes.at[l->from].group;
        if (!l->label[0] || group < 0 || group != p->boxes.at[l->to].group) continue;
        for (Agedge_t *e = agfstout(agraphof(node[l->from]), node[l->from]); e;
             e = agnxtout(agraphof(node[l->from]), e)) {
            textlabel_t *t = ED_label(e);
            if (!t || !t->set) continue;
            double over = t->pos.x + t->dimen.x / 2 - (GD_bb(sub[group]).UR.x - gap);
            if (aghead(e) == node[l->to] && over > 0) t->pos.x -= over;
        }
    }
}

static bool render(drawn *d, Agraph_t *g, Agraph_t **sub, Agnode_t **node, const sdag_picture *p, const char *format)
{
    unsigned len = 0;
    if (!context) context = gvContext();
    if (!context || gvLayout(context, g, "dot")) return false;
    hold_labels(sub, node, p);
    bool ok = gvRenderData(context, g, format, &d->data, &len) == 0;
    gvFreeLayout(context, g);
    d->len = len;
    return ok;
}

static void draw(drawn *d, Agraph_t **sub, Agnode_t **node, const sdag_picture *p, const sdag_labels *l,
                 sdag_viz_format format)
{
    static const char *const formats[] = {"svg", "png", "pdf"};
    static Agiddisc_t ids = {ids_open, ids_map, ids_alloc, ids_free, ids_print, ids_close, ids_register};
    pthread_mutex_lock(&lock);
    Agdisc_t disc = {&AgMemDisc, &ids, &AgIoDisc};
    agusererrf before = agseterrf(hear);
    said[0] = 0;
    Agraph_t *g = agopen(TEXT("ssldag"), Agdirected, &disc);
    if (g) {
        fill(g, sub, node, p, l, format);
        d->ok = format == SDAG_VIZ_DOT ? write_dot(d, g) : render(d, g, sub, node, p, formats[format]);
        agclose(g);
    }
    agseterrf(before);
    memcpy(d->said, said, sizeof said);
    pthread_mutex_unlock(&lock);
}

/* Cairo writes the time of day into a PDF; the same graph must give the same bytes. */
static void forget_time(drawn *d)
{
    static const char key[] = "/CreationDate (D:", date[] = "19700101000000";
    char *at = memmem(d->data, d->len, key, sizeof key - 1), *end = d->data + d->len;
    if (!at || (size_t)(end - at) < sizeof key + sizeof date) return;
    memcpy(at + sizeof key - 1, date, sizeof date - 1);
    for (at += sizeof key + sizeof date - 2; at < end && *at != ')'; at++) /* "Z", or "+01'00": its length stays */
        if (*at >= '0' && *at <= '9') *at = '0';
}

typedef struct copying {
    sdag_arena *a;
    const drawn *from;
    sdag_str to;
} copying;

/* An SVG gets the rule for dark pages, as the first thing in its root. */
static sdag_status copy(void *arg)
{
    copying *c = arg;
    const drawn *d = c->from;
    const char *root = memmem(d->data, d->len, "<svg", 4);
    const char *end = root ? memchr(root, '>', d->len - (size_t)(root - d->data)) : NULL;
    size_t head = end && memcmp(d->data, "<?xml", 5) == 0 ? (size_t)(end + 1 - d->data) : 0;
    sdag_str_addn(&c->to, d->data, head);
    if (head) sdag_str_add(&c->to, sdag_theme_dark);
    sdag_str_addn(&c->to, d->data + head, d->len - head);
    return SDAG_OK;
}

sdag_status sdag_picture_draw(char **out, size_t *len, const sdag_picture *p, sdag_log *log, sdag_viz_format format)
{
    drawn d = {.ok = false};
    sdag_labels l = sdag_picture_labels(p);
    draw(&d, SDAG_NEWS(p->a, Agraph_t *, p->groups.n), SDAG_NEWS(p->a, Agnode_t *, p->boxes.n), p, &l, format);
    copying c = {.a = p->a, .from = &d, .to = {.a = p->a}};
    bool ok = d.ok && d.data;
    if (ok && format == SDAG_VIZ_PDF) forget_time(&d);
    sdag_status status = ok ? sdag_arena_try(p->a, copy, &c) : SDAG_FAILED;
    if (format == SDAG_VIZ_DOT) free(d.data);
    else gvFreeRenderData(d.data);
    for (size_t n = strlen(d.said); n > 0 && (d.said[n - 1] == '\n' || d.said[n - 1] == ' ');) d.said[--n] = 0;
    if (!ok)
        return sdag_fail(log, status, SDAG_NOLOC, "graphviz: %s", d.said[0] ? d.said : "the picture was not drawn");
    if (d.said[0]) sdag_log_add(log, SDAG_WARNING, SDAG_NOLOC, "graphviz: %s", d.said);
    *out = c.to.at;
    *len = c.to.n;
    return status;
}
