/* The main methodologies: a column a family, with what its objectives do, and a box a method. */
#include <string.h>

#include "viz/field_parts.h"

static const struct {
    const char *family, *title;
} families[] = {
    {"generative", "Self-Predictive / Generative"},
    {"contrastive", "Contrastive Learning"},
    {"non-contrastive", "Non-Contrastive Learning"},
    {"pretext", "Predictive Pretext Tasks"},
};
enum { FAMILIES = sizeof families / sizeof *families };

enum { SHOWN = 5 };

/* A box that says what several nodes of a family have in common. Returns the last box, from which the column goes on.
 */
static int draw_fact(sdag_field *f, int group, int above, bool first, const char *title, const sdag_field_words *words,
                     const sdag_field_entry *e)
{
    if (!words->n) return above;
    const int box = sdag_field_box(f, group, SDAG_LOOK_FACT, title, sdag_field_join(f, words, "; ", SHOWN), e);
    if (first) sdag_field_enter(f, above, box);
    else sdag_field_below(f, above, box);
    return box;
}

/* What the losses of a family say of themselves, and what keeps targets still where there are no negatives. */
static int draw_facts(sdag_field *f, int group, const char *family, const sdag_field_entry *e, int root)
{
    sdag_field_words pulls = {0}, pushes = {0}, still = {0};
    for (sdag_field_at at = {.kind = SDAG_FIELD_SELF}; sdag_field_next(f, &at);) {
        const sdag_node_type *t = at.node->type;
        if (!sdag_field_is(at.entry, family)) continue;
        if (t->pulls) sdag_field_add(f, &pulls, t->pulls);
        if (t->pushes) sdag_field_add(f, &pushes, t->pushes);
        if (t->stops_gradient || t->role == SDAG_ROLE_MOMENTUM) sdag_field_add(f, &still, t->name);
    }
    int last = draw_fact(f, group, root, true, "Pulls together", &pulls, e);
    last = draw_fact(f, group, last, last == root, "Pushes apart", &pushes, e);
    return draw_fact(f, group, last, last == root, "Holds its targets still", &still, e);
}

void sdag_field_methods(sdag_field *f)
{
    int root = -1;
    for (int k = 0; k < FAMILIES; k++) {
        int group = -1, last = -1;
        for (int i = 0; i < f->n; i++) {
            const sdag_field_entry *e = &f->list[i];
            if (!sdag_field_first(f, i) || !sdag_field_is(e, families[k].family)) continue;
            if (root < 0) root = sdag_field_box(f, -1, SDAG_LOOK_TOPIC, "Self-Supervised Learning", NULL, NULL);
            if (group < 0) {
                group = sdag_field_group(f, -1, families[k].family, families[k].title);
                last = draw_facts(f, group, families[k].family, e, root);
            }
            const char *name = e->g->name ? e->g->name : e->folder;
            const int box = sdag_field_box(f, group, SDAG_ROLE_ENCODER, name, e->g->about, e);
            if (last == root) sdag_field_enter(f, root, box);
            else sdag_field_below(f, last, box);
            last = box;
        }
    }
}
