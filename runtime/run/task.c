/* A compiled program with its memory and its data: lower -> train -> plan -> exec. */
#include <string.h>
#include <time.h>

#include "core/base/alloc.h"
#include "graphs/autodiff/autodiff.h"
#include "runtime/run/session.h"

double sdag_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void close_data(void *p)
{
    sdag_dataset *d = p;
    if (d->close) d->close(d);
}

sdag_status sdag_session_open_data(sdag_session *s, int32_t phase)
{
    const sdag_phase *p = &s->graph->phases[phase];
    for (int i = 0; i < p->n_nodes; i++) {
        int32_t n = p->order[i];
        const sdag_gnode *g = &s->graph->nodes[n];
        if (!g->type->open || s->data[n]) continue;
        sdag_open o = {.arena = s->arena, .log = s->log, .loc = g->loc, .seed = s->graph->seed};
        sdag_status status = g->type->open(&s->data[n], g->opts, &o);
        if (status) return status;
        sdag_log_add(s->log, SDAG_DETAIL, SDAG_NOLOC, "opened '%s': %lld samples", g->name, (long long)s->data[n]->n);
        sdag_arena_defer(s->arena, close_data, s->data[n]);
    }
    return SDAG_OK;
}

/* What the host reads after a step. */
static sdag_plan_options keep_values(sdag_arena *a, const sdag_lowered *l)
{
    SDAG_VEC(sdag_val) keep = {0};
    if (l->loss) *SDAG_PUSH(a, &keep) = l->loss;
    for (int i = 0; i < l->collected.n; i++)
        for (int k = 0; k < l->collected.at[i].n; k++)
            if (l->collected.at[i].vals[k]) *SDAG_PUSH(a, &keep) = l->collected.at[i].vals[k];
    return (sdag_plan_options){.keep = keep.at, .n_keep = keep.n};
}

/* Images that the body takes in from the feed in one step; of text, samples. */
static int64_t count_images(const sdag_program *p, const sdag_plan *plan)
{
    int64_t n = 0;
    for (sdag_val v = 1; v < p->values.n; v++) {
        const sdag_value *t = &p->values.at[v];
        if (plan->places[v].at == SDAG_AT_FEED && t->kind == SDAG_VAL_TEMP && !t->alias && t->shape.rank >= 2 &&
            t->dtype != SDAG_DT_I32)
            n += t->shape.d[0];
    }
    for (int i = 0; n == 0 && i < p->feeds.n; i++) n += p->feeds.at[i].batch;
    return n;
}

static sdag_status compile(sdag_task *t, sdag_lower_request *r)
{
    sdag_session *s = t->session;
    sdag_lowered *forward;
    sdag_status status = sdag_lower(&forward, &t->arena, s->log, r);
    t->lowered = forward;
    if (!status && r->training && r->pass < 0) status = sdag_train(&t->lowered, &t->arena, s->log, forward);
    if (status) return status;
    sdag_plan_options o = keep_values(&t->arena, t->lowered);
    status = sdag_plan_build(&t->plan, &t->arena, s->log, &t->lowered->program, &o);
    if (status) return status;
    const sdag_program *p = &t->lowered->program;
    void **states = SDAG_NEWS(&t->arena, void *, p->states.n + 1);
    for (int i = 0; i < p->states.n && !status; i++)
        status = sdag_store_bind(&states[i], s, r->phase, &p->states.at[i]);
    if (status) return status;
    sdag_memory memory = {.states = states};
    status = sdag_exec_create(&t->exec, &t->arena, s->log, s->pool, t->plan, &memory);
    if (status) return status;
    sdag_exec_names(t->exec, s->node_names, s->node_locs);
    t->images = count_images(p, t->plan);
    t->bytes = t->plan->block + 2 * t->plan->feed_block;
    return SDAG_OK;
}

static sdag_status add_samplers(sdag_task *t)
{
    const sdag_program *p = &t->lowered->program;
    if (t->lowered->request->look) return SDAG_OK; /* who looks says at which samples */
    t->samplers = SDAG_NEWS(&t->arena, sdag_sampler, p->feeds.n + 1);
    for (int i = 0; i < p->feeds.n; i++) {
        sdag_status status =
            sdag_sampler_init(&t->samplers[i], t->session, p->feeds.at[i].node, p->feeds.at[i].batch, t->training);
        if (status) return status;
        int64_t steps = sdag_sampler_steps(&t->samplers[i]);
        if (steps > t->steps_per_epoch) t->steps_per_epoch = steps;
    }
    return SDAG_OK;
}

typedef struct create_args {
    sdag_task *task;
    sdag_lower_request *request;
} create_args;

static sdag_status create(void *arg)
{
    create_args *c = arg;
    sdag_status status = compile(c->task, c->request);
    return status ? status : add_samplers(c->task);
}

sdag_status sdag_task_create(sdag_task **out, sdag_session *s, sdag_lower_request request)
{
    sdag_task *t = *out = sdag_alloc(sizeof *t);
    if (!t) return SDAG_NOMEM;
    request.graph = s->graph;
    if (!request.data) request.data = (const sdag_dataset *const *)s->data;
    t->session = s;
    t->phase = request.phase;
    t->training = request.training && request.pass < 0;
    sdag_arena_init(&t->arena);
    create_args c = {t, &request};
    sdag_status status = sdag_arena_try(&t->arena, create, &c);
    if (status) {
        sdag_task_destroy(t);
        *out = NULL;
    }
    return status;
}

void sdag_task_destroy(sdag_task *t)
{
    if (!t) return;
    sdag_arena_free(&t->arena);
    sdag_free(t);
}

void sdag_task_fill_schedules(sdag_task *t, int64_t step)
{
    const sdag_program *p = &t->lowered->program;
    for (int i = 0; i < p->schedules.n; i++)
        *(float *)sdag_exec_at(t->exec, p->schedules.at[i].val, step) =
            sdag_schedule_at(p->schedules.at[i].schedule, step, t->steps, t->steps_per_epoch);
}

void sdag_task_fill(sdag_task *t, int64_t step)
{
    const sdag_program *p = &t->lowered->program;
    for (int i = 0; i < p->feeds.n; i++)
        sdag_sampler_fill(&t->samplers[i], step, sdag_exec_at(t->exec, p->feeds.at[i].ids, step),
                          sdag_exec_at(t->exec, p->feeds.at[i].labels, step));
    sdag_task_fill_schedules(t, step);
}

void sdag_task_fill_rows(sdag_task *t, int64_t step, int64_t from, int64_t rows)
{
    const sdag_program *p = &t->lowered->program;
    for (int i = 0; i < p->feeds.n; i++)
        sdag_sampler_take(&t->samplers[i], from, rows, sdag_exec_at(t->exec, p->feeds.at[i].ids, step),
                          sdag_exec_at(t->exec, p->feeds.at[i].labels, step));
    sdag_task_fill_schedules(t, step);
}

float sdag_task_loss(const sdag_task *t, int64_t step)
{
    return t->lowered->loss ? *(const float *)sdag_exec_at(t->exec, t->lowered->loss, step) : 0;
}
