/* Schedules: the value at every kind of step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/node/node.h"

#define NEAR(a, b) assert_float_equal((a), (b), 1e-6)

static void test_constant(void **state)
{
    (void)state;
    const sdag_schedule s = {.from = 0.3f, .warmup = {-1, SDAG_STEPS}};
    assert_true(sdag_schedule_at(&s, 0, 1, 1) == 0.3f);
    assert_true(sdag_schedule_at(&s, 1000, 10, 1) == 0.3f);
}

static void test_warmup(void **state)
{
    (void)state;
    sdag_schedule s = {.from = 0.8f, .warmup = {2, SDAG_EPOCHS}};
    for (int t = 0; t < 8; t++) NEAR(sdag_schedule_at(&s, t, 100, 4), 0.8 * (t + 1) / 8);
    NEAR(sdag_schedule_at(&s, 8, 100, 4), 0.8);
    s.warmup = (sdag_duration){0.5, SDAG_EPOCHS}; /* two of four steps */
    NEAR(sdag_schedule_at(&s, 0, 100, 4), 0.4);
    NEAR(sdag_schedule_at(&s, 2, 100, 4), 0.8);
    s.warmup = (sdag_duration){50, SDAG_STEPS}; /* longer than the phase */
    NEAR(sdag_schedule_at(&s, 9, 10, 4), 0.8 * 10 / 50);
}

static void test_ramps(void **state)
{
    (void)state;
    sdag_schedule s = {.rule = SDAG_SCHED_COSINE, .from = 1, .to = 0.1f, .warmup = {-1, SDAG_STEPS}};
    assert_true(sdag_schedule_at(&s, 0, 11, 1) == 1);
    NEAR(sdag_schedule_at(&s, 5, 11, 1), 0.55);
    assert_true(sdag_schedule_at(&s, 10, 11, 1) == 0.1f);
    assert_true(sdag_schedule_at(&s, 99, 11, 1) == 0.1f); /* past the end */
    assert_true(sdag_schedule_at(&s, 0, 1, 1) == 1);      /* a single step */
    s.rule = SDAG_SCHED_LINEAR;
    s.warmup.n = 3; /* the ramp starts after it */
    NEAR(sdag_schedule_at(&s, 2, 14, 1), 1);
    NEAR(sdag_schedule_at(&s, 3, 14, 1), 1);
    NEAR(sdag_schedule_at(&s, 8, 14, 1), 0.55);
    NEAR(sdag_schedule_at(&s, 13, 14, 1), 0.1);
    s.from = 0.99f, s.to = 1; /* rising: a momentum */
    NEAR(sdag_schedule_at(&s, 8, 14, 1), 0.995);
}

static void test_milestones(void **state)
{
    (void)state;
    const sdag_duration at[] = {{2, SDAG_EPOCHS}, {3, SDAG_EPOCHS}};
    const sdag_schedule s = {
        .rule = SDAG_SCHED_STEPS, .from = 1, .factor = 0.1f, .warmup = {-1, SDAG_STEPS}, .n_at = 2, .at = at};
    NEAR(sdag_schedule_at(&s, 19, 50, 10), 1);
    NEAR(sdag_schedule_at(&s, 20, 50, 10), 0.1);
    NEAR(sdag_schedule_at(&s, 29, 50, 10), 0.1);
    NEAR(sdag_schedule_at(&s, 49, 50, 10), 0.01);
}

static void test_roles(void **state)
{
    (void)state;
    for (int r = 0; r < SDAG_ROLE_COUNT; r++) assert_true(strlen(sdag_role_name((sdag_role)r)) > 1);
    assert_string_equal(sdag_role_name(SDAG_ROLE_OPTIMIZER), "optimizer");
    assert_string_equal(sdag_role_name(SDAG_ROLE_COUNT), "?");
    assert_string_equal(sdag_auto_choices[SDAG_FALSE], "false");
    assert_string_equal(sdag_last_choices[SDAG_LAST_KEEP], "keep");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant),   cmocka_unit_test(test_warmup), cmocka_unit_test(test_ramps),
        cmocka_unit_test(test_milestones), cmocka_unit_test(test_roles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
