/* What is closed and what is opened: the lists of the options `collapse` and `expand`. */
#include <string.h>

#include "viz/drawing.h"

typedef struct word {
    const char *option, *name;
} word;

static bool has_inside(const sdag_gnode *n)
{
    return n->inner || n->type->role == SDAG_ROLE_ENCODER || n->type->role == SDAG_ROLE_DECODER;
}

static sdag_status close_named(sdag_drawing *d, sdag_log *log, const word *w)
{
    bool all = strcmp(w->name, "all") == 0, found = all;
    for (int32_t i = 0; i < d->g->n_phases; i++)
        if (all || strcmp(d->g->phases[i].name, w->name) == 0) {
            d->closed[i] = 0;
            found = true;
        }
    for (int32_t i = 0; i < d->g->n_nodes; i++)
        if (!all && sdag_picture_named(d->g, &d->g->nodes[i], w->name) && has_inside(&d->g->nodes[i])) {
            d->open[i] = false;
            found = true;
        }
    return found ? SDAG_OK : sdag_picture_unknown(log, d->g, w->option, w->name, "phase, module or encoder");
}

static sdag_status open_named(sdag_drawing *d, sdag_log *log, const word *w)
{
    bool all = strcmp(w->name, "all") == 0, found = all;
    d->open_all |= all;
    for (int32_t i = 0; i < d->g->n_phases; i++)
        if (strcmp(d->g->phases[i].name, w->name) == 0) {
            d->closed[i] = -1;
            found = true;
        }
    for (int32_t i = 0; i < d->g->n_nodes; i++)
        if ((all || sdag_picture_named(d->g, &d->g->nodes[i], w->name)) && has_inside(&d->g->nodes[i])) {
            d->open[i] = true;
            found = true;
        }
    return found ? SDAG_OK : sdag_picture_unknown(log, d->g, w->option, w->name, "phase, module or encoder");
}

static sdag_status each_word(sdag_drawing *d, sdag_log *log, const char *option, const char *list,
                             sdag_status (*act)(sdag_drawing *d, sdag_log *log, const word *w))
{
    sdag_status status = SDAG_OK;
    for (const char *at = list; at && !status; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        word w = {option, sdag_arena_copy(d->p->a, at, strcspn(at, ","))};
        status = act(d, log, &w);
    }
    return status;
}

/* A list with "all" comes first, so that `--collapse all --expand pretrain` leaves one phase open, and `--expand all
 * --collapse encoder` all but that. */
sdag_status sdag_drawing_fold(sdag_drawing *d, sdag_log *log)
{
    const char *close = d->o->collapse, *open = d->o->expand;
    bool open_first = open && strcmp(open, "all") == 0;
    for (int32_t i = 0; i < d->g->n_phases; i++) d->closed[i] = -1;
    sdag_status status = open_first ? each_word(d, log, "expand", open, open_named) : SDAG_OK;
    if (!status) status = each_word(d, log, "collapse", close, close_named);
    return status || open_first ? status : each_word(d, log, "expand", open, open_named);
}
