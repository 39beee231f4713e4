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

#include "viz/picture.h"

enum { LARGE = 500 }; /* reach from which less effort is spent on each line */

/* ---- labels ---- */

static void add_escaped(sdag_str *s, const char *text)
{
    static const struct {
        char c;
        const char *as;
    } escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}, {'\\', "\\\\"}};
    for (const char *c = text; *c; c++) {
        const char *as = NULL;
        for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
            if (escapes[i].c == *c) as = escapes[i].as;
        if (as) sdag_str_add(s, as);
        else sdag_str_addn(s, c, 1);
    }
}

static void add_small(sdag_str *s, const char *text, int size, const char *before)
{
    sdag_str_addf(s, "%s<FONT POINT-SIZE=\"%d\" COLOR=\"" SDAG_THEME_QUIET "\">", before, size);
    add_escaped(s, text);
    sdag_str_add(s, "</FONT>");
}

static void add_bold(sdag_str *s, const char *text, int size)
{
    sdag_str_addf(s, "<FONT POINT-SIZE=\"%d\"><B>", size);
    add_escaped(s, text);
    sdag_str_add(s, "</B></FONT>");
}

static const char *box_label(const sdag_picture *p, const sdag_box *b)
{
    sdag_str s = {.a = p->a};
    add_bold(&s, b->name, b->look == SDAG_LOOK_OP ? 10 : 12);
    if (b->kind) add_small(&s, b->kind, 10, "<BR/>");
    for (int i = 0; b->details[i]; i++) add_small(&s, b->details[i], 9, "<BR/>");
    return s.at;
}

static const char *line_label(const sdag_picture *p, const sdag_line *l)
{
    sdag_str s = {.a = p->a};
    for (int i = 0; l->label[i]; i++) add_small(&s, l->label[i], 9, i ? "<BR/>" : "");
    return s.at;
}

static const char *group_label(const sdag_picture *p, const sdag_group *g)
{
    sdag_str s = {.a = p->a};
    add_bold(&s, g->title, g->parent < 0 ? 13 : 11);
    if (g->detail) add_small(&s, g->detail, g->parent < 0 ? 11 : 9, "<BR/>");
    for (int i = 0; g->about[i]; i++) add_small(&s, g->about[i], 9, "<BR/>");
    return s.at;
}

static const char *title_label(const sdag_picture *p)
{
    sdag_str s = {.a = p->a};
    add_bold(&s, p->title, 17);
    if (p->detail) add_small(&s, p->detail, 12, "  ");
    for (int i = 0; p->about[i]; i++) add_small(&s, p->about[i], 11, "<BR/>");
    return s.at;
}

/* The colours and lines that are in the picture, and what they mean. */
static const char *legend_label(const sdag_picture *p)
{
    sdag_str boxes = {.a = p->a}, lines = {.a = p->a}, s = {.a = p->a};
    bool look[SDAG_LOOK_COUNT] = {false}, kind[SDAG_LINE_COUNT] = {false};
    for (int i = 0; i < p->boxes.n; i++) look[p->boxes.at[i].look] = true;
    for (int i = 0; i < p->groups.n; i++)
        if (p->groups.at[i].look >= 0) look[p->groups.at[i].look] = true;
    for (int i = 0; i < p->lines.n; i++) kind[p->lines.at[i].kind] = true;
    for (int i = 0; i < SDAG_LOOK_COUNT; i++) {
        const sdag_theme_box *t = &sdag_theme_boxes[i];
        if (!look[i] || !t->legend) continue;
        sdag_str_addf(&boxes, "<TD BGCOLOR=\"%s\" COLOR=\"%s\" BORDER=\"1\" CELLPADDING=\"3\">", t->fill, t->stroke);
        add_small(&boxes, t->legend, 9, "");
        sdag_str_add(&boxes, "</TD>");
    }
    for (int i = 0; i < SDAG_LINE_COUNT; i++)
        if (kind[i] && sdag_theme_lines[i].legend)
            sdag_str_addf(&lines, "%s%s", lines.n ? "; " : "", sdag_theme_lines[i].legend);
    if (!boxes.n && !lines.n) return NULL;
    sdag_str_add(&s, "<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"3\">");
    if (boxes.n)
        sdag_str_addf(&s, "<TR><TD><TABLE BORDER=\"0\" CELLSPACING=\"4\"><TR>%s</TR></TABLE></TD></TR>", boxes.at);
    if (lines.n) {
        sdag_str_add(&s, "<TR><TD>");
        add_small(&s, lines.at, 9, "");
        sdag_str_add(&s, "</TD></TR>");
    }
    sdag_str_add(&s, "</TABLE>");
    return s.at;
}

/* A tooltip is no markup, but its backslashes and entities are read twice: they are said otherwise. */
static const char *tip_text(const sdag_picture *p, const sdag_box *b)
{
    sdag_str s = {.a = p->a};
    for (const char *c = b->tip ? b->tip : b->name; *c; c++)
        if (*c == '&') sdag_str_add(&s, "&amp;");
        else sdag_str_addn(&s, *c == '\\' ? "/" : c, 1);
    return s.at ? s.at : "";
}

typedef struct labels {
    const char **boxes, **tips, **lines, **groups, *title, *legend;
    int64_t reach;
} labels;

static labels make_labels(const sdag_picture *p)
{
    labels l = {SDAG_NEWS(p->a, const char *, p->boxes.n),
                SDAG_NEWS(p->a, const char *, p->boxes.n),
                SDAG_NEWS(p->a, const char *, p->lines.n),
                SDAG_NEWS(p->a, const char *, p->groups.n),
                title_label(p),
                legend_label(p),
                sdag_picture_reach(p)};
    for (int i = 0; i < p->boxes.n; i++) l.boxes[i] = box_label(p, &p->boxes.at[i]);
    for (int i = 0; i < p->boxes.n; i++) l.tips[i] = tip_text(p, &p->boxes.at[i]);
    for (int i = 0; i < p->lines.n; i++) l.lines[i] = line_label(p, &p->lines.at[i]);
    for (int i = 0; i < p->groups.n; i++) l.groups[i] = group_label(p, &p->groups.at[i]);
    return l;
}

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

/* The frames inside one. dot lays them out from the last to the first, as it does with boxes. */
static void add_groups(Agraph_t *g, Agraph_t *around, int parent, Agraph_t **sub, const sdag_picture *p,
                       const labels *l)
{
    char name[128];
    for (int i = p->groups.n - 1; i > parent; i--) {
        const sdag_group *s = &p->groups.at[i];
        if (s->parent != parent) continue;
        snprintf(name, sizeof name, "cluster_%s", s->id);
        sub[i] = agsubg(around, name, 1);
        set_label(g, sub[i], l->groups[i]);
        set(sub[i], "labelloc", "t");
        set(sub[i], "style", "rounded,filled");
        set(sub[i], "margin", parent < 0 ? "14" : "8");
        set(sub[i], "fillcolor", s->look < 0 ? SDAG_THEME_PHASE_FILL : sdag_theme_boxes[s->look].fill);
        set(sub[i], "color", s->look < 0 ? SDAG_THEME_PHASE_STROKE : SDAG_THEME_GROUP_STROKE);
        add_groups(g, sub[i], i, sub, p, l);
    }
}

static void add_box(Agraph_t *g, Agnode_t **out, Agraph_t *sub, const sdag_box *b, const char *label, const char *tip)
{
    const sdag_theme_box *t = &sdag_theme_boxes[b->look];
    Agnode_t *n = *out = agnode(sub, TEXT(b->id), 1);
    set_label(g, n, label);
    set(n, "tooltip", tip);
    set(n, "shape", t->shape);
    set(n, "style", t->style);
    set(n, "fillcolor", t->fill);
    set(n, "color", t->stroke);
    set(n, "penwidth", t->width);
    set(n, "margin", t->margin);
    set(n, "skew", t->skew);
}

static void add_line(Agraph_t *g, Agnode_t *from, Agnode_t *to, sdag_line_kind kind, const char *label)
{
    const sdag_theme_line *t = &sdag_theme_lines[kind];
    Agedge_t *e = agedge(g, from, to, NULL, 1);
    set_label(g, e, label);
    set(e, "color", t->color);
    set(e, "style", t->style);
    set(e, "penwidth", t->width);
    set(e, "arrowhead", t->arrow);
    set(e, "minlen", t->minlen);
    set(e, "weight", t->weight);
}

static void fill(Agraph_t *g, Agraph_t **sub, Agnode_t **node, const sdag_picture *p, const labels *l)
{
    set_defaults(g, l->reach);
    set_label(g, g, l->legend);
    Agraph_t *all = agsubg(g, TEXT("cluster_all"), 1); /* the title stands above it, the legend below */
    set_label(g, all, l->title);
    set(all, "labelloc", "t");
    set(all, "margin", "10");
    add_groups(g, all, -1, sub, p, l);
    for (int i = p->boxes.n - 1; i >= 0; i--)
        add_box(g, &node[i], sub[p->boxes.at[i].group], &p->boxes.at[i], l->boxes[i], l->tips[i]);
    for (int i = p->lines.n - 1; i >= 0; i--)
        add_line(g, node[p->lines.at[i].from], node[p->lines.at[i].to], p->lines.at[i].kind, l->lines[i]);
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

static bool render(drawn *d, Agraph_t *g, const char *format)
{
    unsigned len = 0;
    if (!context) context = gvContext();
    if (!context || gvLayout(context, g, "dot")) return false;
    bool ok = gvRenderData(context, g, format, &d->data, &len) == 0;
    gvFreeLayout(context, g);
    d->len = len;
    return ok;
}

static void draw(drawn *d, Agraph_t **sub, Agnode_t **node, const sdag_picture *p, const labels *l,
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
        fill(g, sub, node, p, l);
        d->ok = format == SDAG_VIZ_DOT ? write_dot(d, g) : render(d, g, formats[format]);
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
    char *to;
} copying;

static sdag_status copy(void *arg)
{
    copying *c = arg;
    c->to = sdag_arena_copy(c->a, c->from->data, c->from->len);
    return SDAG_OK;
}

sdag_status sdag_picture_draw(char **out, size_t *len, const sdag_picture *p, sdag_log *log, sdag_viz_format format)
{
    drawn d = {.ok = false};
    labels l = make_labels(p);
    draw(&d, SDAG_NEWS(p->a, Agraph_t *, p->groups.n), SDAG_NEWS(p->a, Agnode_t *, p->boxes.n), p, &l, format);
    copying c = {.a = p->a, .from = &d};
    bool ok = d.ok && d.data;
    if (ok && format == SDAG_VIZ_PDF) forget_time(&d);
    sdag_status status = ok ? sdag_arena_try(p->a, copy, &c) : SDAG_FAILED;
    if (format == SDAG_VIZ_DOT) free(d.data);
    else gvFreeRenderData(d.data);
    for (size_t n = strlen(d.said); n > 0 && (d.said[n - 1] == '\n' || d.said[n - 1] == ' ');) d.said[--n] = 0;
    if (!ok)
        return sdag_fail(log, status, SDAG_NOLOC, "graphviz: %s", d.said[0] ? d.said : "the picture was not drawn");
    if (d.said[0]) sdag_log_add(log, SDAG_WARNING, SDAG_NOLOC, "graphviz: %s", d.said);
    *out = c.to;
    *len = d.len;
    return status;
}
