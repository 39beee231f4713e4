/* How contrastive learning works: one sample twice and others beside it, through one encoder, to an objective that
 * pulls together and pushes apart. An objective a loss of the pipelines of that family, with its negatives. */
#include <string.h>

#include "viz/field_parts.h"

enum { WIDTH = 30 };

typedef struct method {
    const sdag_field_entry *entry;
    const sdag_gnode *loss, *memory; /* memory: NULL where negatives are those of the batch */
} method;

static void look_at(sdag_field *f, method *m, const sdag_gnode *n)
{
    (void)f;
    if (n->type->role == SDAG_ROLE_LOSS && n->type->pushes && !m->loss) m->loss = n;
    if (n->type->role == SDAG_ROLE_MEMORY && !m->memory) m->memory = n;
}

/* Pipelines with the same loss, and negatives from the same place, show the same: the first of them is drawn. */
static bool is_new(const method *list, int n, const method *m)
{
    for (int i = 0; i < n; i++)
        if (list[i].loss->type == m->loss->type && !list[i].memory == !m->memory) return false;
    return true;
}

static int find_methods(sdag_field *f, method *out, int most)
{
    int n = 0;
    for (int i = 0; i < f->n && n < most; i++) {
        if (!sdag_field_first(f, i) || !sdag_field_is(&f->list[i], "contrastive")) continue;
        method m = {.entry = &f->list[i]};
        for (int32_t k = 0; k < f->list[i].g->n_nodes; k++) look_at(f, &m, &f->list[i].g->nodes[k]);
        if (m.loss && is_new(out, n, &m)) out[n++] = m;
    }
    return n;
}

/* The transforms of an augmentation, by name. */
static const char *transforms(sdag_field *f, const sdag_gnode *n)
{
    sdag_field_words words = {0};
    for (const sdag_opt *o = n->type->opts; o && o->name; o++) {
        if (o->kind != SDAG_OPT_RECORDS) continue;
        const sdag_records *r = (const sdag_records *)((const char *)n->opts + o->offset);
        for (int i = 0; i < r->n; i++) sdag_field_add(f, &words, r->at[i].type->name);
    }
    return words.n ? sdag_arena_printf(f->p->a, "e.g., %s", sdag_field_join(f, &words, ", ", 3)) : NULL;
}

/* The two views of the first method that has two; the same twice where one node makes both. */
static int find_views(const sdag_gnode *views[2], const method *m)
{
    int n = 0;
    for (int32_t k = 0; k < m->entry->g->n_nodes && n < 2; k++) {
        const sdag_gnode *each = &m->entry->g->nodes[k];
        if (each->type->role == SDAG_ROLE_AUGMENT && each->phase == m->loss->phase) views[n++] = each;
    }
    if (n == 1) views[n++] = views[0];
    return n;
}

static const char *encoder_types(sdag_field *f)
{
    sdag_field_words words = {0};
    for (sdag_field_at at = {.kind = SDAG_FIELD_SELF}; sdag_field_next(f, &at);)
        if (at.node->type->role == SDAG_ROLE_ENCODER && sdag_field_is(at.entry, "contrastive"))
            sdag_field_add(f, &words, at.node->type->name);
    return sdag_arena_printf(f->p->a, "e.g., %s", sdag_field_join(f, &words, ", ", 3));
}

static void draw_goal(sdag_field *f, int group, int encoder, const method *m)
{
    const char *name = m->entry->g->name ? m->entry->g->name : m->entry->folder;
    const int goal = sdag_field_box(f, group, SDAG_ROLE_LOSS, "Contrastive Objective", NULL, m->entry);
    sdag_box *box = &f->p->boxes.at[goal];
    box->kind = sdag_picture_text(f->p, m->loss->type->name, 48);
    SDAG_PICTURE_ADD(box->details, sdag_picture_text(f->p, name, 40));
    SDAG_PICTURE_WRAP(f->p, box->pulls, m->loss->type->pulls ? m->loss->type->pulls : "?", WIDTH);
    SDAG_PICTURE_WRAP(f->p, box->pushes, m->loss->type->pushes, WIDTH);
    sdag_field_line(f, encoder, goal, "Generates Representations z_i, z_j");
    sdag_field_line(f, encoder, goal, "Generates Representations z_n1, z_n2");
}

static void draw_negatives(sdag_field *f, int group, int anchor, int encoder, const method *m, int number)
{
    const char *name = "Other samples of the batch", *text = m->entry->g->name;
    if (m->memory) name = sdag_arena_printf(f->p->a, "Keys of earlier batches");
    if (m->memory) text = sdag_arena_printf(f->p->a, "%s: %s", text ? text : "", m->memory->type->name);
    const int box =
        sdag_field_box(f, group, m->memory ? (int)SDAG_ROLE_MEMORY : (int)SDAG_ROLE_SOURCE, name, text, m->entry);
    sdag_field_below(f, anchor, box);
    sdag_field_line(f, box, encoder, sdag_arena_printf(f->p->a, "View n%d", number));
}

void sdag_field_contrastive(sdag_field *f)
{
    enum { MOST = 6 };
    method list[MOST];
    const sdag_gnode *views[2];
    const int n = find_methods(f, list, MOST);
    if (!n || !find_views(views, &list[0])) return;
    const sdag_field_entry *e = list[0].entry;
    const int data = sdag_field_group(f, -1, "data", "Data Preparation");
    const int others = sdag_field_group(f, data, "negatives", "Negative Samples");
    const int features = sdag_field_group(f, -1, "features", "Feature Extraction");
    const int space = sdag_field_group(f, -1, "space", "Representation Space & Objective");
    const int anchor = sdag_field_box(f, data, SDAG_ROLE_SOURCE, "Original Image", "(Anchor)", e);
    const int one = sdag_field_box(f, data, SDAG_ROLE_AUGMENT, "Augmentation 1", transforms(f, views[0]), e);
    const int two = sdag_field_box(f, data, SDAG_ROLE_AUGMENT, "Augmentation 2", transforms(f, views[1]), e);
    const int encoder = sdag_field_box(f, features, SDAG_ROLE_ENCODER, "Shared Encoder", encoder_types(f), e);
    sdag_field_line(f, anchor, one, NULL);
    sdag_field_line(f, anchor, two, NULL);
    sdag_field_line(f, one, encoder, "View i");
    sdag_field_line(f, two, encoder, "View j");
    for (int i = 0; i < n; i++) draw_negatives(f, others, anchor, encoder, &list[i], i + 1);
    for (int i = 0; i < n; i++) draw_goal(f, space, encoder, &list[i]);
}
