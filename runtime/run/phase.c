#include "runtime/run/phase.h"

#include <math.h>
#include <string.h>

#include "runtime/records/records.h"
#include "runtime/run/signals.h"
#include "runtime/run/sweep.h"

/* Without a `checkpoint:` in the file, one is written at the first end of an epoch this many seconds after the last. */
static const double checkpoint_seconds = 20;

typedef struct training {
    sdag_session *s;
    sdag_cursor *at;
    sdag_arena arena;
    sdag_task *task;
    sdag_probe *probes;
    int n_probes;
    const sdag_phase *phase;
    int64_t report; /* steps from one report of the loss to the next */
    double began, seconds_before, saved;
    double rate, wait; /* since the last report */
} training;

int64_t sdag_duration_steps(sdag_duration d, int64_t steps_per_epoch)
{
    double n = d.unit == SDAG_EPOCHS ? d.n * (double)steps_per_epoch : d.n;
    return n < 1 ? 1 : n > 9e15 ? (int64_t)9e15 : (int64_t)llround(n);
}

static double spent(const training *t) { return t->seconds_before + sdag_now() - t->began; }

static sdag_status save(training *t)
{
    t->at->metrics_bytes = t->s->metrics.bytes;
    t->at->seconds = spent(t);
    t->saved = sdag_now();
    sdag_status status = sdag_store_check(t->s, t->at->phase);
    return status ? status : sdag_checkpoint_write(t->s, t->at);
}

/* The name of the option that a schedule stands for: "optimizer.lr". */
static const char *schedule_name(sdag_session *s, const sdag_schedule *schedule)
{
    const sdag_phase *ph = &s->graph->phases[s->phase];
    for (int i = 0; i < ph->n_nodes; i++) {
        const sdag_gnode *g = &s->graph->nodes[ph->order[i]];
        for (const sdag_opt *o = g->type->opts; o && o->name; o++) {
            const sdag_schedules *map = (const void *)((const char *)g->opts + o->offset);
            for (int k = 0; o->kind == SDAG_OPT_SCHEDULES && k < map->n; k++)
                if (&map->at[k].schedule == schedule)
                    return sdag_arena_printf(s->arena, "%s.%s", g->name, map->at[k].name);
            if (o->kind == SDAG_OPT_SCHEDULE && (const char *)g->opts + o->offset == (const char *)schedule)
                return sdag_arena_printf(s->arena, "%s.%s", g->name,
                                         strrchr(o->name, '.') ? strrchr(o->name, '.') + 1 : o->name);
        }
    }
    return NULL;
}

/* Rate and share of waiting, since the last report. */
static void update_rates(training *t)
{
    sdag_exec_stats stats;
    sdag_exec_stats_get(t->task->exec, &stats);
    if (stats.wall_s <= 0) return;
    t->rate = (double)(stats.steps * t->task->images) / stats.wall_s;
    t->wait = stats.wait_data_s / stats.wall_s;
}

static sdag_status report_loss(training *t, double loss)
{
    sdag_session *s = t->s;
    update_rates(t);
    sdag_exec_stats_reset(t->task->exec, false);
    json_t *line =
        json_pack("{s:s, s:I, s:I, s:f, s:f, s:f}", "phase", t->phase->name, "step", (json_int_t)s->step, "epoch",
                  (json_int_t)s->epoch, "loss", loss, "images_per_s", t->rate, "wait_for_data", t->wait);
    const sdag_program *p = &t->task->lowered->program;
    for (int i = 0; i < p->schedules.n && line; i++) {
        const char *name = schedule_name(s, p->schedules.at[i].schedule);
        if (name)
            json_object_set_new(line, name,
                                json_real((double)sdag_schedule_at(p->schedules.at[i].schedule, t->at->step - 1,
                                                                   t->task->steps, t->task->steps_per_epoch)));
    }
    sdag_status status = sdag_metrics_emit(s, line);
    if (!status) status = sdag_metrics_value(s, "loss", loss);
    return status;
}

static sdag_status evaluate(training *t, bool last)
{
    sdag_status status = SDAG_OK;
    for (int i = 0; i < t->n_probes && !status; i++) {
        sdag_probe *p = &t->probes[i];
        if (!p->passes) continue;
        sdag_duration every = t->s->graph->nodes[p->node].every;
        bool due = every.n > 0 && t->at->step % sdag_duration_steps(every, t->task->steps_per_epoch) == 0;
        if (due || last) status = sdag_probe_evaluate(t->s, p);
    }
    return status;
}

/* The end of an epoch, or of what `report` says instead. */
static sdag_status end_report(training *t)
{
    sdag_session *s = t->s;
    int64_t steps = t->at->step % t->report;
    double loss = t->at->loss_sum / (double)(steps ? steps : t->report);
    t->at->loss_sum = 0;
    sdag_status status = report_loss(t, loss);
    if (!status) status = sdag_probes_close(s, t->probes, t->n_probes, true);
    sdag_progress_show(s, &(sdag_progress_now){.phase = t->phase->name,
                                               .step = t->at->step,
                                               .steps = t->task->steps,
                                               .steps_per_epoch = t->task->steps_per_epoch,
                                               .loss = loss,
                                               .images_per_s = t->rate,
                                               .wait_share = t->wait,
                                               .epoch_end = true});
    return status;
}

/* After a step: the loss, watching probes, and what is due now. */
static sdag_status after_step(training *t, int64_t step)
{
    sdag_session *s = t->s;
    double loss = (double)sdag_task_loss(t->task, step);
    int64_t per_epoch = t->task->steps_per_epoch, last = t->task->steps;
    s->step = t->at->step = step + 1;
    s->epoch = (step + per_epoch) / per_epoch;
    t->at->loss_sum += loss;
    sdag_status status = sdag_probes_batch(s, t->probes, t->n_probes, t->task, step);
    if (status) return status;
    update_rates(t);
    sdag_progress_show(s, &(sdag_progress_now){.phase = t->phase->name,
                                               .step = step + 1,
                                               .steps = last,
                                               .steps_per_epoch = per_epoch,
                                               .loss = loss,
                                               .images_per_s = t->rate,
                                               .wait_share = t->wait});
    bool end = t->at->step % t->report == 0 || t->at->step == last;
    if (end) status = end_report(t);
    if (!status) status = evaluate(t, t->at->step == last);
    if (status || t->at->step == last) return status;
    if (end) sdag_records_look(s, SDAG_LOOK_DUE);
    if (end) sdag_records_moment(s, false);
    if (end) status = sdag_probes_open(s, t->probes, t->n_probes, t->task, t->report * t->task->images);
    if (end && !status) sdag_page_moment(s, false);
    sdag_duration every = t->phase->checkpoint;
    bool due = every.n > 0 ? t->at->step % sdag_duration_steps(every, per_epoch) == 0
                           : end && sdag_now() - t->saved > checkpoint_seconds;
    if (due && !status) status = save(t);
    return status;
}

static sdag_step step_of(const training *t, int64_t step)
{
    return (sdag_step){
        .seed = t->s->graph->seed, .epoch = (uint32_t)(step / t->task->steps_per_epoch), .step = step, .training = 1};
}

static sdag_status loop(training *t)
{
    sdag_status status = SDAG_OK;
    if (t->at->step < t->task->steps) {
        sdag_step first = step_of(t, t->at->step);
        sdag_task_fill(t->task, t->at->step);
        status = sdag_exec_feed(t->task->exec, &first);
    }
    sdag_exec_stats_reset(t->task->exec, false);
    for (int64_t i = t->at->step; i < t->task->steps && !status; i++) {
        sdag_step now = step_of(t, i), next = step_of(t, i + 1);
        bool more = i + 1 < t->task->steps;
        if (more) sdag_task_fill(t->task, i + 1);
        sdag_records_before(t->s, t->task);
        status = sdag_exec_step(t->task->exec, &now, more ? &next : NULL);
        sdag_records_after(t->s, t->task);
        if (!status) status = after_step(t, i);
        if (!status && sdag_signals_seen() && more) {
            sdag_progress_end(t->s);
            status = save(t);
            sdag_log_add(t->s->log, SDAG_NOTE, SDAG_NOLOC,
                         "stopped by a signal at step %lld of '%s'; continue with: ssldag run --resume %s",
                         (long long)t->at->step, t->phase->name, t->s->options->out_dir);
            return status ? status : SDAG_STOPPED;
        }
    }
    return status;
}

static sdag_status prepare(training *t)
{
    sdag_session *s = t->s;
    sdag_status status =
        sdag_task_create(&t->task, s, (sdag_lower_request){.phase = t->at->phase, .training = true, .pass = -1});
    if (status) return status;
    sdag_duration d = t->phase->length;
    if (t->task->steps_per_epoch < 1) t->task->steps_per_epoch = 1;
    t->task->steps = d.n < 0 ? t->task->steps_per_epoch : sdag_duration_steps(d, t->task->steps_per_epoch);
    if (d.n == 0) t->task->steps = 0;
    s->steps = t->task->steps;
    t->report = t->phase->report.n > 0 ? sdag_duration_steps(t->phase->report, t->task->steps_per_epoch)
                                       : t->task->steps_per_epoch;
    status = sdag_probes_create(&t->probes, &t->n_probes, s, &t->arena, t->at->phase);
    if (!status) status = sdag_probes_open(s, t->probes, t->n_probes, t->task, t->report * t->task->images);
    if (!status && t->at->step % t->report) sdag_probes_continue(s, t->probes, t->n_probes);
    s->probes = t->probes;
    s->n_probes = t->n_probes;
    return status;
}

static sdag_status train(void *arg)
{
    training *t = arg;
    sdag_status status = prepare(t);
    if (status) return status;
    sdag_records_phase(t->s, t->task, t->at->step);
    sdag_records_look(t->s, SDAG_LOOK_FIRST);
    sdag_progress_begin(t->s, t->at->step);
    status = loop(t);
    sdag_progress_end(t->s);
    if (!status && !t->task->steps) status = evaluate(t, true);
    if (!status) status = sdag_store_check(t->s, t->at->phase);
    if (!status) status = sdag_metrics_value(t->s, "seconds", spent(t));
    if (!status) status = sdag_store_export(t->s, t->at->phase);
    if (!status) sdag_records_look(t->s, SDAG_LOOK_LAST);
    return status;
}

sdag_status sdag_phase_train(sdag_session *s, sdag_cursor *at)
{
    training t = {
        .s = s, .at = at, .phase = &s->graph->phases[at->phase], .began = sdag_now(), .seconds_before = at->seconds};
    t.saved = t.began;
    sdag_arena_init(&t.arena);
    sdag_status status = sdag_arena_try(&t.arena, train, &t);
    s->n_probes = 0;
    sdag_records_phase_over(s);
    sdag_probes_destroy(s, t.probes, t.n_probes);
    sdag_task_destroy(t.task);
    sdag_arena_free(&t.arena);
    return status;
}

/* ---- inference */

typedef struct inference {
    sdag_session *s;
    sdag_cursor *at;
    sdag_arena arena;
    sdag_sweep sweep;
    sdag_probe *probes;
    int n_probes;
} inference;

static sdag_status watch(void *arg, const sdag_task *t, int64_t step)
{
    inference *x = arg;
    x->s->step++;
    sdag_status status = sdag_probes_batch(x->s, x->probes, x->n_probes, t, step);
    return status ? status : sdag_signals_seen() ? SDAG_STOPPED : SDAG_OK;
}

static sdag_status infer(void *arg)
{
    inference *x = arg;
    sdag_session *s = x->s;
    sdag_status status = sdag_sweep_create(&x->sweep, s, (sdag_lower_request){.phase = x->at->phase, .pass = -1});
    if (!status) status = sdag_probes_create(&x->probes, &x->n_probes, s, &x->arena, x->at->phase);
    if (!status) status = sdag_probes_open(s, x->probes, x->n_probes, x->sweep.full, x->sweep.rows);
    bool watched = false; /* otherwise there is nothing to be had from a pass */
    for (int i = 0; i < x->n_probes; i++) watched |= !x->probes[i].passes;
    if (!status && watched) {
        sdag_records_phase(s, x->sweep.rows < x->sweep.batch ? x->sweep.tail : x->sweep.full, 0);
        sdag_records_look(s, SDAG_LOOK_FIRST);
    }
    if (!status && watched) status = sdag_sweep_run(&x->sweep, watch, x);
    sdag_status closed = sdag_probes_close(s, x->probes, x->n_probes, !status);
    if (!status) status = closed;
    for (int i = 0; i < x->n_probes && !status; i++)
        if (x->probes[i].passes) status = sdag_probe_evaluate(s, &x->probes[i]);
    return status;
}

sdag_status sdag_phase_infer(sdag_session *s, sdag_cursor *at)
{
    inference x = {.s = s, .at = at};
    double began = sdag_now();
    sdag_arena_init(&x.arena);
    sdag_status status = sdag_arena_try(&x.arena, infer, &x);
    sdag_records_phase_over(s);
    sdag_probes_destroy(s, x.probes, x.n_probes);
    sdag_sweep_destroy(&x.sweep);
    sdag_arena_free(&x.arena);
    if (!status) status = sdag_metrics_value(s, "seconds", sdag_now() - began);
    if (status != SDAG_STOPPED) return status;
    at->metrics_bytes = s->metrics.bytes;
    sdag_status saved = sdag_checkpoint_write(s, at);
    sdag_log_add(s->log, SDAG_NOTE, SDAG_NOLOC, "stopped by a signal in '%s'; continue with: ssldag run --resume %s",
                 s->graph->phases[at->phase].name, s->options->out_dir);
    return saved ? saved : SDAG_STOPPED;
}
