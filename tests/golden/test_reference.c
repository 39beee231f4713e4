/* Files that the program writes from its tables are up to date: the reference of the node types and the schema that
 * editors read. SSLDAG_GOLDEN_UPDATE=1 writes them anew. Run from the root of the project; the program is $SSLDAG. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/str.h"

static void compare(const char *command, const char *path)
{
    char line[512];
    sdag_arena a;
    sdag_str said = {.a = &a};
    sdag_log *log = sdag_log_create(stderr);
    size_t len = 0;
    char *text = NULL;
    const char *program = getenv("SSLDAG");
    sdag_arena_init(&a);
    assert_non_null(program);
    snprintf(line, sizeof line, "'%s' %s", program, command);
    FILE *p = popen(line, "r");
    assert_non_null(p);
    for (size_t n; (n = fread(line, 1, sizeof line, p)) > 0;) sdag_str_addn(&said, line, n);
    assert_int_equal(pclose(p), 0);
    if (getenv("SSLDAG_GOLDEN_UPDATE")) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(said.at, 1, said.n, f), said.n);
        assert_int_equal(fclose(f), 0);
    }
    assert_int_equal(sdag_file_read(&text, &len, &a, log, SDAG_NOLOC, path, 16 << 20), SDAG_OK);
    if (len != said.n || memcmp(text, said.at, len) != 0)
        fail_msg(
            "%s is not what 'ssldag %s' says now; renew it: SSLDAG_GOLDEN_UPDATE=1 build/tests/golden-test_reference",
            path, command);
    sdag_arena_free(&a);
    sdag_log_destroy(log);
}

static void test_reference(void **state)
{
    (void)state;
    compare("inspect --markdown", "nodes/REFERENCE.md");
}

static void test_schema(void **state)
{
    (void)state;
    compare("schema", "examples/ssldag.schema.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reference), cmocka_unit_test(test_schema)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
