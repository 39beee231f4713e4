/* The heap gate: overflow, failure on demand, counting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/alloc.h"

static void test_zeroed(void **state)
{
    (void)state;
    unsigned char *p = sdag_alloc(1000);
    assert_non_null(p);
    for (int i = 0; i < 1000; i++) assert_int_equal(p[i], 0);
    sdag_free(p);
    p = sdag_alloc(0);
    assert_non_null(p);
    sdag_free(p);
    sdag_free(NULL);
}

static void test_overflow(void **state)
{
    (void)state;
    size_t v;
    assert_null(sdag_alloc_array(SIZE_MAX / 2, 3));
    assert_null(sdag_realloc(NULL, SIZE_MAX / 2, 3));
    assert_false(sdag_mul_size(&v, SIZE_MAX, 2));
    assert_false(sdag_add_size(&v, SIZE_MAX, 1));
    assert_true(sdag_mul_size(&v, 6, 7));
    assert_int_equal(v, 42);
}

static void test_aligned(void **state)
{
    (void)state;
    for (size_t align = 1; align <= 4096; align *= 2) {
        void *p = sdag_alloc_aligned(100, align);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % align, 0);
        sdag_free(p);
    }
}

static void test_fail_once(void **state)
{
    (void)state;
    sdag_alloc_fail(2, false);
    void *a = sdag_alloc(1), *b = sdag_alloc(1), *c = sdag_alloc_aligned(1, 64);
    sdag_alloc_fail(0, false);
    assert_non_null(a);
    assert_null(b);
    assert_non_null(c);
    sdag_free(a);
    sdag_free(c);
}

static void test_fail_forever(void **state)
{
    (void)state;
    void *p = sdag_alloc(8);
    sdag_alloc_fail(1, true);
    void *a = sdag_alloc(1), *b = sdag_realloc(p, 2, 8), *c = sdag_alloc_aligned(1, 64);
    sdag_alloc_fail(0, false);
    assert_null(a);
    assert_null(b);
    assert_null(c);
    sdag_free(p);
}

static void test_count(void **state)
{
    (void)state;
    uint64_t before = sdag_alloc_count();
    void *p = sdag_alloc(8);
    p = sdag_realloc(p, 2, 8);
    sdag_free(p);
    assert_int_equal(sdag_alloc_count() - before, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed),    cmocka_unit_test(test_overflow),     cmocka_unit_test(test_aligned),
        cmocka_unit_test(test_fail_once), cmocka_unit_test(test_fail_forever), cmocka_unit_test(test_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
