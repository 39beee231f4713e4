/* Exit codes are a promise to scripts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/status.h"

static void test_codes(void **state)
{
    (void)state;
    static const struct {
        sdag_status s;
        int code;
        const char *name;
    } rows[] = {
        {SDAG_OK, 0, "ok"}, {SDAG_FAILED, 1, "failed"},     {SDAG_USAGE, 2, "usage"},     {SDAG_INVALID, 3, "invalid"},
        {SDAG_IO, 4, "io"}, {SDAG_DIVERGED, 5, "diverged"}, {SDAG_NOMEM, 1, "no memory"}, {SDAG_STOPPED, 75, "stopped"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(sdag_exit_code(rows[i].s), rows[i].code);
        assert_string_equal(sdag_status_name(rows[i].s), rows[i].name);
    }
    assert_int_equal(sdag_exit_code((sdag_status)99), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_codes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
