/* The picture as Mermaid text: for a README, where the reader's browser draws it. Escapes are Mermaid's own (#quot;
 * and character numbers), so that no text of the file is taken for markup, a directive or a formula. */
#include <string.h>

#include "viz/picture.h"

static void add_escaped(sdag_str *s, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (strchr("\"#&<>`\\%${}|;@", *c)) sdag_str_addf(s, "#%d;", *c);
        else sdag_str_addn(s, c, 1);
    }
}

static void add_lines(sdag_str *s, const char *const *lines, const char *between)
{
    for (int i = 0; lines[i]; i++) {
        sdag_str_add(s, i ? "<br/>" : between);
        add_escaped(s, lines[i]);
    }
}

static void add_force(sdag_str *s, const char *caption, const char *const *lines)
{
    if (!lines[0]) return;
    sdag_str_addf(s, "<br/><b>%s</b>", caption);
    add_lines(s, lines, "<br/>");
}

static void add_box(sdag_str *s, const sdag_box *b, int depth)
{
    const sdag_theme_box *t = &sdag_theme_boxes[b->look];
    sdag_str_addf(s, "%*s%s%s\"<b>", depth * 2, "", b->id, t->open);
    add_escaped(s, b->name);
    sdag_str_add(s, "</b>");
    if (b->value) {
        sdag_str_add(s, "<br/><b>");
        add_escaped(s, b->value);
        sdag_str_add(s, "</b>");
    }
    if (b->kind) add_lines(s, (const char *const[]){b->kind, NULL}, "<br/>");
    add_lines(s, b->details, "<br/>");
    add_force(s, SDAG_PICTURE_PULLS, b->pulls);
    add_force(s, SDAG_PICTURE_PUSHES, b->pushes);
    sdag_str_addf(s, "\"%s:::%s\n", t->close, t->id);
}

static void add_group(sdag_str *s, const sdag_picture *p, int index, int depth)
{
    const sdag_group *g = &p->groups.at[index];
    sdag_str_addf(s, "%*ssubgraph %s[\"<b>", depth * 2, "", g->id);
    add_escaped(s, g->title);
    sdag_str_add(s, "</b>");
    add_lines(s, g->details, "<br/>");
    add_lines(s, g->about, "<br/>");
    sdag_str_add(s, "\"]\n");
    for (int i = 0; i < p->boxes.n; i++)
        if (p->boxes.at[i].group == index) add_box(s, &p->boxes.at[i], depth + 1);
    for (int i = index + 1; i < p->groups.n; i++)
        if (p->groups.at[i].parent == index) add_group(s, p, i, depth + 1);
    sdag_str_addf(s, "%*send\n", depth * 2, "");
}

static void add_line(sdag_str *s, const sdag_picture *p, const sdag_line *l)
{
    if (!sdag_theme_lines[l->kind].mermaid) return;
    sdag_str_addf(s, "  %s %s", p->boxes.at[l->from].id, sdag_theme_lines[l->kind].mermaid);
    if (l->label[0]) {
        sdag_str_add(s, "|\"");
        add_lines(s, l->label, "");
        sdag_str_add(s, "\"|");
    }
    sdag_str_addf(s, " %s\n", p->boxes.at[l->to].id);
}

static void add_classes(sdag_str *s, const sdag_picture *p)
{
    for (int look = 0; look < SDAG_LOOK_COUNT; look++) {
        const sdag_theme_box *t = &sdag_theme_boxes[look];
        bool used = false;
        for (int i = 0; i < p->boxes.n; i++) used |= p->boxes.at[i].look == look;
        if (used)
            sdag_str_addf(s, "  classDef %s fill:%s,stroke:%s,stroke-width:%spx,color:#000000\n", t->id, t->fill,
                          t->stroke, t->width);
    }
    for (int i = 0; i < p->boxes.n; i++)
        if (p->boxes.at[i].fill) sdag_str_addf(s, "  style %s fill:%s\n", p->boxes.at[i].id, p->boxes.at[i].fill);
    for (int i = 0; i < p->groups.n; i++) {
        int look = p->groups.at[i].look;
        const char *fill = look < 0 ? SDAG_THEME_PHASE_FILL : sdag_theme_boxes[look].fill;
        sdag_str_addf(s, "  style %s fill:%s,stroke:%s,color:#000000\n", p->groups.at[i].id,
                      p->groups.at[i].fill ? p->groups.at[i].fill : fill,
                      look < 0 ? SDAG_THEME_PHASE_STROKE : SDAG_THEME_GROUP_STROKE);
    }
}

void sdag_picture_mermaid(sdag_str *s, const sdag_picture *p)
{
    sdag_str_add(s, "%% ");
    add_escaped(s, p->title);
    for (int i = 0; p->about[i]; i++) {
        sdag_str_add(s, "\n%% ");
        add_escaped(s, p->about[i]);
    }
    sdag_str_add(s, "\nflowchart TD\n");
    for (int i = 0; i < p->boxes.n; i++)
        if (p->boxes.at[i].group < 0) add_box(s, &p->boxes.at[i], 1);
    for (int i = 0; i < p->groups.n; i++)
        if (p->groups.at[i].parent < 0) add_group(s, p, i, 1);
    for (int i = 0; i < p->lines.n; i++) add_line(s, p, &p->lines.at[i]);
    add_classes(s, p);
}
