/* Small programs: a few nodes of the phase that runs, with its weights, on a few samples. They change no state. */
#include <string.h>

#include "runtime/records/parts.h"

static bool writes_state(const sdag_program *p)
{
    for (int i = 0; i < p->ops.n; i++)
        if (p->ops.at[i].op->flags & SDAG_OP_UPDATES) return true;
    return false;
}

sdag_task *sdag_look_task(sdag_recorder *r, const sdag_lower_look *look, int64_t samples)
{
    sdag_session *s = r->session;
    sdag_log *log = s->log;
    sdag_task *t = NULL;
    s->log = r->silent; /* that it does not fit is no error of the user's */
    sdag_status status =
        sdag_task_create(&t, s, (sdag_lower_request){.phase = s->phase, .batch = samples, .pass = -1, .look = look});
    s->log = log;
    if (!status && !writes_state(&t->lowered->program)) return t;
    sdag_task_destroy(t);
    return NULL;
}

bool sdag_look_run(sdag_recorder *r, sdag_task *t, const sdag_step *now, const int32_t *const *ids)
{
    const sdag_program *p = &t->lowered->program;
    for (int i = 0; i < p->feeds.n; i++) {
        const sdag_feed *f = &p->feeds.at[i];
        const sdag_dataset *d = r->session->data[f->node];
        int32_t *to = sdag_exec_at(t->exec, f->ids, now->step), *labels = sdag_exec_at(t->exec, f->labels, now->step);
        for (int64_t k = 0; k < f->batch; k++) {
            if (to) to[k] = ids[i][k];
            if (labels) labels[k] = d->labels ? d->labels[ids[i][k]] : -1;
        }
    }
    t->steps = r->task->steps;
    t->steps_per_epoch = r->task->steps_per_epoch;
    sdag_task_fill_schedules(t, now->step);
    return !sdag_exec_feed(t->exec, now) && !sdag_exec_step(t->exec, now, NULL);
}
