/* The general workflow: from unlabelled data by a pretext task to a pre-trained model, and from there with a few labels
 * to predictions. Below, the pipelines that go the whole way. */
#include <string.h>

#include "viz/field_parts.h"

enum { MOST = 5, COLUMNS = 6 };

/* "mask tokens" of "pretext.mask_tokens" */
static const char *short_name(sdag_field *f, const char *type)
{
    const char *dot = strrchr(type, '.');
    char *name = sdag_arena_printf(f->p->a, "%s", dot && dot[1] ? dot + 1 : type);
    for (char *c = name; *c; c++)
        if (*c == '_') *c = ' ';
    return name;
}

/* The types of a role in phases of a kind, without their first part; of the files that stand for their folders. */
static const char *types_of(sdag_field *f, sdag_role role, sdag_field_kind kind)
{
    sdag_field_words words = {0};
    for (sdag_field_at at = {.kind = kind}; sdag_field_next(f, &at);)
        if (at.node->type->role == role && sdag_field_first(f, at.i))
            sdag_field_add(f, &words, short_name(f, at.node->type->name));
    return sdag_field_join(f, &words, ", ", MOST);
}

/* What pretext nodes and, where there are none, augmentations make labels of. */
static const char *tasks(sdag_field *f)
{
    sdag_field_words words = {0};
    for (sdag_field_at at = {.kind = SDAG_FIELD_SELF}; sdag_field_next(f, &at);)
        if (at.node->type->role == SDAG_ROLE_PRETEXT) sdag_field_add(f, &words, short_name(f, at.node->type->name));
    if (!words.n) return "e.g., two views of one sample";
    return sdag_arena_printf(f->p->a, "e.g., %s", sdag_field_join(f, &words, ", ", MOST));
}

/* Weights of a phase without labels are taken by one that trains with labels. */
static bool goes_whole_way(const sdag_field *f, const sdag_graph *g)
{
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const sdag_gnode *n = &g->nodes[i];
        if (n->use < 0 || g->phases[n->phase].optimizer < 0) continue;
        const sdag_phase *from = &g->phases[g->nodes[n->use].phase];
        if (from->optimizer >= 0 && !sdag_picture_labelled(f->p, g, from) &&
            sdag_picture_labelled(f->p, g, &g->phases[n->phase]))
            return true;
    }
    return false;
}

/* Whether no variant of its folder stands there before it. */
static bool is_first_whole(const sdag_field *f, int i)
{
    for (int k = 0; k < i; k++)
        if (strcmp(f->list[k].folder, f->list[i].folder) == 0 && goes_whole_way(f, f->list[k].g)) return false;
    return goes_whole_way(f, f->list[i].g);
}

/* Rows of boxes, a method each; made from the last to the first, as dot lays them out. */
static void draw_methods(sdag_field *f, int above)
{
    sdag_picture *p = f->p;
    int *box = SDAG_NEWS(p->a, int, f->n), *of = SDAG_NEWS(p->a, int, f->n), n = 0;
    const int group = sdag_field_group(f, -1, "whole", "Pipelines that go the whole way");
    for (int i = 0; i < f->n; i++)
        if (is_first_whole(f, i)) of[n++] = i;
    for (int k = n - 1; k >= 0; k--) {
        const sdag_field_entry *e = &f->list[of[k]];
        box[k] = sdag_field_box(f, group, SDAG_LOOK_FACT, e->g->name ? e->g->name : e->folder, e->g->family, e);
    }
    for (int k = 0; k < n; k++) sdag_field_below(f, k < COLUMNS ? above : box[k - COLUMNS], box[k]);
}

void sdag_field_workflow(sdag_field *f)
{
    const sdag_field_entry *e = NULL;
    for (int i = 0; i < f->n && !e; i++)
        if (!f->list[i].g->family && goes_whole_way(f, f->list[i].g)) e = &f->list[i];
    for (int i = 0; i < f->n && !e; i++)
        if (goes_whole_way(f, f->list[i].g)) e = &f->list[i];
    if (!e) return;
    const int first = sdag_field_group(f, -1, "phase_1", "Phase 1: Pretext Task");
    const int second = sdag_field_group(f, -1, "phase_2", "Phase 2: Downstream Task");
    SDAG_PICTURE_ADD(f->p->groups.at[first].details, "(Unsupervised)");
    SDAG_PICTURE_ADD(f->p->groups.at[second].details, "(Supervised Fine-tuning)");
    const int data =
        sdag_field_box(f, first, SDAG_ROLE_SOURCE, "Unlabeled Data", types_of(f, SDAG_ROLE_SOURCE, SDAG_FIELD_SELF), e);
    const int labels = sdag_field_box(f, first, SDAG_ROLE_PRETEXT, "Automatic Label Generation", tasks(f), e);
    const int model =
        sdag_field_box(f, first, SDAG_ROLE_ENCODER, "Model", types_of(f, SDAG_ROLE_ENCODER, SDAG_FIELD_SELF), e);
    const int trained = sdag_field_box(f, first, SDAG_LOOK_PRETRAINED, "Pre-trained Model", NULL, e);
    const int few = sdag_field_box(f, second, SDAG_ROLE_SOURCE, "Small Labeled Dataset",
                                   types_of(f, SDAG_ROLE_SOURCE, SDAG_FIELD_LABELLED), e);
    const int tuned = sdag_field_box(f, second, SDAG_LOOK_FINETUNED, "Fine-tuned Model",
                                     types_of(f, SDAG_ROLE_HEAD, SDAG_FIELD_LABELLED), e);
    const int answer =
        sdag_field_box(f, second, SDAG_ROLE_SINK, "Predictions", types_of(f, SDAG_ROLE_SINK, SDAG_FIELD_PASS), e);
    sdag_field_line(f, data, labels, NULL);
    sdag_field_line(f, labels, model, "Creates Pseudo-Labels");
    sdag_field_line(f, data, model, "Provides Input Data");
    sdag_field_line(f, model, trained, "Learns Representations");
    sdag_field_line(f, few, tuned, NULL);
    sdag_picture_line(f->p, trained, tuned, SDAG_LINE_WEIGHTS);
    sdag_field_line(f, tuned, answer, "Solves Specific Task");
    draw_methods(f, trained);
}
