/* Inference: every sample once, the smaller last batch by a program of its own size. And the probes and sinks that
 * watch. */
#include "runtime/run/sweep.h"

#include <string.h>

#include "runtime/records/records.h"

static sdag_tensor tensor_of(const sdag_task *t, sdag_val v, int64_t step)
{
    const sdag_value *x = &t->lowered->program.values.at[v];
    return v ? (sdag_tensor){.data = sdag_exec_at(t->exec, v, step), .dtype = x->dtype, .shape = x->shape}
             : (sdag_tensor){0};
}

sdag_status sdag_sweep_create(sdag_sweep *w, sdag_session *s, sdag_lower_request r)
{
    *w = (sdag_sweep){.session = s};
    sdag_status status = sdag_task_create(&w->full, s, r);
    if (status) return status;
    const sdag_program *p = &w->full->lowered->program;
    for (int i = 0; i < p->feeds.n; i++) {
        int64_t n = w->full->samplers[i].n, batch = p->feeds.at[i].batch;
        const sdag_gnode *g = &s->graph->nodes[p->feeds.at[i].node];
        if (i && (n != w->rows || batch != w->batch)) {
            status = sdag_fail(s->log, SDAG_INVALID, g->loc,
                               "'%s' has %lld samples in batches of %lld, but another source of this phase "
                               "has %lld in batches of %lld; one pass needs the same",
                               g->name, (long long)n, (long long)batch, (long long)w->rows, (long long)w->batch);
            return status;
        }
        w->rows = n;
        w->batch = batch;
    }
    if (!p->feeds.n) return SDAG_OK;
    r.batch = w->rows % w->batch;
    return r.batch ? sdag_task_create(&w->tail, s, r) : SDAG_OK;
}

void sdag_sweep_destroy(sdag_sweep *w)
{
    sdag_task_destroy(w->full);
    sdag_task_destroy(w->tail);
    *w = (sdag_sweep){0};
}

static sdag_status one_batch(sdag_task *t, int64_t step, const sdag_task *next, int64_t from, int64_t rows)
{
    sdag_step now = {.seed = t->session->graph->seed, .step = step}, then = {.seed = now.seed, .step = step + 1};
    if (next) sdag_task_fill_rows(t, step + 1, from, rows);
    sdag_records_before(t->session, t);
    sdag_status status = sdag_exec_step(t->exec, &now, next ? &then : NULL);
    sdag_records_after(t->session, t);
    return status;
}

sdag_status sdag_sweep_run(sdag_sweep *w, sdag_status (*each)(void *arg, const sdag_task *t, int64_t step), void *arg)
{
    int64_t full = w->batch ? w->rows / w->batch : 0;
    sdag_status status = SDAG_OK;
    if (full) {
        sdag_step first = {.seed = w->session->graph->seed};
        sdag_task_fill_rows(w->full, 0, 0, w->batch);
        status = sdag_exec_feed(w->full->exec, &first);
    }
    for (int64_t i = 0; i < full && !status; i++) {
        status = one_batch(w->full, i, i + 1 < full ? w->full : NULL, (i + 1) * w->batch, w->batch);
        if (!status) status = each(arg, w->full, i);
    }
    if (w->tail && !status) {
        sdag_step first = {.seed = w->session->graph->seed};
        sdag_task_fill_rows(w->tail, 0, full * w->batch, w->rows - full * w->batch);
        status = sdag_exec_feed(w->tail->exec, &first);
        if (!status) status = one_batch(w->tail, 0, NULL, 0, 0);
        if (!status) status = each(arg, w->tail, 0);
    }
    return status;
}

/* ---- probes and sinks */

static void set_view(sdag_session *s, sdag_probe *p)
{
    const sdag_gnode *g = &s->graph->nodes[p->node];
    p->view = (sdag_collector){.opts = g->opts,
                               .log = s->log,
                               .loc = g->loc,
                               .node = g->name,
                               .out_dir = s->options->out_dir,
                               .seed = s->graph->seed,
                               .metrics = s,
                               .confusion = s->records ? &p->confusion : NULL};
}

static sdag_status load_own(const sdag_dataset *d, int64_t id, int slot, uint8_t *dst, int64_t hw[2], char *why)
{
    const sdag_probe *p = d->impl;
    sdag_session *s = p->view.metrics;
    (void)slot, (void)why;
    s->graph->nodes[p->node].type->collect->load(p->state, id, (int32_t *)dst, d->tokens);
    hw[0] = 1;
    hw[1] = d->tokens;
    return SDAG_OK;
}

/* The program of a collector that makes its data itself: the source that it names reads from the collector. */
static sdag_status create_own(sdag_session *s, sdag_probe *p, sdag_arena *a, int32_t phase)
{
    const sdag_gnode *g = &s->graph->nodes[p->node];
    const sdag_collect *c = g->type->collect;
    const sdag_dataset **data = SDAG_NEWS(a, const sdag_dataset *, s->graph->n_nodes + 1);
    memcpy(data, s->data, (size_t)s->graph->n_nodes * sizeof *data);
    int port = 0;
    while (strcmp(g->type->ins[port].name, c->passes[0])) port++;
    int32_t source = g->in[port].refs[0].node;
    const sdag_dataset *like = s->data[source];
    if (!like || !like->tokens)
        return sdag_fail(s->log, SDAG_INVALID, g->in[port].refs[0].loc, "%s.%s takes a source of text", g->name,
                         c->passes[0]);
    p->own = *like;
    p->own.n = c->rows(g->opts);
    p->own.labels = NULL;
    p->own.load = load_own;
    p->own.close = NULL;
    p->own.impl = p;
    data[source] = &p->own;
    p->view.data[0] = like;
    p->view.rows[0] = p->own.n;
    p->passes = 1;
    return sdag_task_create(&p->sweep[0].full, s,
                            (sdag_lower_request){.phase = phase, .probe = p->node, .data = data, .batch = p->own.n});
}

sdag_status sdag_probes_create(sdag_probe **out, int *n, sdag_session *s, sdag_arena *a, int32_t phase)
{
    const sdag_phase *ph = &s->graph->phases[phase];
    sdag_probe *list = SDAG_NEWS(a, sdag_probe, ph->n_nodes + 1);
    *out = list;
    *n = 0;
    for (int i = 0; i < ph->n_nodes; i++) {
        const sdag_collect *c = s->graph->nodes[ph->order[i]].type->collect;
        if (!c) continue;
        sdag_probe *p = &list[(*n)++];
        p->node = ph->order[i];
        set_view(s, p);
        if (c->load) {
            sdag_status status = create_own(s, p, a, phase);
            if (status) return status;
            continue;
        }
        for (; c->passes && c->passes[p->passes]; p->passes++) {
            sdag_sweep *w = &p->sweep[p->passes];
            sdag_status status =
                sdag_sweep_create(w, s, (sdag_lower_request){.phase = phase, .probe = p->node, .pass = p->passes});
            if (status) {
                p->passes++;
                return status;
            }
            p->view.rows[p->passes] = w->rows;
            p->view.data[p->passes] = w->full->samplers[0].data;
        }
    }
    return SDAG_OK;
}

void sdag_probes_destroy(sdag_session *s, sdag_probe *list, int n)
{
    sdag_probes_close(s, list, n, false);
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < list[i].passes; k++) sdag_sweep_destroy(&list[i].sweep[k]);
        sdag_confusion_clear(&list[i].confusion);
    }
}

static const sdag_collect *collect_of(const sdag_session *s, const sdag_probe *p)
{
    return s->graph->nodes[p->node].type->collect;
}

sdag_status sdag_probes_open(sdag_session *s, sdag_probe *list, int n, const sdag_task *t, int64_t rows)
{
    sdag_status status = SDAG_OK;
    for (int i = 0; i < n && !status; i++) {
        if (list[i].passes || list[i].opened) continue;
        list[i].view.rows[0] = rows;
        list[i].view.training = t->training;
        list[i].view.data[0] = t->lowered->program.feeds.n ? t->samplers[0].data : NULL;
        sdag_confusion_clear(&list[i].confusion);
        status = collect_of(s, &list[i])->open(&list[i].state, &list[i].view);
        list[i].opened = !status;
    }
    return status;
}

void sdag_probes_continue(sdag_session *s, sdag_probe *list, int n)
{
    for (int i = 0; i < n; i++) {
        const sdag_gnode *g = &s->graph->nodes[list[i].node];
        const sdag_saved_probe *saved = NULL;
        if (!list[i].opened) continue;
        for (int k = 0; k < s->saved_probes.n; k++)
            if (!strcmp(s->saved_probes.at[k].node, g->name)) saved = &s->saved_probes.at[k];
        list[i].confusion.full = true; /* its beginning is not known any more */
        if (saved && saved->n == collect_of(s, &list[i])->plain) memcpy(list[i].state, saved->state, saved->n);
        else
            sdag_log_add(s->log, SDAG_WARNING, g->loc,
                         "'%s' was stopped in the middle of an epoch: what it saw of it before is lost", g->name);
    }
}

sdag_status sdag_probes_batch(sdag_session *s, sdag_probe *list, int n, const sdag_task *t, int64_t step)
{
    sdag_status status = SDAG_OK;
    for (int i = 0; i < n && !status; i++) {
        if (!list[i].opened) continue;
        const sdag_collected *c = NULL;
        for (int k = 0; k < t->lowered->collected.n; k++)
            if (t->lowered->collected.at[k].node == list[i].node) c = &t->lowered->collected.at[k];
        if (!c) continue;
        sdag_tensor ports[SDAG_IN_MAX];
        for (int k = 0; k < c->n && k < SDAG_IN_MAX; k++) ports[k] = tensor_of(t, c->vals[k], step);
        status = collect_of(s, &list[i])->batch(list[i].state, &list[i].view, 0, ports, c->n);
    }
    return status;
}

sdag_status sdag_probes_close(sdag_session *s, sdag_probe *list, int n, bool ok)
{
    sdag_status status = SDAG_OK;
    for (int i = 0; i < n; i++) {
        if (!list[i].opened) continue;
        sdag_status one = collect_of(s, &list[i])->close(list[i].state, &list[i].view, ok && !status);
        list[i].opened = false;
        if (ok && !status && !one) sdag_records_confusion(s, &list[i]);
        if (!status) status = one;
    }
    return status;
}

typedef struct pass_args {
    sdag_session *session;
    sdag_probe *probe;
    int pass;
} pass_args;

static sdag_status pass_batch(void *arg, const sdag_task *t, int64_t step)
{
    pass_args *p = arg;
    const sdag_collected *c = &t->lowered->collected.at[0];
    sdag_tensor ports[3];
    for (int k = 0; k < 3; k++) ports[k] = tensor_of(t, c->vals[k], step);
    if (!t->samplers[0].data->labels) ports[1].data = NULL;
    return collect_of(p->session, p->probe)->batch(p->probe->state, &p->probe->view, p->pass, ports, 3);
}

/* Batch after batch, each made of what the collector saw in the one before: nothing overlaps. */
static sdag_status run_own(sdag_session *s, sdag_probe *p)
{
    sdag_task *t = p->sweep[0].full;
    const sdag_program *program = &t->lowered->program;
    pass_args args = {s, p, 0};
    sdag_status status = SDAG_OK;
    p->view.done = false;
    for (int64_t step = 0; !p->view.done && !status; step++) {
        sdag_step now = {.seed = s->graph->seed, .step = step};
        for (int i = 0; i < program->feeds.n; i++)
            for (int64_t k = 0; k < program->feeds.at[i].batch; k++) {
                ((int32_t *)sdag_exec_at(t->exec, program->feeds.at[i].ids, step))[k] = (int32_t)k;
                ((int32_t *)sdag_exec_at(t->exec, program->feeds.at[i].labels, step))[k] = -1;
            }
        status = sdag_exec_feed(t->exec, &now);
        if (!status) status = sdag_exec_step(t->exec, &now, NULL);
        if (!status) status = pass_batch(&args, t, step);
    }
    return status;
}

sdag_status sdag_probe_evaluate(sdag_session *s, sdag_probe *p)
{
    const sdag_collect *c = collect_of(s, p);
    sdag_confusion_clear(&p->confusion);
    sdag_status status = c->open(&p->state, &p->view);
    if (status) return status;
    if (c->load) status = run_own(s, p);
    for (int i = 0; i < p->passes && !c->load && !status; i++) {
        pass_args args = {s, p, i};
        status = sdag_sweep_run(&p->sweep[i], pass_batch, &args);
    }
    sdag_status closed = c->close(p->state, &p->view, !status);
    if (!status && !closed) sdag_records_confusion(s, p);
    return status ? status : closed;
}
