#include "runtime/apply/apply.h"

#include <signal.h>
#include <string.h>

#include "core/cpu/gemm.h"
#include "runtime/apply/parts.h"
#include "runtime/run/phase.h"
#include "runtime/run/signals.h"
#include "runtime/run/sweep.h"

/* The weights are read with the graph of the file, and used with the one that has a phase more. */
static sdag_status start_session(sdag_apply *p, const sdag_run_options *run)
{
    const sdag_store store = p->session->store;
    sdag_status status = sdag_session_init(p->session, run, p->arena, p->log);
    p->session->store = store;
    p->session->phase = p->phase;
    return status;
}

sdag_status sdag_apply_open(sdag_apply **out, sdag_arena *a, sdag_log *log, const sdag_apply_options *o)
{
    sdag_apply *p = *out = SDAG_NEW(a, sdag_apply);
    sdag_run_options *run = SDAG_NEW(a, sdag_run_options);
    *run = (sdag_run_options){.graph = o->graph, .out_dir = o->run, .threads = o->threads, .quiet = true};
    *p = (sdag_apply){.arena = a, .log = log, .options = o, .session = SDAG_NEW(a, sdag_session)};
    *p->session = (sdag_session){.options = run, .graph = o->graph, .arena = a, .log = log, .metrics.fd = -1};
    sdag_status status = sdag_gemm_init(log);
    if (!status) status = sdag_apply_choose(p);
    if (!status) status = sdag_apply_compose(p);
    if (status) return status;
    run->graph = p->graph;
    status = start_session(p, run);
    if (!status) sdag_apply_classes(p);
    return status;
}

typedef struct running {
    sdag_apply *p;
    sdag_apply_each each;
    void *arg;
} running;

static sdag_status watch(void *arg, const sdag_task *t, int64_t step)
{
    running *r = arg;
    const sdag_program *program = &t->lowered->program;
    const sdag_val v = t->lowered->collected.at[0].vals[0];
    const sdag_value *x = &program->values.at[v];
    const sdag_tensor value = {.data = sdag_exec_at(t->exec, v, step), .dtype = x->dtype, .shape = x->shape};
    const int32_t *ids = sdag_exec_at(t->exec, program->feeds.at[0].ids, step);
    if (sdag_signals_seen())
        return sdag_fail(r->p->log, SDAG_FAILED, SDAG_NOLOC, "stopped by a signal: nothing was written");
    sdag_status status = r->each(r->arg, r->p, &value, ids);
    r->p->done += value.shape.rank ? value.shape.d[0] : 1;
    return status;
}

sdag_status sdag_apply_run(sdag_apply *p, sdag_apply_each each, void *arg)
{
    sdag_sweep sweep;
    running r = {p, each, arg};
    sdag_status status = sdag_apply_open_data(p);
    if (status) return status;
    sdag_signals_watch();
    signal(SIGPIPE, SIG_DFL); /* `| head` ends it without a word */
    p->rows = p->session->data[p->source]->n;
    status = sdag_sweep_create(&sweep, p->session, (sdag_lower_request){.phase = p->phase, .pass = -1});
    if (!status) status = sdag_apply_complete(p);
    if (!status) p->rows = sweep.rows;
    if (!status) status = sdag_sweep_run(&sweep, watch, &r);
    sdag_sweep_destroy(&sweep);
    return status;
}

const char *sdag_apply_class(const sdag_apply *p, int i)
{
    if (p->class_names && i < p->n_classes) return p->class_names[i];
    return sdag_arena_printf(p->arena, "%d", i);
}

sdag_status sdag_apply_lower(sdag_lowered **out, sdag_apply *p, int64_t batch)
{
    const sdag_gnode *source = &p->graph->nodes[p->source];
    const sdag_spec *tokens = sdag_spec_get(source->spec, "tokens");
    const bool bytes = tokens && tokens->text && !strcmp(tokens->text, "bytes");
    if (!strcmp(source->type->outs[0].name, "tokens") && !bytes) { /* how many there are is known to the data alone */
        sdag_status status = sdag_session_open_data(p->session, p->phase);
        if (status) return status;
    }
    const sdag_lower_request r = {.graph = p->graph,
                                  .phase = p->phase,
                                  .pass = -1,
                                  .batch = batch,
                                  .data = (const sdag_dataset *const *)p->session->data};
    return sdag_lower(out, p->arena, p->log, &r);
}

sdag_status sdag_apply_state(const void **data, sdag_apply *p, const sdag_state *s)
{
    void *at = NULL;
    sdag_status status = sdag_store_bind(&at, p->session, p->phase, s);
    *data = at;
    return status ? status : sdag_apply_complete(p);
}
