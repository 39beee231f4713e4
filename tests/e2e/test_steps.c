/* Promises about the steps of every example's programs: they allocate nothing, memory that is hostile or not shared
 * changes no bit, and a number that is not finite is found on its step, at the node that made it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/examples.h"
#include "tests/support/programs.h"
#include "tests/support/temp.h"

enum { STEPS = 2 };

/* Calls `look` for every program of every example. */
static void each_program(void (*look)(programs *p), int threads)
{
    const example *list;
    int n = examples(&list);
    assert_true(n >= 4);
    for (int i = 0; i < n; i++) {
        sdag_arena a;
        sdag_arena_init(&a);
        sdag_spec_set sets[EXAMPLE_SETS];
        int n_sets = example_shrink(sets, &a, &list[i], sdag_arena_str(&a, temp_path("data")));
        programs p;
        programs_open(&p, list[i].path, sets, n_sets, threads);
        while (programs_next(&p)) look(&p);
        programs_close(&p);
        sdag_arena_free(&a);
    }
}

static int set_up(void **state)
{
    (void)state;
    examples_data("data");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

/* ---- allocation */

/* Decoders of pictures are made when a thread first decodes: those programs are given a first epoch on one thread. */
static void count_allocations(programs *p)
{
    program_run first = {.steps = 4}, again = {.steps = 4};
    program_run_steps(p, &first);
    assert_int_equal(first.status, SDAG_OK);
    program_run_steps(p, &again);
    if (again.allocations) fail_msg("%s: %d allocations in steps 2..4", p->name, (int)again.allocations);
}

static void test_nothing_is_allocated(void **state)
{
    (void)state;
    each_program(count_allocations, 1);
}

/* ---- hostile memory, and memory that is not shared */

static void compare_ways(programs *p)
{
    program_run plain = {.steps = STEPS}, hostile = {.steps = STEPS, .hostile = true, .chaos = 1},
                other = {.steps = STEPS, .hostile = true, .chaos = 99}, apart = {.steps = STEPS};
    program_run_steps(p, &plain);
    assert_int_equal(plain.status, SDAG_OK);
    program_run_steps(p, &hostile);
    assert_true(program_runs_agree(p, &plain, &hostile));
    program_run_steps(p, &other);
    assert_true(program_runs_agree(p, &plain, &other));
    sdag_plan *no_reuse;
    sdag_plan_options o = p->keep;
    o.no_reuse = true;
    assert_int_equal(sdag_plan_build(&no_reuse, &p->task->arena, p->log, &p->task->lowered->program, &o), SDAG_OK);
    apart.plan = no_reuse;
    program_run_steps(p, &apart);
    assert_true(program_runs_agree(p, &plain, &apart));
}

static void test_ways_of_memory(void **state)
{
    (void)state;
    each_program(compare_ways, 3);
}

/* ---- numbers that are not finite */

static const char pipeline[] =
    "version: 1\n"
    "name: faults\n"
    "phases:\n"
    "  pretrain:\n"
    "    epochs: 2\n"
    "    nodes:\n"
    "      digits: {type: source.digits, batch: 12}\n"
    "      view_i: {type: augment, in: digits, ops: [{random_resized_crop: {size: 8}}, {noise: {std: 0.1}}]}\n"
    "      view_j: {type: augment, in: digits, ops: [{random_resized_crop: {size: 8}}]}\n"
    "      encoder: {type: encoder.resnet, in: [view_i, view_j], depth: 18, stem: small, width: 4}\n"
    "      projector: {type: projector.mlp, in: encoder, widths: [16, 8]}\n"
    "      loss: {type: loss.nt_xent, in: projector}\n"
    "      optimizer: {type: optimizer.lars, in: loss, lr: 0.1, clip: 1}\n"
    "  finetune:\n"
    "    epochs: 2\n"
    "    nodes:\n"
    "      digits: {type: source.digits, batch: 12}\n"
    "      encoder: {type: encoder.mlp, in: digits, widths: [16, 16], dropout: 0.2}\n"
    "      head: {type: head.classifier, in: encoder, classes: 10}\n"
    "      loss: {type: loss.cross_entropy, in: {logits: head, target: digits.label}, label_smoothing: 0.1}\n"
    "      optimizer: {type: optimizer.adamw, in: loss, lr: 1e-3}\n"
    "  predict:\n"
    "    nodes:\n"
    "      digits: {type: source.digits, split: test, batch: 12}\n"
    "      encoder: {use: finetune.encoder, in: digits.image}\n"
    "      head: {use: finetune.head, in: encoder}\n"
    "      accuracy: {type: probe.accuracy, in: {logits: head, target: digits.label}}\n";

/* Does the op run, give f32, and is what it gives looked at (updates write weights, see the next step)? */
static bool may_fail(const programs *p, int32_t i)
{
    const sdag_program *program = &p->task->lowered->program;
    const sdag_program_op *o = &program->ops.at[i];
    bool f32 = false;
    for (int k = 0; k < o->n_out; k++) f32 |= program->values.at[o->out[k]].dtype == SDAG_DT_F32;
    return f32 && p->task->plan->tilings[i].tiles[0] && !(o->op->flags & SDAG_OP_UPDATES);
}

static bool is_named(sdag_log *log, const sdag_gnode *g, const char *op, int64_t step)
{
    char start[128], end[64];
    int n = sdag_log_count(log);
    if (!n) return false;
    const sdag_diag *d = sdag_log_at(log, n - 1);
    snprintf(start, sizeof start, "%s: %s gave a number that is not finite", g->name, op);
    snprintf(end, sizeof end, "on step %lld", (long long)step);
    return !strncmp(d->text, start, strlen(start)) && strstr(d->text, end) && d->loc.line == g->loc.line;
}

static void try_faults(programs *p, bool *node_seen)
{
    const sdag_program *program = &p->task->lowered->program;
    for (int32_t i = 0; i < program->ops.n; i++) {
        const sdag_program_op *o = &program->ops.at[i];
        if (!may_fail(p, i) || o->node < 0) continue;
        const sdag_gnode *g = &p->options.graph->nodes[o->node];
        sdag_log *log = sdag_log_create(NULL);
        program_run r = {.steps = 3, .faulty = i, .fault_step = 1, .log = log};
        program_run_steps(p, &r);
        if (r.status != SDAG_DIVERGED || !is_named(log, g, o->op->name, 1))
            fail_msg("%s: a NaN of %s (op %d of '%s') on step 1 gave status %d: %s", p->name, o->op->name, (int)i,
                     g->name, (int)r.status, temp_last(log));
        /* the feed works one step ahead */
        assert_int_equal(r.stopped_at, o->part == SDAG_PART_FEED ? 0 : 1);
        node_seen[o->node] = true;
        sdag_log_destroy(log);
    }
}

static void test_nan_at_every_op(void **state)
{
    (void)state;
    programs p;
    bool seen[64] = {0};
    programs_open(&p, temp_write("faults.yaml", pipeline, strlen(pipeline)), NULL, 0, 2);
    while (programs_next(&p)) try_faults(&p, seen);
    for (int i = 0; i < p.options.graph->n_nodes; i++) { /* all but those that may have no ops that give f32 */
        const sdag_gnode *g = &p.options.graph->nodes[i];
        bool none = g->type->role == SDAG_ROLE_SOURCE || g->type->role == SDAG_ROLE_PROBE ||
                    g->type->role == SDAG_ROLE_OPTIMIZER;
        if (!none && !seen[i]) fail_msg("no NaN was tried at '%s'", g->name);
    }
    programs_close(&p);
}

/* Results too large to be looked at are found through what is made of them, on the same step; where one of them turns
 * the NaN into something else (the largest of several numbers, a gradient where relu is 0), no weight is touched. */
static void try_large_faults(programs *p)
{
    const sdag_program *program = &p->task->lowered->program;
    program_run whole = {.steps = 2};
    int found = 0;
    program_run_steps(p, &whole);
    for (int32_t i = 0; i < program->ops.n; i++) {
        const sdag_program_op *o = &program->ops.at[i];
        const sdag_value *v = &program->values.at[o->out[0]];
        if (!may_fail(p, i) || o->node < 0 || sdag_elems(&v->shape) <= SDAG_FINITE_MAX) continue;
        const sdag_gnode *g = &p->options.graph->nodes[o->node];
        sdag_log *log = sdag_log_create(NULL);
        program_run r = {.steps = 2, .faulty = i, .fault_step = 1, .log = log};
        program_run_steps(p, &r);
        bool named = !strncmp(temp_last(log), g->name, strlen(g->name)) && strstr(temp_last(log), "on step 1");
        if (r.status == SDAG_DIVERGED ? !named : !program_runs_agree(p, &whole, &r))
            fail_msg("a NaN of %s (op %d of '%s') gave status %d: %s", o->op->name, (int)i, g->name, (int)r.status,
                     temp_last(log));
        found += r.status == SDAG_DIVERGED;
        sdag_log_destroy(log);
    }
    assert_true(found > 15);
}

static void test_nan_in_large_results(void **state)
{
    (void)state;
    programs p;
    programs_open(&p, temp_write("faults.yaml", pipeline, strlen(pipeline)),
                  &(sdag_spec_set){"phases.pretrain.nodes.digits.batch", "200"}, 1, 2);
    assert_true(programs_next(&p));
    try_large_faults(&p);
    programs_close(&p);
}

/* Weights that hold a NaN: the node that they belong to is named. */
static void test_nan_in_weights(void **state)
{
    (void)state;
    programs p;
    int tried = 0;
    programs_open(&p, temp_write("faults.yaml", pipeline, strlen(pipeline)), NULL, 0, 2);
    while (programs_next(&p)) {
        const sdag_program *program = &p.task->lowered->program;
        for (int i = 0; i < program->states.n; i++) {
            const sdag_state *s = &program->states.at[i];
            if (!(s->flags & SDAG_STATE_TRAINED)) continue;
            float keep, *w = p.initial[i];
            memcpy(&keep, w, sizeof keep);
            memset(w, 0xff, sizeof *w);
            sdag_log *log = sdag_log_create(NULL);
            program_run r = {.steps = 1, .log = log};
            program_run_steps(&p, &r);
            size_t n = strlen(s->node);
            const char *said = temp_last(log);
            if (r.status != SDAG_DIVERGED || strncmp(said, s->node, n) || said[n] != ':')
                fail_msg("%s: a NaN in %s.%s gave status %d: %s", p.name, s->node, s->name, (int)r.status, said);
            sdag_log_destroy(log);
            memcpy(w, &keep, sizeof keep);
            tried++;
        }
    }
    assert_true(tried > 50);
    programs_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_allocated), cmocka_unit_test(test_ways_of_memory),
        cmocka_unit_test(test_nan_at_every_op),      cmocka_unit_test(test_nan_in_large_results),
        cmocka_unit_test(test_nan_in_weights),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
