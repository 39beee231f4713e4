#include "runtime/run/run.h"

#include <string.h>

#include "core/base/file.h"
#include "runtime/records/records.h"
#include "runtime/run/phase.h"
#include "runtime/run/signals.h"

static sdag_status run_phase(sdag_session *s, sdag_cursor *at)
{
    s->phase = at->phase;
    s->step = s->epoch = s->steps = 0;
    sdag_status status = sdag_session_open_data(s, at->phase);
    if (!status) status = sdag_classes_write(s, at->phase);
    if (!status)
        status = s->graph->phases[at->phase].optimizer >= 0 ? sdag_phase_train(s, at) : sdag_phase_infer(s, at);
    if (status) return status;
    sdag_store_drop_slots(s, at->phase);
    *at = (sdag_cursor){.phase = at->phase + 1, .metrics_bytes = s->metrics.bytes};
    status = sdag_metrics_summary(s);
    if (!status) sdag_records_moment(s, true); /* a run that goes on behind the phase does not look at it again */
    if (!status) status = sdag_checkpoint_write(s, at);
    if (!status) sdag_page_moment(s, true);
    return status;
}

static sdag_status run_phases(sdag_session *s)
{
    sdag_cursor at = {0};
    bool found = false;
    sdag_status status = SDAG_OK;
    if (s->options->resume) {
        status = sdag_checkpoint_read(s, &at, &found);
        if (!status && !found)
            sdag_log_add(s->log, SDAG_NOTE, SDAG_NOLOC, "%s has no checkpoint: the run starts anew",
                         s->options->out_dir);
    }
    if (!status) status = sdag_metrics_open(s, at.metrics_bytes);
    if (!status) sdag_records_open(s, &at);
    if (!status) sdag_page_open(s, &at);
    while (!status && at.phase < s->graph->n_phases) status = run_phase(s, &at);
    if (status) sdag_records_moment(s, true); /* what came before a stop or a failure */
    sdag_records_close(s);
    return status;
}

static void close_pool(void *p) { sdag_pool_destroy(p); }

sdag_status sdag_session_init(sdag_session *s, const sdag_run_options *o, sdag_arena *a, sdag_log *log)
{
    const sdag_graph *g = o->graph;
    *s = (sdag_session){.options = o, .graph = g, .arena = a, .log = log, .metrics.fd = -1};
    s->data = SDAG_NEWS(a, sdag_dataset *, g->n_nodes + 1);
    s->node_names = SDAG_NEWS(a, const char *, g->n_nodes + 1);
    s->node_locs = SDAG_NEWS(a, sdag_loc, g->n_nodes + 1);
    for (int i = 0; i < g->n_nodes; i++) {
        s->node_names[i] = g->nodes[i].name;
        s->node_locs[i] = g->nodes[i].loc;
    }
    s->pool = sdag_pool_create(log, o->threads);
    if (!s->pool) return SDAG_FAILED;
    sdag_arena_defer(a, close_pool, s->pool);
    return SDAG_OK;
}

sdag_status sdag_run(const sdag_run_options *o, sdag_arena *a, sdag_log *log)
{
    sdag_session *s = SDAG_NEW(a, sdag_session);
    sdag_signals_watch();
    sdag_status status = sdag_session_init(s, o, a, log);
    if (!status) status = run_phases(s);
    sdag_page_end(s, status);
    sdag_metrics_close(s);
    return status;
}
