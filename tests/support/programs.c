#include "tests/support/programs.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "runtime/run/phase.h"
#include "tests/support/examples.h"
#include "tests/support/temp.h"

static sdag_log *said; /* by the stages */

static void need(bool ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "cannot prepare %s\n", what);
    for (int i = 0; said && i < sdag_log_count(said); i++) fprintf(stderr, "%s\n", sdag_log_at(said, i)->text);
    abort();
}

void programs_open(programs *p, const char *path, const sdag_spec_set *sets, int n_sets, int threads)
{
    *p = (programs){.phase = 0, .probe = 0, .pass = -2};
    sdag_arena_init(&p->arena);
    p->log = sdag_log_create(NULL);
    said = p->log;
    sdag_graph *g = example_graph(&p->arena, p->log, path, sets, n_sets);
    need(g != NULL, path);
    p->options = (sdag_run_options){.graph = g, .out_dir = temp_path("out"), .threads = threads};
    need(!sdag_session_init(&p->session, &p->options, &p->arena, p->log), path);
    for (int32_t i = 0; i < g->n_phases; i++) need(!sdag_session_open_data(&p->session, i), path);
}

void programs_close(programs *p)
{
    sdag_task_destroy(p->task);
    sdag_arena_free(&p->arena);
    sdag_log_destroy(p->log);
    said = NULL;
}

/* Moves to the next program; false: there is none. */
static bool advance(programs *p)
{
    const sdag_graph *g = p->options.graph;
    for (; p->phase < g->n_phases; p->phase++, p->probe = 0, p->pass = -2) {
        const sdag_phase *ph = &g->phases[p->phase];
        if (p->pass == -2) {
            p->pass = -1;
            return true;
        }
        for (p->pass++; p->probe < ph->n_nodes; p->probe++, p->pass = 0) {
            const sdag_collect *c = g->nodes[ph->order[p->probe]].type->collect;
            if (c && c->passes && c->passes[p->pass]) return true;
        }
    }
    return false;
}

static size_t state_bytes(const programs *p, int i)
{
    const sdag_state *s = &p->task->lowered->program.states.at[i];
    size_t n = 0;
    sdag_shape_bytes(&n, s->dtype, s->shape);
    return n;
}

static void **copy_states(programs *p, void *const *from)
{
    int n = p->task->lowered->program.states.n;
    void **to = SDAG_NEWS(&p->task->arena, void *, n + 1);
    for (int i = 0; i < n; i++) {
        size_t bytes = state_bytes(p, i);
        need((to[i] = sdag_alloc_aligned(bytes + 64, 64)) != NULL, "a state");
        memcpy(to[i], from[i], bytes);
        sdag_arena_defer(&p->task->arena, sdag_free, to[i]);
    }
    return to;
}

static void note_kept(programs *p)
{
    const sdag_lowered *l = p->task->lowered;
    SDAG_VEC(sdag_val) keep = {0};
    if (l->loss) *SDAG_PUSH(&p->task->arena, &keep) = l->loss;
    for (int i = 0; i < l->collected.n; i++)
        for (int k = 0; k < l->collected.at[i].n; k++)
            if (l->collected.at[i].vals[k]) *SDAG_PUSH(&p->task->arena, &keep) = l->collected.at[i].vals[k];
    p->keep = (sdag_plan_options){.keep = keep.at, .n_keep = keep.n};
}

bool programs_next(programs *p)
{
    const sdag_graph *g = p->options.graph;
    sdag_task_destroy(p->task);
    p->task = NULL;
    if (!advance(p)) return false;
    const sdag_phase *ph = &g->phases[p->phase];
    sdag_lower_request r = {.phase = p->phase, .training = ph->optimizer >= 0 && p->pass < 0, .pass = p->pass};
    if (p->pass >= 0) r.probe = ph->order[p->probe];
    snprintf(p->name, sizeof p->name, "%s, %.40s%s%.40s%s", g->name ? g->name : g->file, ph->name,
             p->pass < 0 ? "" : ", ", p->pass < 0 ? "" : g->nodes[r.probe].name, p->pass > 0 ? ", second pass" : "");
    need(!sdag_task_create(&p->task, &p->session, r), p->name);
    note_kept(p);
    const sdag_program *program = &p->task->lowered->program;
    void **states = SDAG_NEWS(&p->task->arena, void *, program->states.n + 1);
    for (int i = 0; i < program->states.n; i++)
        need(!sdag_store_bind(&states[i], &p->session, p->phase, &program->states.at[i]), "a state");
    p->initial = copy_states(p, states);
    return true;
}

/* ---- a fault in one operation: who finishes its last tile writes the NaN */

static struct {
    const sdag_op *op;
    int64_t step, tiles;
    int32_t index;
    _Atomic int64_t done;
} fault;

static void run_faulty(const sdag_args *a)
{
    fault.op->cpu.run(a);
    if (a->op != fault.index || a->step->step != fault.step || ++fault.done != fault.tiles) return;
    for (int i = 0; i < a->n_out; i++)
        if (a->out[i].dtype == SDAG_DT_F32) memset(a->out[i].data, 0xff, sizeof(float));
}

/* The op's stand-in, until restored. */
static const sdag_op *plant(programs *p, const sdag_plan *plan, const program_run *r)
{
    static sdag_op stand_in;
    sdag_program_op *o = &p->task->lowered->program.ops.at[r->faulty];
    fault.op = o->op;
    fault.index = r->faulty;
    fault.step = r->fault_step;
    fault.done = fault.tiles = 0;
    for (int i = 0; i < plan->tilings[r->faulty].stages; i++) fault.tiles += plan->tilings[r->faulty].tiles[i];
    stand_in = *o->op;
    stand_in.cpu.run = run_faulty;
    o->op = &stand_in;
    return fault.op;
}

/* ---- steps */

static size_t kept_in_a_step(const programs *p)
{
    size_t n = 0;
    for (int i = 0; i < p->keep.n_keep; i++) {
        const sdag_value *v = &p->task->lowered->program.values.at[p->keep.keep[i]];
        n += (size_t)sdag_elems(&v->shape) * sdag_dtype_size(v->dtype);
    }
    return n;
}

static sdag_step step_at(const programs *p, int64_t step)
{
    return (sdag_step){.seed = p->options.graph->seed,
                       .step = step,
                       .training = p->task->training,
                       .epoch = (uint32_t)(p->task->steps_per_epoch ? step / p->task->steps_per_epoch : 0)};
}

static void fill(programs *p, int64_t step)
{
    sdag_task *t = p->task;
    if (t->training || !t->lowered->program.feeds.n) sdag_task_fill(t, step);
    else
        sdag_task_fill_rows(t, step, step * t->lowered->program.feeds.at[0].batch,
                            t->lowered->program.feeds.at[0].batch);
}

static void run_all(programs *p, program_run *r, sdag_exec *x)
{
    size_t each = kept_in_a_step(p);
    uint64_t before = 0;
    r->kept_bytes = each * (size_t)r->steps;
    r->kept = sdag_arena_get(&p->task->arena, r->kept_bytes + 1);
    sdag_step first = step_at(p, 0);
    fill(p, 0);
    r->status = sdag_exec_feed(x, &first);
    for (int64_t t = 0; t < r->steps && !r->status; t++) {
        sdag_step now = step_at(p, t), next = step_at(p, t + 1);
        if (t == 1) before = sdag_alloc_count();
        r->stopped_at = t;
        fill(p, t + 1);
        r->status = sdag_exec_step(x, &now, &next);
        uint8_t *at = r->kept + each * (size_t)t;
        for (int i = 0; i < p->keep.n_keep && !r->status; i++) {
            const sdag_value *v = &p->task->lowered->program.values.at[p->keep.keep[i]];
            size_t n = (size_t)sdag_elems(&v->shape) * sdag_dtype_size(v->dtype);
            memcpy(at, sdag_exec_at(x, p->keep.keep[i], t), n);
            at += n;
        }
    }
    r->allocations = r->steps > 1 && !r->status ? sdag_alloc_count() - before : 0;
}

void program_run_steps(programs *p, program_run *r)
{
    sdag_task *t = p->task;
    const sdag_plan *plan = r->plan ? r->plan : t->plan;
    const sdag_op *whole = r->fault_step > 0 ? plant(p, plan, r) : NULL;
    sdag_exec *x = NULL, *own = t->exec;
    sdag_arena memory; /* of the exec: gone when the steps are done */
    sdag_arena_init(&memory);
    r->states = copy_states(p, p->initial);
    sdag_memory m = {
        .states = r->states, .hostile = r->hostile, .chaos = r->chaos, .keep = p->keep.keep, .n_keep = p->keep.n_keep};
    need(!sdag_exec_create(&x, &memory, r->log ? r->log : p->log, r->pool ? r->pool : p->session.pool, plan, &m),
         p->name);
    sdag_exec_names(x, p->session.node_names, p->session.node_locs);
    t->exec = x;
    run_all(p, r, x);
    t->exec = own;
    sdag_arena_free(&memory);
    if (whole) t->lowered->program.ops.at[r->faulty].op = whole;
}

bool program_runs_agree(const programs *p, const program_run *a, const program_run *b)
{
    const sdag_program *program = &p->task->lowered->program;
    bool same = a->status == b->status && a->kept_bytes == b->kept_bytes && !memcmp(a->kept, b->kept, a->kept_bytes);
    if (!same)
        fprintf(stderr, "%s: the loss or what is collected differs (status %d, %d)\n", p->name, a->status, b->status);
    for (int i = 0; i < program->states.n; i++) {
        if (!memcmp(a->states[i], b->states[i], state_bytes(p, i))) continue;
        fprintf(stderr, "%s: %s.%s differs\n", p->name, program->states.at[i].node, program->states.at[i].name);
        same = false;
    }
    return same;
}
