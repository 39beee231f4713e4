/* What the maps are made with. Private to this folder. */
#ifndef SDAG_VIZ_FIELD_PARTS_H
#define SDAG_VIZ_FIELD_PARTS_H

#include "viz/field.h"
#include "viz/picture.h"

typedef struct sdag_field {
    sdag_picture *p;
    const sdag_field_entry *list;
    int n;
} sdag_field;

void sdag_field_workflow(sdag_field *f);
void sdag_field_methods(sdag_field *f);
void sdag_field_contrastive(sdag_field *f);
void sdag_field_pretext(sdag_field *f);

int sdag_field_group(sdag_field *f, int parent, const char *id, const char *title);
/* A box; text: wrapped below the name, may be NULL. entry: what it is linked to, NULL: nothing. */
int sdag_field_box(sdag_field *f, int group, int look, const char *name, const char *text,
                   const sdag_field_entry *entry);
void sdag_field_line(sdag_field *f, int from, int to, const char *label);
void sdag_field_enter(sdag_field *f, int from, int to); /* a line that ends at the frame of `to` */
void sdag_field_below(sdag_field *f, int from, int to); /* not drawn: `to` stands below */

/* Words, each once, in the order of their coming. */
typedef SDAG_VEC(const char *) sdag_field_words;
bool sdag_field_add(sdag_field *f, sdag_field_words *words, const char *word); /* false: it was there */
/* "a, b, c and 2 more" */
const char *sdag_field_join(sdag_field *f, const sdag_field_words *words, const char *between, int most);

/* The first entry of its folder. */
bool sdag_field_first(const sdag_field *f, int i);
bool sdag_field_is(const sdag_field_entry *e, const char *family);

/* Walks the nodes of phases of one kind: of every entry, or those of one.
 *   for (sdag_field_at at = {.kind = SDAG_FIELD_SELF}; sdag_field_next(f, &at);) ... at.entry, at.node */
typedef enum { SDAG_FIELD_ANY, SDAG_FIELD_SELF, SDAG_FIELD_LABELLED, SDAG_FIELD_PASS } sdag_field_kind;
typedef struct sdag_field_at {
    sdag_field_kind kind; /* self-supervised training, training with labels, no training */
    int i, k;
    const sdag_field_entry *entry;
    const sdag_gnode *node;
} sdag_field_at;
bool sdag_field_next(const sdag_field *f, sdag_field_at *at);

#endif
