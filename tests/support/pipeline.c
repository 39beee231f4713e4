#include "tests/support/pipeline.h"

#include <string.h>

#include "core/base/alloc.h"
#include "graphs/autodiff/autodiff.h"

static sdag_status build_graph(pipeline *p)
{
    const pipeline_options *o = p->options;
    sdag_arena *a = &p->arena;
    SDAG_VEC(const sdag_node_type *) types = {0};
    int n_builtin;
    const sdag_node_type *const *builtin = sdag_node_types(&n_builtin);
    for (int i = 0; i < n_builtin; i++) *SDAG_PUSH(a, &types) = builtin[i];
    for (int i = 0; o->types && o->types[i]; i++) *SDAG_PUSH(a, &types) = o->types[i];
    const sdag_spec *raw, *spec;
    sdag_log_source(p->log, "test.yaml", o->yaml, strlen(o->yaml));
    sdag_status status = sdag_spec_parse(&raw, a, p->log, "test.yaml", o->yaml, strlen(o->yaml));
    if (!status) status = sdag_spec_resolve(&spec, a, p->log, raw, NULL, 0);
    if (!status)
        status = sdag_graph_build(&p->graph, a, p->log, spec, &(sdag_catalog){.types = types.at, .n = types.n});
    return status;
}

static void close_data(void *p)
{
    sdag_dataset *d = p;
    if (d->close) d->close(d);
}

static sdag_status open_data(pipeline *p)
{
    p->data = SDAG_NEWS(&p->arena, const sdag_dataset *, p->graph->n_nodes);
    for (int i = 0; i < p->graph->n_nodes; i++) {
        const sdag_gnode *g = &p->graph->nodes[i];
        if (!g->type->open || g->phase != p->request.phase) continue;
        sdag_dataset *d;
        sdag_open o = {.arena = &p->arena, .log = p->log, .loc = g->loc, .seed = p->graph->seed};
        sdag_status status = g->type->open(&d, g->opts, &o);
        if (status) return status;
        p->data[i] = d;
        sdag_arena_defer(&p->arena, close_data, d);
    }
    return SDAG_OK;
}

/* The loss, every gradient, every output (of the feed, when asked for), and what probes and sinks read. */
static sdag_plan_options keep_values(pipeline *p)
{
    sdag_lowered *l = p->lowered;
    SDAG_VEC(sdag_val) keep = {0};
    if (l->loss) *SDAG_PUSH(&p->arena, &keep) = l->loss;
    for (int i = 0; i < l->trained.n; i++) *SDAG_PUSH(&p->arena, &keep) = l->trained.at[i].grad;
    for (int i = 0; i < l->collected.n; i++)
        for (int k = 0; k < l->collected.at[i].n; k++)
            if (l->collected.at[i].vals[k]) *SDAG_PUSH(&p->arena, &keep) = l->collected.at[i].vals[k];
    for (int i = 0; i < p->graph->n_nodes; i++) {
        const sdag_port *outs = p->graph->nodes[i].type->outs;
        for (int k = 0; l->ports[i] && outs && outs[k].name; k++) {
            const sdag_lowered_port *port = &l->ports[i][k];
            if (port->feed && !p->options->feed) continue;
            if (port->joint) *SDAG_PUSH(&p->arena, &keep) = port->joint;
            for (int v = 0; v < port->n && !port->joint; v++)
                if (port->vals[v]) *SDAG_PUSH(&p->arena, &keep) = port->vals[v];
        }
    }
    return (sdag_plan_options){.keep = keep.at, .n_keep = keep.n};
}

/* What a state starts as a copy of (a momentum node's), -1: nothing; it is made before. */
static int copied_from(const sdag_program *program, const sdag_state *s)
{
    for (int i = 0; s->copy_node && i < program->states.n; i++) {
        const sdag_state *from = &program->states.at[i];
        if (!strcmp(from->node, s->copy_node) && !strcmp(from->name, s->copy_name)) return i;
    }
    return -1;
}

static sdag_status make_states(pipeline *p)
{
    const sdag_program *program = &p->lowered->program;
    p->states = SDAG_NEWS(&p->arena, void *, program->states.n + 1);
    for (int i = 0; i < program->states.n; i++) {
        const sdag_state *s = &program->states.at[i];
        const int from = copied_from(program, s);
        size_t bytes = 0;
        sdag_shape_bytes(&bytes, s->dtype, s->shape);
        if (!(p->states[i] = sdag_alloc_aligned(bytes + 64, 64))) return SDAG_NOMEM;
        sdag_arena_defer(&p->arena, sdag_free, p->states[i]);
        memset(p->states[i], 0, bytes);
        if (from >= 0 && from < i) memcpy(p->states[i], p->states[from], bytes);
        else if (s->dtype == SDAG_DT_F32 && !(s->flags & SDAG_STATE_SLOT) && p->options->fill)
            p->options->fill(p->states[i], s);
    }
    return SDAG_OK;
}

static sdag_status compile(pipeline *p)
{
    sdag_lowered *forward;
    sdag_status status = sdag_lower(&forward, &p->arena, p->log, &p->request);
    p->lowered = forward;
    if (!status && p->options->train) status = sdag_train(&p->lowered, &p->arena, p->log, forward);
    if (status) return status;
    sdag_plan_options keep = keep_values(p);
    status = sdag_plan_build(&p->plan, &p->arena, p->log, &p->lowered->program, &keep);
    if (!status) status = make_states(p);
    if (status) return status;
    sdag_memory memory = {
        .states = p->states, .hostile = p->options->hostile, .chaos = 1, .keep = keep.keep, .n_keep = keep.n_keep};
    return sdag_exec_create(&p->exec, &p->arena, p->log, p->pool, p->plan, &memory);
}

static void fill_inputs(pipeline *p, int64_t step)
{
    const sdag_program *program = &p->lowered->program;
    for (int i = 0; i < program->feeds.n; i++) {
        const sdag_feed *f = &program->feeds.at[i];
        const sdag_dataset *d = p->data[f->node];
        int32_t *ids = sdag_exec_at(p->exec, f->ids, step), *labels = sdag_exec_at(p->exec, f->labels, step);
        for (int64_t k = 0; k < f->batch; k++) {
            int32_t id = (int32_t)((step * f->batch + k) % d->n);
            if (ids) ids[k] = id;
            if (labels) labels[k] = d->labels ? d->labels[id] : -1;
        }
    }
    for (int i = 0; i < program->schedules.n; i++)
        *(float *)sdag_exec_at(p->exec, program->schedules.at[i].val, step) =
            sdag_schedule_at(program->schedules.at[i].schedule, step, p->steps, p->steps_per_epoch);
}

static sdag_step step_at(const pipeline *p, int64_t step)
{
    return (sdag_step){.seed = p->graph->seed,
                       .epoch = (uint32_t)(step / p->steps_per_epoch),
                       .step = step,
                       .training = p->options->train};
}

static void count_steps(pipeline *p)
{
    const sdag_program *program = &p->lowered->program;
    p->steps_per_epoch = 1;
    for (int i = 0; i < program->feeds.n; i++) {
        int64_t n = p->data[program->feeds.at[i].node]->n / program->feeds.at[i].batch;
        if (n > p->steps_per_epoch) p->steps_per_epoch = n;
    }
    sdag_duration d = p->graph->phases[p->request.phase].length;
    p->steps = d.n < 0 ? p->steps_per_epoch : (int64_t)(d.unit == SDAG_EPOCHS ? d.n * (double)p->steps_per_epoch : d.n);
}

static sdag_status open_all(void *arg)
{
    pipeline *p = arg;
    sdag_status status = build_graph(p);
    if (status) return status;
    int32_t phase = 0;
    while (p->options->phase && strcmp(p->graph->phases[phase].name, p->options->phase)) phase++;
    p->request = (sdag_lower_request){.graph = p->graph, .phase = phase, .training = p->options->train, .pass = -1};
    status = open_data(p);
    p->request.data = p->data;
    if (!status) status = compile(p);
    if (status) return status;
    count_steps(p);
    fill_inputs(p, 0);
    sdag_step first = step_at(p, 0);
    return sdag_exec_feed(p->exec, &first);
}

sdag_status pipeline_open(pipeline *p, const pipeline_options *o)
{
    *p = (pipeline){.options = o};
    sdag_arena_init(&p->arena);
    p->log = sdag_log_create(stderr);
    if (!p->log) return SDAG_NOMEM;
    p->pool = sdag_pool_create(p->log, o->threads ? o->threads : 2);
    return p->pool ? sdag_arena_try(&p->arena, open_all, p) : SDAG_FAILED;
}

void pipeline_close(pipeline *p)
{
    sdag_arena_free(&p->arena);
    sdag_pool_destroy(p->pool);
    sdag_log_destroy(p->log);
}

sdag_status pipeline_step(pipeline *p)
{
    sdag_step now = step_at(p, p->step), next = step_at(p, p->step + 1);
    fill_inputs(p, p->step + 1);
    sdag_status status = sdag_exec_step(p->exec, &now, &next);
    p->step++;
    return status;
}

/* ---- what a step left */

static sdag_tensor tensor_at(const pipeline *p, sdag_val v)
{
    if (!v) return (sdag_tensor){0};
    const sdag_value *t = &p->lowered->program.values.at[v];
    return (sdag_tensor){sdag_exec_at(p->exec, v, p->step - 1), t->dtype, t->shape};
}

float pipeline_loss(const pipeline *p)
{
    sdag_tensor t = tensor_at(p, p->lowered->loss);
    return t.data ? *SDAG_DATA_F32(t) : 0;
}

sdag_tensor pipeline_value(const pipeline *p, const char *node, const char *port)
{
    int32_t n = sdag_graph_find(p->graph, p->request.phase, node);
    const sdag_port *outs = n < 0 ? NULL : p->graph->nodes[n].type->outs;
    for (int k = 0; outs && p->lowered->ports[n] && outs[k].name; k++) {
        const sdag_lowered_port *at = &p->lowered->ports[n][k];
        if (!port || !strcmp(port, outs[k].name)) return tensor_at(p, at->joint ? at->joint : at->vals[0]);
    }
    return (sdag_tensor){0};
}

sdag_tensor pipeline_grad(const pipeline *p, const char *node, const char *name)
{
    for (int i = 0; i < p->lowered->trained.n; i++) {
        const sdag_trained *t = &p->lowered->trained.at[i];
        if (!strcmp(t->node, node) && !strcmp(t->name, name)) return tensor_at(p, t->grad);
    }
    return (sdag_tensor){0};
}

sdag_tensor pipeline_state(const pipeline *p, const char *node, const char *name)
{
    const sdag_program *program = &p->lowered->program;
    for (int i = 0; i < program->states.n; i++) {
        const sdag_state *s = &program->states.at[i];
        if (!strcmp(s->node, node) && !strcmp(s->name, name)) return (sdag_tensor){p->states[i], s->dtype, s->shape};
    }
    return (sdag_tensor){0};
}
