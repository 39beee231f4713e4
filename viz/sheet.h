/* A picture as a graph of Graphviz, before it is laid out. Private to this folder; to be called under the lock of
 * draw.c only. */
#ifndef SDAG_VIZ_SHEET_H
#define SDAG_VIZ_SHEET_H

#include <stdint.h>

#include <graphviz/gvc.h>

#include "viz/labels.h"

#define TEXT(s) ((char *)(uintptr_t)(s)) /* cgraph takes char *, and changes none */

enum { SDAG_SHEET_LARGE = 500 }; /* reach from which less effort is spent on each line */

/* A picture and what it becomes in Graphviz. */
typedef struct sdag_sheet {
    const sdag_picture *p;
    const sdag_labels *l;
    sdag_viz_format format;
    bool forward; /* dot sees the parts from the first to the last */
    bool hung;    /* the phases hang from one box that is not drawn */
    Agraph_t *g, **sub;
    Agnode_t **node;
} sdag_sheet;

/* Fills s->g, which is open and empty, and notes its parts in s->sub and s->node. */
void sdag_sheet_fill(sdag_sheet *s);
/* After the layout: moves labels and titles aside, see words.c. */
void sdag_sheet_words(const sdag_sheet *s);

#endif
