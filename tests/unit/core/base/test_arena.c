/* The arena: growth, deferred closing, and the way out when any allocation fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/base/arena.h"

static int closed[64], n_closed;

static void close_it(void *p) { closed[n_closed++] = (int)(intptr_t)p; }

static void test_pieces(void **state)
{
    (void)state;
    sdag_arena a;
    sdag_arena_init(&a);
    for (size_t n = 0; n < 3000; n += 7) {
        unsigned char *p = sdag_arena_get(&a, n);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < n; i++) assert_int_equal(p[i], 0);
        memset(p, 0xff, n);
    }
    char *big = sdag_arena_get(&a, 3 << 20);
    memset(big, 1, 3 << 20);
    assert_string_equal(sdag_arena_printf(&a, "%s-%d", "x", 5), "x-5");
    assert_string_equal(sdag_arena_copy(&a, "abc", 2), "ab");
    assert_string_equal(sdag_arena_copy(&a, NULL, 0), "");
    assert_null(sdag_arena_str(&a, NULL));
    assert_true(a.used > (3 << 20));
    sdag_arena_free(&a);
    assert_int_equal(a.used, 0);
}

static void test_vec(void **state)
{
    (void)state;
    sdag_arena a;
    sdag_arena_init(&a);
    SDAG_VEC(int) v = {0};
    for (int i = 0; i < 1000; i++) *SDAG_PUSH(&a, &v) = i;
    assert_int_equal(v.n, 1000);
    for (int i = 0; i < 1000; i++) assert_int_equal(v.at[i], i);
    sdag_arena_free(&a);
}

static void test_defer_order(void **state)
{
    (void)state;
    sdag_arena a;
    sdag_arena_init(&a);
    n_closed = 0;
    for (int i = 1; i <= 3; i++) sdag_arena_defer(&a, close_it, (void *)(intptr_t)i);
    sdag_arena_free(&a);
    assert_int_equal(n_closed, 3);
    assert_int_equal(closed[0], 3);
    assert_int_equal(closed[2], 1);
}

static sdag_status too_much(void *arg)
{
    sdag_arena_array(arg, SIZE_MAX / 4, 8);
    return SDAG_OK;
}

static sdag_status inner_then_fail(void *arg)
{
    if (sdag_arena_try(arg, too_much, arg) != SDAG_NOMEM) return SDAG_FAILED;
    return SDAG_IO; /* still inside the outer try, whose escape is in force again */
}

static sdag_status inner_then_escape(void *arg)
{
    if (sdag_arena_try(arg, too_much, arg) != SDAG_NOMEM) return SDAG_FAILED;
    sdag_arena_escape(arg);
}

static void test_nested(void **state)
{
    (void)state;
    sdag_arena a;
    sdag_arena_init(&a);
    assert_int_equal(sdag_arena_try(&a, too_much, &a), SDAG_NOMEM);
    assert_int_equal(sdag_arena_try(&a, inner_then_fail, &a), SDAG_IO);
    assert_int_equal(sdag_arena_try(&a, inner_then_escape, &a), SDAG_NOMEM);
    assert_null(a.escape);
    sdag_arena_free(&a);
}

static int opened;

/* Twenty deferred handles and pieces of many sizes: whatever fails, each handle opened is closed once. */
static sdag_status build(void *arg)
{
    SDAG_VEC(double) v = {0};
    for (int i = 0; i < 20; i++) {
        opened++;
        sdag_arena_defer(arg, close_it, (void *)(intptr_t)i);
        char *p = sdag_arena_get(arg, (size_t)1 << i);
        p[0] = 1;
        for (int j = 0; j < 50; j++) *SDAG_PUSH((sdag_arena *)arg, &v) = j;
        sdag_arena_printf(arg, "%*d", i * 50, i);
    }
    return SDAG_OK;
}

static void fail_every(bool forever)
{
    for (int nth = 1;; nth++) {
        sdag_arena a;
        sdag_arena_init(&a);
        opened = n_closed = 0;
        sdag_alloc_fail((uint64_t)nth, forever);
        sdag_status s = sdag_arena_try(&a, build, &a);
        sdag_alloc_fail(0, false);
        sdag_arena_free(&a);
        assert_int_equal(opened, n_closed);
        if (s == SDAG_OK) {
            assert_true(nth > 5); /* the arena grew more than once on the way */
            break;
        }
        assert_int_equal(s, SDAG_NOMEM);
    }
}

static void test_every_failure(void **state)
{
    (void)state;
    fail_every(false);
    fail_every(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces), cmocka_unit_test(test_vec),           cmocka_unit_test(test_defer_order),
        cmocka_unit_test(test_nested), cmocka_unit_test(test_every_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
