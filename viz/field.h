/* Maps of the field: the diagrams that the project started from, drawn from the pipelines that are there. Families,
 * methods and tasks are read from the files (`family`, `name`, `about`, nodes) and from what node types say of
 * themselves; nothing is known by name here.
 *
 *   sdag_field_entry list[] = {{"../simclr/simclr.yaml", "simclr", g}, ...};
 *   status = sdag_field_text(&text, &len, arena, log, SDAG_FIELD_METHODS, list, n, SDAG_VIZ_SVG);
 *
 * In SVG each box is linked to the file that it was read from: relative links, the only ones that pictures have. */
#ifndef SDAG_VIZ_FIELD_H
#define SDAG_VIZ_FIELD_H

#include "viz/viz.h"

typedef enum { SDAG_FIELD_WORKFLOW, SDAG_FIELD_METHODS, SDAG_FIELD_CONTRASTIVE, SDAG_FIELD_PRETEXT } sdag_field_map;
enum { SDAG_FIELD_MAPS = 4 };
extern const char *const sdag_field_names[SDAG_FIELD_MAPS + 1]; /* "workflow" ...; NULL ends them */

/* A pipeline. href: its file as seen from the folder in which the picture will be; folder: that of the file, by which
 * the variants of a method belong together. */
typedef struct sdag_field_entry {
    const char *href, *folder;
    const sdag_graph *g;
} sdag_field_entry;

/* The first entry of a folder stands for it. SDAG_FAILED: see sdag_viz_text. */
sdag_status sdag_field_text(char **out, size_t *len, sdag_arena *a, sdag_log *log, sdag_field_map map,
                            const sdag_field_entry *list, int n, sdag_viz_format format);

#endif
