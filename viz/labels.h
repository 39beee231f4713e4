/* Every text of a picture in Graphviz' own markup, made before Graphviz is entered: nothing may leave by an arena's
 * jump while its lock is held. Private to this folder. */
#ifndef SDAG_VIZ_LABELS_H
#define SDAG_VIZ_LABELS_H

#include "viz/picture.h"

typedef struct sdag_labels {
    const char **boxes, **tips, **lines, **groups, *title, *legend;
    int64_t reach;
} sdag_labels;

sdag_labels sdag_picture_labels(const sdag_picture *p);
/* Points that are kept free to the right of the title of an inner frame that lines enter, so that it can stand beside
 * them. */
int sdag_labels_room(const sdag_picture *p, int group);

#endif
