/* The weights of a run: weights/PHASE.NODE.safetensors when the phase is over, else the newest checkpoint that
 * verifies. */
#include <string.h>
#include <unistd.h>

#include "runtime/apply/parts.h"

static const char *file_of(const sdag_apply *p, int32_t owner)
{
    const sdag_graph *g = p->options->graph;
    return sdag_arena_printf(p->arena, "%s/weights/%s.%s.safetensors", p->options->run,
                             g->phases[g->nodes[owner].phase].name, g->nodes[owner].name);
}

/* All that the checkpoint holds, once; a run that has none has none. */
static void read_checkpoint(sdag_apply *p)
{
    sdag_session *s = p->session;
    sdag_cursor at;
    bool found;
    if (p->checkpoint_read) return;
    p->checkpoint_read = true;
    if (sdag_checkpoint_read(s, &at, &found)) s->store = (sdag_store){0};
    json_decref(s->metrics.summary);
    s->metrics.summary = NULL;
}

static bool in_store(const sdag_apply *p, int32_t owner)
{
    const sdag_gnode *n = &p->options->graph->nodes[owner];
    const sdag_store *store = &p->session->store;
    for (int i = 0; i < store->list.n; i++)
        if (store->list.at[i].phase == n->phase && !strcmp(store->list.at[i].node, n->name)) return true;
    return false;
}

bool sdag_apply_ready(sdag_apply *p, int32_t owner)
{
    if (!sdag_apply_has_weights(p->options->graph->nodes[owner].type)) return true;
    if (access(file_of(p, owner), R_OK) == 0) return true;
    read_checkpoint(p);
    return in_store(p, owner);
}

sdag_status sdag_apply_take(sdag_apply *p, int32_t owner)
{
    const sdag_graph *g = p->options->graph;
    const sdag_gnode *n = &g->nodes[owner];
    const char *file = file_of(p, owner);
    if (in_store(p, owner)) {
        p->weights = sdag_arena_printf(p->arena, "checkpoint %lld", (long long)p->session->checkpoint);
        return SDAG_OK;
    }
    if (!sdag_apply_ready(p, owner))
        return sdag_fail(p->log, SDAG_IO, SDAG_NOLOC, "%s has no weights of '%s.%s', which '%s' reads: continue the "
                         "run with --resume", p->options->run, g->phases[n->phase].name, n->name, p->title);
    if (in_store(p, owner)) return sdag_apply_take(p, owner);
    p->weights = file;
    return sdag_store_read(p->session, n->phase, n->name, file);
}
