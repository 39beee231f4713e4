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

/* Some node of the phase has weights: one that has none then has none of its own, such as a head that is tied. */
static bool phase_in_store(const sdag_apply *p, int32_t phase)
{
    const sdag_store *store = &p->session->store;
    for (int i = 0; i < store->list.n; i++)
        if (store->list.at[i].phase == phase) return true;
    return false;
}

static bool phase_has_file(const sdag_apply *p, int32_t phase)
{
    const sdag_graph *g = p->options->graph;
    for (int i = 0; i < g->phases[phase].n_nodes; i++)
        if (access(file_of(p, g->phases[phase].order[i]), R_OK) == 0) return true;
    return false;
}

bool sdag_apply_ready(sdag_apply *p, int32_t owner)
{
    const sdag_gnode *n = &p->options->graph->nodes[owner];
    if (!sdag_apply_has_weights(n->type) || phase_has_file(p, n->phase)) return true;
    read_checkpoint(p);
    return phase_in_store(p, n->phase);
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
        return sdag_fail(p->log, SDAG_IO, SDAG_NOLOC,
                         "%s has no weights of '%s.%s', which '%s' reads: continue the "
                         "run with --resume",
                         p->options->run, g->phases[n->phase].name, n->name, p->title);
    if (in_store(p, owner)) return sdag_apply_take(p, owner);
    if (access(file, R_OK)) return SDAG_OK; /* what is missing is seen when it is asked for */
    p->weights = file;
    return sdag_store_read(p->session, n->phase, n->name, file);
}

sdag_status sdag_apply_complete(const sdag_apply *p)
{
    const sdag_store *store = &p->session->store;
    for (int i = 0; i < store->list.n; i++) {
        const sdag_weight *w = &store->list.at[i];
        if (w->phase == p->phase && !w->shared)
            return sdag_fail(p->log, SDAG_IO, SDAG_NOLOC, "%s has no weight '%s' of '%s'", p->options->run, w->name,
                             w->node);
    }
    return SDAG_OK;
}
