/* Names to ids, in order of insertion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/map.h"

static void test_map(void **state)
{
    (void)state;
    sdag_arena a;
    sdag_arena_init(&a);
    sdag_map m = {.a = &a};
    assert_int_equal(sdag_map_get(&m, "x"), -1);
    assert_null(sdag_map_key(&m, 0));
    for (int i = 0; i < 5000; i++) assert_true(sdag_map_put(&m, sdag_arena_printf(&a, "key%d", i), i * 2));
    assert_false(sdag_map_put(&m, "key17", 99));
    for (int i = 0; i < 5000; i++) {
        char *key = sdag_arena_printf(&a, "key%d", i);
        assert_int_equal(sdag_map_get(&m, key), i * 2);
        assert_string_equal(sdag_map_key(&m, i), key);
    }
    assert_int_equal(sdag_map_get(&m, "key5000"), -1);
    assert_null(sdag_map_key(&m, 5000));
    assert_true(sdag_map_put(&m, "", 7)); /* the empty name is a name */
    assert_int_equal(sdag_map_get(&m, ""), 7);
    sdag_arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_map)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
