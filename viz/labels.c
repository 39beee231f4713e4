/* Labels and tooltips. Texts stand in HTML-like labels, where every character that means something can be escaped. */
#include "viz/labels.h"

#include <string.h>

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

static void add_coloured(sdag_str *s, const char *text, int size, const char *before, const char *colour)
{
    sdag_str_addf(s, "%s<FONT POINT-SIZE=\"%d\" COLOR=\"%s\">", before, size, colour);
    add_escaped(s, text);
    sdag_str_add(s, "</FONT>");
}

static void add_small(sdag_str *s, const char *text, int size, const char *before)
{
    add_coloured(s, text, size, before, SDAG_THEME_QUIET);
}

static void add_bold(sdag_str *s, const char *text, int size, const char *before)
{
    sdag_str_addf(s, "%s<FONT POINT-SIZE=\"%d\"><B>", before, size);
    add_escaped(s, text);
    sdag_str_add(s, "</B></FONT>");
}

/* What an objective does: a caption in capitals, as in the diagrams, and the text. */
static void add_force(sdag_str *s, const char *caption, const char *const *lines, const char *colour)
{
    if (!lines[0]) return;
    add_bold(s, caption, 8, "<BR/>");
    for (int i = 0; lines[i]; i++) add_coloured(s, lines[i], 9, "<BR/>", colour);
}

static const char *box_label(const sdag_picture *p, const sdag_box *b)
{
    const char *quiet = b->fill ? SDAG_THEME_DARK : SDAG_THEME_QUIET; /* grey would not read on a hot box */
    sdag_str s = {.a = p->a};
    add_bold(&s, b->name, b->look == SDAG_LOOK_OP ? 10 : 12, "");
    if (b->value) add_bold(&s, b->value, 10, "<BR/>");
    if (b->kind) add_coloured(&s, b->kind, 10, "<BR/>", quiet);
    for (int i = 0; b->details[i]; i++) add_coloured(&s, b->details[i], 9, "<BR/>", quiet);
    add_force(&s, SDAG_PICTURE_PULLS, b->pulls, quiet);
    add_force(&s, SDAG_PICTURE_PUSHES, b->pushes, quiet);
    return s.at;
}

/* On the colour of the frame, so that a line which runs behind the text does not strike it out. */
static const char *line_label(const sdag_picture *p, const sdag_line *l)
{
    sdag_str s = {.a = p->a};
    if (!l->label[0]) return NULL;
    sdag_str_add(&s, "<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"1\"><TR><TD>");
    for (int i = 0; l->label[i]; i++) add_small(&s, l->label[i], 9, i ? "<BR/>" : "");
    sdag_str_add(&s, "</TD></TR></TABLE>");
    return s.at;
}

/* Points that a text of n bytes is wide, about. */
static int width_of(const char *text, int size) { return (int)(strlen(text) * (size_t)size * 6 / 10); }

static bool is_inside(const sdag_picture *p, int box, int frame)
{
    int group = p->boxes.at[box].group;
    while (group >= 0 && group != frame) group = p->groups.at[group].parent;
    return group == frame;
}

int sdag_labels_room(const sdag_picture *p, int group)
{
    const sdag_group *g = &p->groups.at[group];
    bool entered = false;
    for (int i = 0; i < p->lines.n && g->parent >= 0 && !entered; i++)
        entered = is_inside(p, p->lines.at[i].to, group) && !is_inside(p, p->lines.at[i].from, group);
    int most = width_of(g->title, 11);
    for (int i = 0; g->details[i]; i++) most = most > width_of(g->details[i], 9) ? most : width_of(g->details[i], 9);
    return entered ? most : 0;
}

static const char *inner_label(const sdag_picture *p, int group)
{
    const sdag_group *g = &p->groups.at[group];
    static const char end[] = "<BR ALIGN=\"LEFT\"/>";
    sdag_str s = {.a = p->a};
    sdag_str_add(&s, "<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"0\"><TR><TD>");
    add_bold(&s, g->title, 11, "");
    for (int i = 0; g->details[i]; i++) add_small(&s, g->details[i], 9, end);
    sdag_str_addf(&s, "%s</TD><TD WIDTH=\"%d\"></TD></TR></TABLE>", end, sdag_labels_room(p, group));
    return s.at;
}

static const char *group_label(const sdag_picture *p, int group)
{
    const sdag_group *g = &p->groups.at[group];
    sdag_str s = {.a = p->a};
    if (g->parent >= 0) return inner_label(p, group);
    add_bold(&s, g->title, 13, "");
    for (int i = 0; g->details[i]; i++) add_small(&s, g->details[i], 11, "<BR/>");
    for (int i = 0; g->about[i]; i++) add_small(&s, g->about[i], 9, "<BR/>");
    return s.at;
}

static const char *title_label(const sdag_picture *p)
{
    sdag_str s = {.a = p->a};
    add_bold(&s, p->title, 17, "");
    if (p->detail) add_small(&s, p->detail, 12, "  ");
    for (int i = 0; p->about[i]; i++) add_small(&s, p->about[i], 11, "<BR/>");
    return s.at;
}

/* ---- the legend ---- */

static void add_looks(sdag_str *s, const sdag_picture *p)
{
    bool look[SDAG_LOOK_COUNT] = {false};
    for (int i = 0; i < p->boxes.n; i++) look[p->boxes.at[i].look] = true;
    for (int i = 0; i < p->groups.n; i++)
        if (p->groups.at[i].look >= 0) look[p->groups.at[i].look] = true;
    for (int i = 0; i < SDAG_LOOK_COUNT; i++) {
        const sdag_theme_box *t = &sdag_theme_boxes[i];
        if (!look[i] || !t->legend) continue;
        sdag_str_addf(s, "<TD BGCOLOR=\"%s\" COLOR=\"%s\" BORDER=\"1\" CELLPADDING=\"3\">", t->fill, t->stroke);
        add_small(s, t->legend, 9, "");
        sdag_str_add(s, "</TD>");
    }
}

static void add_lines(sdag_str *s, const sdag_picture *p)
{
    bool kind[SDAG_LINE_COUNT] = {false}, many = false;
    for (int i = 0; i < p->lines.n; i++) kind[p->lines.at[i].kind] = true, many |= p->lines.at[i].many;
    kind[SDAG_LINE_WEIGHTS] |= kind[SDAG_LINE_DOWN]; /* they mean the same */
    if (many) sdag_str_add(s, SDAG_THEME_VIEWS);
    for (int i = 0; i < SDAG_LINE_COUNT; i++)
        if (kind[i] && sdag_theme_lines[i].legend)
            sdag_str_addf(s, "%s%s", s->n ? "; " : "", sdag_theme_lines[i].legend);
}

static void add_scale(sdag_str *s, const sdag_scale *scale)
{
    enum { STEPS = 12 };
    char colour[8];
    sdag_str_add(s, "<TD>");
    add_small(s, scale->what, 9, "");
    sdag_str_add(s, "  </TD><TD>");
    add_small(s, scale->low, 9, "");
    sdag_str_add(s, "</TD><TD><TABLE BORDER=\"1\" COLOR=\"#999999\" CELLBORDER=\"0\" CELLSPACING=\"0\"><TR>");
    for (int i = 0; i < STEPS; i++)
        sdag_str_addf(s, "<TD FIXEDSIZE=\"TRUE\" WIDTH=\"12\" HEIGHT=\"12\" BGCOLOR=\"%s\"></TD>",
                      sdag_theme_heat(colour, i / (STEPS - 1.0)));
    sdag_str_add(s, "</TR></TABLE></TD><TD>");
    add_small(s, scale->high, 9, "");
    sdag_str_add(s, "</TD>");
}

static void add_row(sdag_str *s, const char *cells)
{
    if (cells) sdag_str_addf(s, "<TR><TD><TABLE BORDER=\"0\" CELLSPACING=\"4\"><TR>%s</TR></TABLE></TD></TR>", cells);
}

/* The colours and lines that are in the picture, and what they mean. */
static const char *legend_label(const sdag_picture *p)
{
    sdag_str boxes = {.a = p->a}, lines = {.a = p->a}, words = {.a = p->a}, s = {.a = p->a};
    if (p->plain) return NULL;
    if (p->scale.what) add_scale(&boxes, &p->scale);
    else add_looks(&boxes, p);
    add_lines(&words, p);
    if (words.n) {
        sdag_str_add(&lines, "<TD BORDER=\"0\">");
        add_small(&lines, words.at, 9, "");
        sdag_str_add(&lines, "</TD>");
    }
    if (!boxes.n && !lines.n) return NULL;
    sdag_str_add(&s, "<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"3\">");
    add_row(&s, boxes.at);
    add_row(&s, lines.at);
    sdag_str_add(&s, "</TABLE>");
    return s.at;
}

/* A tooltip is no markup, but its backslashes and entities are read twice: they are said otherwise. */
static const char *tip_text(const sdag_picture *p, const sdag_box *b)
{
    sdag_str s = {.a = p->a};
    sdag_str_add(&s, "");
    for (int i = 0; b->tips[i]; i++) {
        if (i) sdag_str_add(&s, "&#10;");
        for (const char *c = b->tips[i]; *c; c++)
            if (*c == '&') sdag_str_add(&s, "&amp;");
            else sdag_str_addn(&s, *c == '\\' ? "/" : c, 1);
    }
    return s.at;
}

sdag_labels sdag_picture_labels(const sdag_picture *p)
{
    sdag_labels l = {SDAG_NEWS(p->a, const char *, p->boxes.n),
                     SDAG_NEWS(p->a, const char *, p->boxes.n),
                     SDAG_NEWS(p->a, const char *, p->lines.n),
                     SDAG_NEWS(p->a, const char *, p->groups.n),
                     title_label(p),
                     legend_label(p),
                     sdag_picture_reach(p)};
    for (int i = 0; i < p->boxes.n; i++) l.boxes[i] = box_label(p, &p->boxes.at[i]);
    for (int i = 0; i < p->boxes.n; i++) l.tips[i] = tip_text(p, &p->boxes.at[i]);
    for (int i = 0; i < p->lines.n; i++) l.lines[i] = line_label(p, &p->lines.at[i]);
    for (int i = 0; i < p->groups.n; i++) l.groups[i] = group_label(p, i);
    return l;
}
