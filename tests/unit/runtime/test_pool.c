/* The pool: whatever the threads do, results are those of running op by op; failures name the right node. */
#include <dirent.h>
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "core/data/dataset.h"
#include "runtime/optest/interp.h"
#include "runtime/pool/cpus.h"
#include "runtime/pool/pool.h"
#include "tests/support/temp.h"
#include "tests/support/toy.h"

enum { VALS_MAX = 256, STATES_MAX = 4, KEEP_MAX = 8 };
static const char *const names[] = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
static const sdag_loc locs[10] = {{"t.yaml", 1, 1, 0}, {"t.yaml", 2, 1, 0}, {"t.yaml", 3, 1, 0}, {"t.yaml", 4, 1, 0},
                                  {"t.yaml", 5, 1, 0}, {"t.yaml", 6, 1, 0}, {"t.yaml", 7, 1, 0}, {"t.yaml", 8, 1, 0},
                                  {"t.yaml", 9, 1, 0}, {"t.yaml", 10, 1, 0}};

/* A program, what is kept of it, and everything to run it. */
typedef struct bed {
    sdag_arena arena;
    sdag_log *log;
    sdag_program program;
    sdag_build b;
    sdag_val inputs[2], keep[KEEP_MAX];
    int n_inputs, n_keep;
    sdag_plan *plan;
    sdag_pool *pool;
    sdag_exec *x;
    void *states[STATES_MAX];
} bed;

static void bed_init(bed *t)
{
    memset(t, 0, sizeof *t);
    sdag_arena_init(&t->arena);
    t->log = sdag_log_create(NULL);
    assert_non_null(t->log);
    sdag_build_init(&t->b, &t->arena, t->log, &t->program);
    t->b.node_name = "n";
    t->b.node = 0;
}

static float state_start(int state, int64_t i) { return (float)((i * 13 + state * 5) % 11) / 11.0f - 0.4f; }
static float input_at(int input, int64_t t, int64_t i) { return (float)((i * 7 + t * 3 + input) % 23) / 23.0f - 0.5f; }

static int64_t elems(const bed *t, sdag_val v) { return sdag_elems(&t->program.values.at[v].shape); }

static void bed_plan(bed *t, bool no_reuse)
{
    assert_false(sdag_build_failed(&t->b));
    const sdag_plan_options o = {.keep = t->keep, .n_keep = t->n_keep, .no_reuse = no_reuse};
    assert_int_equal(sdag_plan_build(&t->plan, &t->arena, t->log, &t->program, &o), SDAG_OK);
}

static void bed_start(bed *t, int threads, bool hostile, uint32_t chaos)
{
    t->pool = sdag_pool_create(t->log, threads);
    assert_non_null(t->pool);
    for (int i = 0; i < t->program.states.n; i++) {
        int64_t n = elems(t, t->program.states.at[i].first);
        float *s = sdag_alloc_aligned((size_t)n * sizeof *s, 64);
        for (int64_t k = 0; k < n; k++) s[k] = state_start(i, k);
        t->states[i] = s;
    }
    const sdag_memory m = {
        .states = t->states, .hostile = hostile, .chaos = chaos, .keep = t->keep, .n_keep = t->n_keep};
    assert_int_equal(sdag_exec_create(&t->x, &t->arena, t->log, t->pool, t->plan, &m), SDAG_OK);
    sdag_exec_names(t->x, names, locs);
}

static void bed_stop(bed *t)
{
    sdag_pool_destroy(t->pool);
    for (int i = 0; i < STATES_MAX; i++) {
        sdag_free(t->states[i]);
        t->states[i] = NULL;
    }
    t->pool = NULL;
}

static void bed_free(bed *t)
{
    bed_stop(t);
    sdag_arena_free(&t->arena);
    sdag_log_destroy(t->log);
}

static void fill_inputs(bed *t, int64_t step)
{
    for (int i = 0; i < t->n_inputs; i++) {
        float *to = sdag_exec_at(t->x, t->inputs[i], step);
        for (int64_t k = 0; to && k < elems(t, t->inputs[i]); k++) to[k] = input_at(i, step, k);
    }
}

static sdag_status do_feed(bed *t, int64_t step)
{
    fill_inputs(t, step);
    return sdag_exec_feed(t->x, &(sdag_step){.step = step});
}

static sdag_status do_step(bed *t, int64_t step, bool more)
{
    const sdag_step next = {.step = step + 1};
    if (more) fill_inputs(t, step + 1);
    return sdag_exec_step(t->x, &(sdag_step){.step = step}, more ? &next : NULL);
}

static sdag_val input(bed *t, int64_t n)
{
    sdag_val v = sdag_input(&t->b, SDAG_DT_F32, SDAG_SHAPE(n));
    t->inputs[t->n_inputs++] = v;
    return v;
}

static sdag_val state(bed *t, int i, int64_t n)
{
    char name[8];
    snprintf(name, sizeof name, "s%d", i);
    return sdag_state_get(&t->b, sdag_arena_str(&t->arena, name), SDAG_DT_F32, SDAG_SHAPE(n), (sdag_init){0}, 0);
}

static sdag_val wide(bed *t, int64_t n) { return sdag_emit1(&t->b, &sdag_toy_mix, input(t, n), NULL); }

/* ---- random programs */

typedef struct maker {
    bed *t;
    sdag_rng r;
    sdag_val vals[VALS_MAX];
    int n;
    int64_t sizes[3];
} maker;

static sdag_val pick(maker *m) { return m->vals[sdag_rng_below(&m->r, (uint32_t)m->n)]; }

static void put(maker *m, sdag_val v)
{
    if (m->n < VALS_MAX) m->vals[m->n++] = v;
}

static void add_op(maker *m)
{
    sdag_build *b = &m->t->b;
    sdag_val x = pick(m);
    switch (sdag_rng_below(&m->r, 8)) {
    case 0:
        if (elems(m->t, x) >= 4) put(m, sdag_emit1(b, &sdag_toy_half, x, NULL));
        break;
    case 1: put(m, sdag_emit1(b, &sdag_toy_sum, x, NULL)); break;
    case 2:
    case 3:
    case 4: put(m, sdag_emit2(b, &sdag_toy_blend, x, pick(m), NULL)); break;
    default: {
        const sdag_val in[4] = {x, pick(m), pick(m), pick(m)};
        put(m, sdag_emit(b, &sdag_toy_mix, 1 + (int)sdag_rng_below(&m->r, 4), in, NULL, NULL));
    }
    }
}

/* The state whose memory v is in; -1: none. */
static int state_of(const bed *t, sdag_val v)
{
    while (t->program.values.at[v].alias) v = t->program.values.at[v].alias;
    return t->program.values.at[v].state;
}

static void update(maker *m, int i, int64_t size)
{
    sdag_build *b = &m->t->b;
    sdag_val g = m->vals[m->n - 1 - (int)sdag_rng_below(&m->r, (uint32_t)m->n / 2)], s = state(m->t, i, size);
    if (state_of(m->t, g) >= 0) return;
    for (int k = 0; k < m->n; k++) /* what reads the state from now on, reads the new version */
        if (state_of(m->t, m->vals[k]) == i) m->vals[k] = g;
    put(m, sdag_emit2(b, &sdag_toy_update, s, g, NULL));
}

/* Two inputs, a feed, a body with updates in the middle and at the end. */
static void make_program(bed *t, uint32_t seed)
{
    static const int64_t sizes[] = {1, 5, 64, 333, 2500, 9000, 70001};
    maker m = {.t = t, .r = sdag_rng_at(seed, 1, 2, 3)};
    for (int i = 0; i < 3; i++) m.sizes[i] = sizes[sdag_rng_below(&m.r, seed % 5 ? 6 : 7)];
    sdag_build *b = &t->b;
    b->part = SDAG_PART_FEED;
    put(&m, input(t, m.sizes[0]));
    put(&m, input(t, m.sizes[1]));
    for (int i = 0; i < 8; i++) add_op(&m);
    b->part = SDAG_PART_FORWARD;
    for (int i = 0; i < 3; i++) put(&m, state(t, i, m.sizes[i]));
    for (int i = 0; i < 30; i++) add_op(&m);
    update(&m, 0, m.sizes[0]);
    b->part = SDAG_PART_BACKWARD;
    for (int i = 0; i < 30; i++) add_op(&m);
    b->part = SDAG_PART_UPDATE;
    for (int i = 0; i < 3; i++) update(&m, i, m.sizes[i]);
    while (t->n_keep < KEEP_MAX) {
        sdag_val v = pick(&m);
        if (state_of(t, v) < 0) t->keep[t->n_keep++] = v;
    }
}

enum { STEPS = 5 };

/* What the interpreter gives: kept values of all steps, then the states. */
static void expect(bed *t, float **want)
{
    sdag_interp in;
    sdag_interp_init(&in, &t->arena, &t->program);
    in.plain = true;
    for (int i = 0; i < t->program.states.n; i++)
        for (int64_t k = 0; k < elems(t, t->program.states.at[i].first); k++)
            SDAG_DATA_F32(in.at[t->program.states.at[i].first])[k] = state_start(i, k);
    for (int s = 0; s < STEPS; s++) {
        for (int i = 0; i < t->n_inputs; i++)
            for (int64_t k = 0; k < elems(t, t->inputs[i]); k++)
                SDAG_DATA_F32(in.at[t->inputs[i]])[k] = input_at(i, s, k);
        in.step.step = s;
        assert_int_equal(sdag_interp_run(&in), SDAG_OK);
        for (int i = 0; i < t->n_keep; i++) {
            size_t bytes = (size_t)elems(t, t->keep[i]) * sizeof(float);
            *want++ = (float *)(void *)sdag_arena_copy(&t->arena, in.at[t->keep[i]].data, bytes);
        }
    }
    for (int i = 0; i < t->program.states.n; i++) *want++ = SDAG_DATA_F32(in.at[t->program.states.at[i].first]);
}

static void compare(const bed *t, sdag_val v, const float *have, const float *want, const char *what, int number)
{
    for (int64_t k = 0; k < elems(t, v); k++)
        if (memcmp(&have[k], &want[k], sizeof *have)) {
            fprintf(stderr, "%s %d, value %d, element %lld: %g, expected %g\n", what, number, v, (long long)k,
                    (double)have[k], (double)want[k]);
            fail();
        }
}

static void run_and_compare(bed *t, float *const *want)
{
    assert_int_equal(do_feed(t, 0), SDAG_OK);
    for (int s = 0; s < STEPS; s++) {
        assert_int_equal(do_step(t, s, s + 1 < STEPS), SDAG_OK);
        for (int i = 0; i < t->n_keep; i++)
            compare(t, t->keep[i], sdag_exec_at(t->x, t->keep[i], s), *want++, "step", s);
    }
    for (int i = 0; i < t->program.states.n; i++)
        compare(t, t->program.states.at[i].first, t->states[i], *want++, "state", i);
}

static void test_same_bits(void **unused)
{
    static const int threads[] = {1, 2, 3, 4, 8};
    (void)unused;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        bed t;
        float *want[STEPS * KEEP_MAX + STATES_MAX];
        bed_init(&t);
        make_program(&t, seed);
        expect(&t, want);
        for (int i = 0; i < 10; i++) {
            bed_plan(&t, i % 4 == 3);
            bed_start(&t, threads[i % 5], i >= 5, seed * 100 + (uint32_t)i);
            run_and_compare(&t, want);
            bed_stop(&t);
        }
        bed_free(&t);
    }
}

/* ---- running at once */

static sdag_val obey(bed *t, int node, sdag_val x, sdag_toy_order o)
{
    if (!o.tiles) o.tiles = 1;
    t->b.node = node;
    return sdag_emit1(&t->b, &sdag_toy_obey, x, &o);
}

/* Tiles, ops, and the feed beside the body all run at the same time, also after everybody has gone to sleep. */
static void test_at_once(void **unused)
{
    (void)unused;
    _Atomic int32_t tiles = 0, ops = 0, loops = 0;
    bed t;
    bed_init(&t);
    t.b.part = SDAG_PART_FEED;
    sdag_val in = input(&t, 4);
    sdag_val fed = obey(&t, 1, in, (sdag_toy_order){.step = 1, .meet = 2, .count = &loops, .at = 0});
    t.b.part = SDAG_PART_FORWARD;
    sdag_val x =
        obey(&t, 2, state(&t, 0, 4), (sdag_toy_order){.tiles = 2, .step = 0, .meet = 2, .count = &tiles, .at = 0});
    sdag_val y = obey(&t, 3, x, (sdag_toy_order){.step = 0, .meet = 2, .count = &ops, .at = 1});
    sdag_val z = obey(&t, 4, x, (sdag_toy_order){.step = 0, .meet = 2, .count = &ops, .at = 2});
    sdag_val last = sdag_emit2(&t.b, &sdag_toy_blend, y, z, NULL);
    last = obey(&t, 5, last, (sdag_toy_order){.step = 0, .meet = 2, .count = &loops, .at = 3});
    memcpy(t.keep, (sdag_val[]){x, y, z, last, fed}, 5 * sizeof *t.keep);
    t.n_keep = 5;
    bed_plan(&t, false);
    bed_start(&t, 3, false, 0); /* one may wait in the feed */
    assert_int_equal(do_feed(&t, 0), SDAG_OK);
    for (int round = 0; round < 4; round++) {
        /* The feed of step 0 counted one, and is not to be met. */
        tiles = ops = loops = 0;
        usleep(round % 2 ? 3000 : 0);
        assert_int_equal(do_step(&t, 0, true), SDAG_OK);
        assert_true(((float *)sdag_exec_at(t.x, x, 0))[0] == 1);
        assert_true(((float *)sdag_exec_at(t.x, y, 0))[1] == 1);
        assert_true(((float *)sdag_exec_at(t.x, z, 0))[2] == 1);
        assert_true(((float *)sdag_exec_at(t.x, last, 0))[3] == 1);
        assert_true(((float *)sdag_exec_at(t.x, fed, 1))[0] == 1);
    }
    bed_free(&t);
}

/* With more threads than work, and more than processors: every step ends, soon. */
static void test_many_steps(void **unused)
{
    static const int threads[] = {1, 2, 8};
    (void)unused;
    for (int i = 0; i < 3; i++) {
        bed t;
        bed_init(&t);
        t.b.part = SDAG_PART_FEED;
        sdag_val x = sdag_emit1(&t.b, &sdag_toy_mix, input(&t, 3), NULL);
        t.b.part = SDAG_PART_FORWARD;
        sdag_val y = sdag_emit2(&t.b, &sdag_toy_blend, x, state(&t, 0, 3), NULL);
        sdag_val z = sdag_emit1(&t.b, &sdag_toy_mix, y, NULL);
        z = sdag_emit2(&t.b, &sdag_toy_blend, sdag_emit1(&t.b, &sdag_toy_mix, y, NULL), z, NULL);
        sdag_emit2(&t.b, &sdag_toy_update, state(&t, 0, 3), z, NULL);
        bed_plan(&t, false);
        bed_start(&t, threads[i], false, 0);
        assert_int_equal(do_feed(&t, 0), SDAG_OK);
        sdag_exec_stats s;
        sdag_exec_stats_reset(t.x, true);
        for (int step = 0; step < 10000; step++) assert_int_equal(do_step(&t, step, true), SDAG_OK);
        sdag_exec_stats_get(t.x, &s);
        assert_int_equal(s.steps, 10000);
        assert_true(s.wall_s > 0 && s.wall_s < 60);
        assert_true(s.wait_data_s >= 0 && s.wait_data_s <= s.wall_s && s.idle_s >= 0 &&
                    s.idle_s <= s.wall_s * threads[i]);
        assert_true(s.op_s[0] > 0 && s.op_s[0] < s.wall_s);
        bed_free(&t);
    }
}

static void test_no_allocation(void **unused)
{
    (void)unused;
    bed t;
    bed_init(&t);
    make_program(&t, 3);
    bed_plan(&t, false);
    bed_start(&t, 3, false, 0);
    assert_int_equal(do_feed(&t, 0), SDAG_OK);
    uint64_t before = sdag_alloc_count();
    for (int s = 0; s < 50; s++) assert_int_equal(do_step(&t, s, true), SDAG_OK);
    assert_int_equal(sdag_alloc_count(), before);
    bed_free(&t);
}

/* Two programs on one pool, in turns, while the workers spin for whichever comes. */
static void test_two_programs(void **unused)
{
    (void)unused;
    float *want[2][STEPS * KEEP_MAX + STATES_MAX];
    bed t[2];
    for (int i = 0; i < 2; i++) {
        bed_init(&t[i]);
        make_program(&t[i], 40 + (uint32_t)i);
        expect(&t[i], want[i]);
        bed_plan(&t[i], false);
    }
    bed_start(&t[0], 3, false, 0);
    bed_start(&t[1], 1, false, 0);
    const sdag_memory m = {.states = t[1].states};
    assert_int_equal(sdag_exec_create(&t[1].x, &t[1].arena, t[1].log, t[0].pool, t[1].plan, &m), SDAG_OK);
    for (int s = -1; s < STEPS; s++)
        for (int i = 0; i < 2; i++) {
            assert_int_equal(s < 0 ? do_feed(&t[i], 0) : do_step(&t[i], s, true), SDAG_OK);
            for (int k = 0; s >= 0 && k < t[i].n_keep; k++)
                compare(&t[i], t[i].keep[k], sdag_exec_at(t[i].x, t[i].keep[k], s), want[i][s * KEEP_MAX + k], "step",
                        s);
        }
    bed_free(&t[0]);
    bed_free(&t[1]);
}

/* What nobody needs any more is NaN, and what the host keeps is not. */
static void test_hostile(void **unused)
{
    (void)unused;
    bed t;
    bed_init(&t);
    sdag_val x = wide(&t, 100), y = sdag_emit1(&t.b, &sdag_toy_mix, x, NULL);
    sdag_val z = sdag_emit2(&t.b, &sdag_toy_update, state(&t, 0, 100), y, NULL);
    t.keep[t.n_keep++] = y;
    bed_plan(&t, true);
    bed_start(&t, 2, true, 1);
    assert_int_equal(do_feed(&t, 0), SDAG_OK);
    for (int s = 0; s < 3; s++) {
        assert_int_equal(do_step(&t, s, true), SDAG_OK);
        for (int i = 0; i < 100; i++) {
            assert_true(isnan(((float *)sdag_exec_at(t.x, x, s))[i]));
            assert_true(isfinite(((float *)sdag_exec_at(t.x, y, s))[i]));
            assert_true(isfinite(((float *)sdag_exec_at(t.x, z, s))[i]));
            assert_true(isfinite(((float *)sdag_exec_at(t.x, t.inputs[0], s + 1))[i]));
        }
    }
    bed_free(&t);
}

/* ---- failures */

static const float nan_ = NAN, inf_ = INFINITY;

/* Runs two steps with any number of threads: the second fails, and says so. */
static void expect_failure(bed *t, sdag_status status, int line, const char *text)
{
    static const int threads[] = {1, 2, 4, 1, 3};
    bed_plan(t, false);
    for (int i = 0; i < 5; i++) {
        bed_start(t, threads[i], i > 2, (uint32_t)i);
        assert_int_equal(do_feed(t, 0), SDAG_OK);
        assert_int_equal(do_step(t, 0, true), SDAG_OK);
        int count = sdag_log_count(t->log);
        assert_int_equal(do_step(t, 1, true), status);
        assert_int_equal(sdag_log_count(t->log), count + 1);
        const sdag_diag *d = sdag_log_at(t->log, count);
        assert_string_equal(d->text, text);
        assert_int_equal(d->loc.line, line);
        assert_string_equal(d->loc.file, "t.yaml");
        bed_stop(t);
    }
}

static void test_not_finite(void **unused)
{
    (void)unused;
    _Atomic int32_t ran = 0;
    bed t;
    bed_init(&t);
    sdag_val x = wide(&t, 5000);
    sdag_val late = obey(&t, 7, x, (sdag_toy_order){.step = 1, .value = nan_, .at = 4999});
    sdag_val a = obey(&t, 2, x, (sdag_toy_order){.step = 1, .tiles = 5, .spin_us = 300});
    sdag_val slow = obey(&t, 3, a, (sdag_toy_order){.step = 1, .tiles = 5, .value = inf_, .at = 3000, .spin_us = 500});
    sdag_val after = obey(&t, 4, slow, (sdag_toy_order){.step = 1, .count = &ran});
    (void)late;
    t.b.part = SDAG_PART_UPDATE;
    sdag_emit2(&t.b, &sdag_toy_update, state(&t, 0, 5000), after, NULL);
    t.keep[t.n_keep++] = late;
    /* Node 7 comes first in the program, and fails first: node 3 is never reported. */
    expect_failure(&t, SDAG_DIVERGED, 8, "seven: toy_obey gave a number that is not finite (nan) on step 1");
    assert_int_equal(ran, 5 * 1); /* step 0 of each run: what comes after the failure is dropped */
    bed_free(&t);

    bed_init(&t);
    x = wide(&t, 5000);
    a = obey(&t, 2, x, (sdag_toy_order){.step = 1, .tiles = 5, .spin_us = 300});
    slow = obey(&t, 3, a, (sdag_toy_order){.step = 1, .tiles = 5, .value = inf_, .at = 3000, .spin_us = 500});
    late = obey(&t, 7, x, (sdag_toy_order){.step = 1, .value = nan_, .at = 4999});
    t.keep[t.n_keep++] = late;
    t.keep[t.n_keep++] = slow;
    /* The other way round, node 7 is found at once, but node 3 is waited for. */
    expect_failure(&t, SDAG_DIVERGED, 4, "three: toy_obey gave a number that is not finite (inf) on step 1");
    bed_free(&t);
}

static void test_infinite_on_purpose(void **unused)
{
    (void)unused;
    bed t;
    bed_init(&t);
    sdag_val x = wide(&t, 50);
    const sdag_toy_order give_inf = {.step = -1, .tiles = 1, .value = -inf_, .at = 7};
    const sdag_toy_order give_nan = {.step = 1, .tiles = 1, .value = nan_, .at = 7};
    t.keep[t.n_keep++] = sdag_emit1(&t.b, &sdag_toy_obey_inf, x, &give_inf);
    t.b.node = 5;
    t.keep[t.n_keep++] = sdag_emit1(&t.b, &sdag_toy_obey_inf, x, &give_nan);
    expect_failure(&t, SDAG_DIVERGED, 6, "five: toy_obey_inf gave a number that is not finite (nan) on step 1");
    bed_free(&t);
}

/* Results too large to be looked at each time: found in what is made of them, or before they reach a state. */
static void test_not_finite_large(void **unused)
{
    enum { LARGE = SDAG_FINITE_MAX + 100 };
    (void)unused;
    bed t;
    bed_init(&t);
    sdag_val x = wide(&t, LARGE);
    x = obey(&t, 2, x, (sdag_toy_order){.step = 1, .value = nan_, .at = LARGE - 1});
    t.b.node = 3;
    t.keep[t.n_keep++] = sdag_emit1(&t.b, &sdag_toy_sum, x, NULL);
    expect_failure(&t, SDAG_DIVERGED, 3, "two: toy_obey gave a number that is not finite (nan) on step 1");
    bed_free(&t);

    bed_init(&t);
    x = wide(&t, LARGE);
    x = obey(&t, 4, x, (sdag_toy_order){.step = 1, .value = inf_, .at = LARGE - 1});
    t.b.part = SDAG_PART_UPDATE;
    t.b.node = 9;
    sdag_emit2(&t.b, &sdag_toy_update, state(&t, 0, LARGE), x, NULL); /* by tiles */
    expect_failure(&t, SDAG_DIVERGED, 5, "four: toy_obey gave a number that is not finite (inf) on step 1");
    bed_start(&t, 2, false, 0);
    do_feed(&t, 0);
    do_step(&t, 0, true);
    do_step(&t, 1, true);
    for (int i = 0; i < LARGE; i++) assert_true(isfinite(((float *)t.states[0])[i]));
    bed_free(&t);

    bed_init(&t);
    x = wide(&t, LARGE);
    x = obey(&t, 6, x, (sdag_toy_order){.step = 1, .value = inf_, .at = 5});
    t.b.part = SDAG_PART_UPDATE;
    sdag_emit2(&t.b, &sdag_toy_update, state(&t, 0, 10), x, NULL); /* whole */
    expect_failure(&t, SDAG_DIVERGED, 7, "six: toy_obey gave a number that is not finite (inf) on step 1");
    bed_free(&t);
}

static void test_fault(void **unused)
{
    (void)unused;
    bed t;
    bed_init(&t);
    sdag_val x = wide(&t, 50);
    sdag_val y = obey(&t, 3, x, (sdag_toy_order){.step = 1, .tiles = 40, .fail_from = 11, .spin_us = 20, .at = -1});
    sdag_val z = obey(&t, 4, x, (sdag_toy_order){.step = 1, .tiles = 3, .fail_from = 1, .at = -1});
    t.keep[t.n_keep++] = sdag_emit2(&t.b, &sdag_toy_blend, y, z, NULL);
    expect_failure(&t, SDAG_IO, 4, "three: tile 11 is bad");
    bed_free(&t);
}

/* The feed of the next step fails, and in the second program the body as well: the body is the earlier step. */
static void test_fault_in_feed(void **unused)
{
    (void)unused;
    for (int both = 0; both < 2; both++) {
        _Atomic int32_t ran = 0;
        bed t;
        bed_init(&t);
        t.b.part = SDAG_PART_FEED;
        sdag_val x = obey(&t, 1, input(&t, 20), (sdag_toy_order){.step = 2, .tiles = 9, .fail_from = 4, .at = -1});
        t.b.part = SDAG_PART_FORWARD;
        sdag_val y = obey(&t, 2, x, (sdag_toy_order){.step = 1, .spin_us = 2000, .value = both ? nan_ : 1, .at = 3});
        t.keep[t.n_keep++] = obey(&t, 3, y, (sdag_toy_order){.step = -1, .count = &ran, .at = -1});
        if (both)
            expect_failure(&t, SDAG_DIVERGED, 3, "two: toy_obey gave a number that is not finite (nan) on step 1");
        else expect_failure(&t, SDAG_IO, 2, "one: tile 4 is bad");
        assert_int_equal(ran, both ? 5 : 10);
        bed_free(&t);
    }
}

/* ---- the rest */

/* The caller's way of rounding is no business of the workers, nor of the results. */
static void test_rounding(void **unused)
{
    (void)unused;
    float *want[STEPS * KEEP_MAX + STATES_MAX];
    bed t;
    bed_init(&t);
    make_program(&t, 8);
    expect(&t, want);
    bed_plan(&t, false);
    fesetround(FE_UPWARD);
    bed_start(&t, 2, false, 0);
    for (int i = 0; i < t.program.states.n; i++)
        for (int64_t k = 0; k < elems(&t, t.program.states.at[i].first); k++)
            assert_true(((float *)t.states[i])[k] < 2);
    fesetround(FE_TONEAREST);
    fill_inputs(&t, 0);
    for (int i = 0; i < t.program.states.n; i++)
        for (int64_t k = 0; k < elems(&t, t.program.states.at[i].first); k++)
            ((float *)t.states[i])[k] = state_start(i, k);
    fesetround(FE_UPWARD);
    assert_int_equal(sdag_exec_feed(t.x, &(sdag_step){.step = 0}), SDAG_OK);
    assert_int_equal(sdag_exec_step(t.x, &(sdag_step){.step = 0}, NULL), SDAG_OK);
    assert_int_equal(fegetround(), FE_UPWARD);
    fesetround(FE_TONEAREST);
    for (int i = 0; i < t.n_keep; i++) compare(&t, t.keep[i], sdag_exec_at(t.x, t.keep[i], 0), want[i], "step", 0);
    bed_free(&t);
}

static void test_no_memory(void **unused)
{
    (void)unused;
    bed t;
    bed_init(&t);
    make_program(&t, 2);
    bed_plan(&t, false);
    bed_start(&t, 2, false, 0);
    int refused = 0;
    for (uint64_t nth = 1;; nth++) {
        sdag_arena a;
        sdag_arena_init(&a);
        sdag_exec *x;
        const sdag_memory m = {.states = t.states, .hostile = nth % 2};
        sdag_pool *pool = sdag_pool_create(t.log, 2);
        sdag_alloc_fail(nth, false);
        sdag_status s = sdag_exec_create(&x, &a, t.log, pool, t.plan, &m);
        sdag_alloc_fail(0, false);
        if (s) assert_null(x);
        if (s) assert_int_equal(s, SDAG_NOMEM);
        sdag_arena_free(&a);
        sdag_pool_destroy(pool);
        if (!s) break;
        refused++;
    }
    assert_true(refused > 5);
    sdag_alloc_fail(1, true);
    assert_null(sdag_pool_create(t.log, 3));
    sdag_alloc_fail(2, false);
    assert_null(sdag_pool_create(t.log, 3));
    sdag_alloc_fail(0, false);
    bed_free(&t);
}

static int named_threads(void)
{
    int n = 0;
    DIR *dir = opendir("/proc/self/task");
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        char path[300], name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", e->d_name);
        FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "r");
        n += f && fgets(name, sizeof name, f) && !strncmp(name, "ssldag-", 7);
        if (f) fclose(f);
    }
    closedir(dir);
    return n;
}

static void test_pool(void **unused)
{
    (void)unused;
    sdag_log *log = sdag_log_create(NULL);
    assert_null(sdag_pool_create(log, 0));
    assert_true(temp_says(log, "0 threads"));
    assert_null(sdag_pool_create(log, SDAG_SLOTS_MAX + 1));
    assert_true(temp_says(log, "expected 1 .. 256"));
    for (int i = 0; i < 50; i++) { /* torn down while the workers look for work, or sleep */
        sdag_pool *p = sdag_pool_create(log, 1 + i % 9);
        assert_non_null(p);
        assert_int_equal(sdag_pool_threads(p), 1 + i % 9);
        assert_int_equal(named_threads(), i % 9);
        if (i % 4 == 0) usleep(300);
        sdag_pool_destroy(p);
    }
    sdag_pool_destroy(NULL);
    sdag_log_destroy(log);
}

/* A program without ops, and one whose ops are all of one loop. */
static void test_nothing_to_do(void **unused)
{
    (void)unused;
    for (int hostile = 0; hostile < 2; hostile++) {
        bed t;
        bed_init(&t);
        input(&t, 3);
        bed_plan(&t, false);
        bed_start(&t, 2, hostile, 1);
        assert_int_equal(do_feed(&t, 0), SDAG_OK);
        assert_int_equal(do_step(&t, 0, true), SDAG_OK);
        bed_free(&t);
        bed_init(&t);
        t.b.part = SDAG_PART_FEED;
        t.keep[t.n_keep++] = sdag_emit1(&t.b, &sdag_toy_mix, input(&t, 3), NULL);
        bed_plan(&t, false);
        bed_start(&t, 2, hostile, 1);
        assert_int_equal(do_feed(&t, 0), SDAG_OK);
        assert_int_equal(do_step(&t, 0, true), SDAG_OK);
        assert_true(isfinite(((float *)sdag_exec_at(t.x, t.keep[0], 1))[2]));
        bed_free(&t);
    }
}

static int quota(const char *self)
{
    temp_write("self", self, strlen(self));
    return sdag_cpus_quota(temp_path("root"), temp_path("self"));
}

static void test_cpus(void **unused)
{
    (void)unused;
    assert_true(sdag_cpus() >= 1 && sdag_cpus() <= SDAG_SLOTS_MAX);
    temp_write("root/a/b/cpu.max", "150000 100000\n", 14);
    temp_write("root/a/cpu.max", "max 100000\n", 11);
    temp_write("root/c/cpu.max", "50000 100000\n", 13);
    temp_write("root/c/d/cpu.max", "400000 100000\n", 14);
    temp_write("root/e/cpu.max", "nonsense", 8);
    assert_int_equal(quota("0::/a/b\n"), 2);
    assert_int_equal(quota("3:cpu:/x\n0::/a\n"), 0);
    assert_int_equal(quota("0::/c/d\n"), 1); /* the group above is tighter */
    assert_int_equal(quota("0::/e\n"), 0);
    assert_int_equal(quota("0::/none/such\n"), 0);
    assert_int_equal(quota("0::/\n"), 0);
    assert_int_equal(quota("1:cpu:/a/b\n"), 0); /* version 1 only */
    assert_int_equal(sdag_cpus_quota("/nowhere", "/nowhere/self"), 0);
    temp_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_nothing_to_do),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_many_steps),
        cmocka_unit_test(test_no_allocation),
        cmocka_unit_test(test_two_programs),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_infinite_on_purpose),
        cmocka_unit_test(test_not_finite_large),
        cmocka_unit_test(test_fault),
        cmocka_unit_test(test_fault_in_feed),
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_cpus),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
