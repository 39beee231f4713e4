/* The maps: what they have in common. */
#include "viz/field.h"

#include <string.h>

#include "viz/field_parts.h"

const char *const sdag_field_names[SDAG_FIELD_MAPS + 1] = {
    [SDAG_FIELD_WORKFLOW] = "workflow",
    [SDAG_FIELD_METHODS] = "methods",
    [SDAG_FIELD_CONTRASTIVE] = "contrastive",
    [SDAG_FIELD_PRETEXT] = "pretext",
};

static const struct {
    const char *title;
    bool hangs; /* from one box at the top */
    void (*draw)(sdag_field *f);
} maps[SDAG_FIELD_MAPS] = {
    [SDAG_FIELD_WORKFLOW] = {"The General Self-Supervised Learning Workflow", false, sdag_field_workflow},
    [SDAG_FIELD_METHODS] = {"Main Methodologies of Self-Supervised Learning", true, sdag_field_methods},
    [SDAG_FIELD_CONTRASTIVE] = {"How Contrastive Learning Works", true, sdag_field_contrastive},
    [SDAG_FIELD_PRETEXT] = {"Common Pretext Tasks", true, sdag_field_pretext},
};

/* ---- parts ---- */

int sdag_field_group(sdag_field *f, int parent, const char *id, const char *title)
{
    return sdag_picture_group(f->p, parent, id, title);
}

int sdag_field_box(sdag_field *f, int group, int look, const char *name, const char *text,
                   const sdag_field_entry *entry)
{
    enum { WIDTH = 32, IN_DIAMOND = 21 }; /* a diamond is twice as wide as its text */
    sdag_picture *p = f->p;
    const int i = sdag_picture_box(p, group, look, sdag_arena_printf(p->a, "b%d", p->boxes.n), name);
    sdag_box *box = &p->boxes.at[i];
    if (text) SDAG_PICTURE_WRAP(p, box->details, text, look == SDAG_ROLE_PRETEXT ? IN_DIAMOND : WIDTH);
    SDAG_PICTURE_ADD(box->tips, box->name);
    if (text) SDAG_PICTURE_ADD(box->tips, sdag_picture_text(p, text, 200));
    if (entry) {
        box->href = sdag_picture_href(p, entry->href);
        SDAG_PICTURE_ADD(box->tips, sdag_picture_text(p, entry->href, 160));
    }
    return i;
}

void sdag_field_line(sdag_field *f, int from, int to, const char *label)
{
    const int i = sdag_picture_line(f->p, from, to, SDAG_LINE_WIRE);
    if (label) SDAG_PICTURE_ADD(f->p->lines.at[i].label, label);
}

void sdag_field_enter(sdag_field *f, int from, int to)
{
    const int i = sdag_picture_line(f->p, from, to, SDAG_LINE_WIRE);
    f->p->lines.at[i].to_frame = true;
}

void sdag_field_below(sdag_field *f, int from, int to) { sdag_picture_line(f->p, from, to, SDAG_LINE_STACK); }

/* ---- words ---- */

bool sdag_field_add(sdag_field *f, sdag_field_words *words, const char *word)
{
    for (int i = 0; i < words->n; i++)
        if (strcmp(words->at[i], word) == 0) return false;
    *SDAG_PUSH(f->p->a, words) = word;
    return true;
}

const char *sdag_field_join(sdag_field *f, const sdag_field_words *words, const char *between, int most)
{
    sdag_str s = {.a = f->p->a};
    sdag_str_add(&s, "");
    for (int i = 0; i < words->n && i < most; i++) sdag_str_addf(&s, "%s%s", i ? between : "", words->at[i]);
    if (words->n > most) sdag_str_addf(&s, " and %d more", words->n - most);
    return s.at;
}

/* ---- entries ---- */

bool sdag_field_first(const sdag_field *f, int i)
{
    for (int k = 0; k < i; k++)
        if (strcmp(f->list[k].folder, f->list[i].folder) == 0) return false;
    return true;
}

bool sdag_field_is(const sdag_field_entry *e, const char *family)
{
    return e->g->family && strcmp(e->g->family, family) == 0;
}

static bool is_kind(const sdag_field *f, const sdag_graph *g, int32_t phase, sdag_field_kind kind)
{
    const bool trains = g->phases[phase].optimizer >= 0;
    if (kind == SDAG_FIELD_ANY) return true;
    if (kind == SDAG_FIELD_PASS || !trains) return !trains && kind == SDAG_FIELD_PASS;
    return sdag_picture_labelled(f->p, g, &g->phases[phase]) == (kind == SDAG_FIELD_LABELLED);
}

bool sdag_field_next(const sdag_field *f, sdag_field_at *at)
{
    for (; at->i < f->n; at->i++, at->k = 0)
        while (at->k < f->list[at->i].g->n_nodes) {
            at->entry = &f->list[at->i];
            at->node = &at->entry->g->nodes[at->k++];
            if (is_kind(f, at->entry->g, at->node->phase, at->kind)) return true;
        }
    return false;
}

/* ---- the whole ---- */

sdag_status sdag_field_text(char **out, size_t *len, sdag_arena *a, sdag_log *log, sdag_field_map map,
                            const sdag_field_entry *list, int n, sdag_viz_format format)
{
    sdag_picture p;
    sdag_field f = {&p, list, n};
    sdag_picture_init(&p, a, format);
    p.plain = true;
    p.title = maps[map].title;
    p.hangs = maps[map].hangs;
    maps[map].draw(&f);
    if (!p.boxes.n)
        return sdag_fail(log, SDAG_INVALID, SDAG_NOLOC,
                         "the map '%s' has nothing to show: no pipeline there belongs in it", sdag_field_names[map]);
    return sdag_picture_write(out, len, &p, log, format);
}
