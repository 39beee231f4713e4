/* Messages: what the terminal shows, and what is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/base/log.h"

static char *written; /* by the last said() */
static size_t written_len;

/* What a log with this source writes for one error. */
static const char *said(const char *text, sdag_loc loc, const char *message)
{
    free(written);
    FILE *f = open_memstream(&written, &written_len);
    sdag_log *l = sdag_log_create(f);
    assert_non_null(l);
    if (text) sdag_log_source(l, "g.yaml", text, strlen(text));
    sdag_log_add(l, SDAG_ERROR, loc, "%s", message);
    sdag_log_destroy(l);
    fclose(f);
    return written;
}

static sdag_loc at(int line, int col, int len) { return (sdag_loc){"g.yaml", line, col, len}; }

static void test_caret(void **state)
{
    (void)state;
    const char *text = "a: 1\n    loss: {in: projectr}\nlast";
    assert_string_equal(said(text, at(2, 16, 8), "unknown node 'projectr'"),
                        "g.yaml:2:16: error: unknown node 'projectr'\n"
                        "    loss: {in: projectr}\n"
                        "               ^~~~~~~~\n");
    assert_string_equal(said(text, at(3, 5, 0), "x"), "g.yaml:3:5: error: x\n    last\n        ^\n"); /* past the end */
    assert_string_equal(said(text, at(2, 2, 0), "x"), "g.yaml:2:2: error: x\n       loss: {in: projectr}\n    ^\n");
    assert_string_equal(said(text, at(3, 0, 0), "x"), "g.yaml:3: error: x\n    last\n");
}

static void test_no_source(void **state)
{
    (void)state;
    assert_string_equal(said(NULL, at(2, 3, 0), "x"), "g.yaml:2:3: error: x\n");
    assert_string_equal(said("one line", at(7, 3, 0), "x"), "g.yaml:7:3: error: x\n");
    assert_string_equal(said("one line", at(0, 0, 0), "x"), "g.yaml: error: x\n");
    assert_string_equal(said("", at(1, 1, 0), "x"), "g.yaml:1:1: error: x\n    \n    ^\n");
    assert_string_equal(said(NULL, SDAG_NOLOC, "x"), "ssldag: error: x\n");
}

static void test_tabs_and_utf8(void **state)
{
    (void)state;
    assert_string_equal(said("\ta:\tb\n", at(1, 5, 0), "x"), "g.yaml:1:5: error: x\n    a: b\n       ^\n");
    assert_string_equal(said("ä: öü\n", at(1, 4, 2), "x"), "g.yaml:1:4: error: x\n    ä: öü\n       ^~\n");
    assert_string_equal(said("名: b\n", at(1, 4, 0), "x"), "g.yaml:1:4: error: x\n    名: b\n        ^\n"); /* wide */
    assert_string_equal(said("\xef\xbb\xbf"
                             "ab\n",
                             at(1, 2, 0), "x"),
                        "g.yaml:1:2: error: x\n    ab\n     ^\n");
    assert_string_equal(said("a\r\nb\rc\xe2\x80\xa8"
                             "d",
                             at(4, 1, 0), "x"),
                        "g.yaml:4:1: error: x\n    d\n    ^\n");
}

static void test_hostile_text(void **state)
{
    (void)state;
    assert_string_equal(said("a\x1b[2Jb\xff c\n", at(1, 8, 0), "x"),
                        "g.yaml:1:8: error: x\n    a?[2Jb? c\n           ^\n");
    assert_string_equal(said(NULL, SDAG_NOLOC, "\x1b[31m \xe2\x80\xae \xc3 ok"),
                        "ssldag: error: \\x1b[31m \\u202e \\xc3 ok\n");
}

static void test_long_line(void **state)
{
    (void)state;
    static char line[1 << 20];
    memset(line, 'x', sizeof line - 2);
    line[500000] = 'Y';
    const char *text = said(line, at(1, 500001, 1), "x");
    const char *quote = strchr(text, '\n') + 1, *caret = strchr(quote, '\n') + 1;
    assert_true(strlen(text) < 400);
    assert_memory_equal(quote, "    ...xxx", 10);
    assert_memory_equal(caret - 5, "x...\n", 5);
    const char *y = strchr(quote, 'Y');
    assert_non_null(y);
    assert_int_equal(strchr(caret, '^') - caret, y - quote);
    text = said(line, at(1, 1, 1000000), "x");
    assert_true(strlen(text) < 400);       /* the underline is clipped too */
    said(line, at(1, 2000000000, 2), "x"); /* a column that is not there */
    assert_true(written_len < 400);
}

static void test_kept(void **state)
{
    (void)state;
    sdag_log *l = sdag_log_create(NULL);
    for (int i = 0; i < 100; i++) sdag_log_add(l, i % 2 ? SDAG_WARNING : SDAG_NOTE, at(i, 1, 0), "message %d", i);
    assert_int_equal(sdag_fail(l, SDAG_IO, SDAG_NOLOC, "%0900d", 7), SDAG_IO);
    assert_int_equal(sdag_log_errors(l), 1);
    assert_int_equal(sdag_log_count(l), 101);
    assert_string_equal(sdag_log_at(l, 41)->text, "message 41");
    assert_int_equal(sdag_log_at(l, 41)->level, SDAG_WARNING);
    assert_int_equal(sdag_log_at(l, 41)->loc.line, 41);
    assert_int_equal(strlen(sdag_log_at(l, 100)->text), 900);
    assert_null(sdag_log_at(l, 101));
    assert_null(sdag_log_at(l, -1));
    const char *name = sdag_log_intern(l, "a.yaml");
    assert_ptr_equal(sdag_log_intern(l, "a.yaml"), name);
    assert_ptr_not_equal(sdag_log_intern(l, "b.yaml"), name);
    sdag_log_destroy(l);
    sdag_log_destroy(NULL);
}

static void test_quiet(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    sdag_log *l = sdag_log_create(f);
    sdag_log_quiet(l, true);
    sdag_log_add(l, SDAG_ERROR, SDAG_NOLOC, "kept");
    sdag_log_quiet(l, false);
    sdag_log_add(l, SDAG_NOTE, SDAG_NOLOC, "written");
    assert_int_equal(sdag_log_count(l), 2);
    sdag_log_destroy(l);
    fclose(f);
    assert_string_equal(text, "ssldag: note: written\n");
    free(text);
}

/* Whatever fails, nothing is lost from memory and the error is counted and written. */
static void test_every_failure(void **state)
{
    (void)state;
    for (int forever = 0; forever < 2; forever++)
        for (uint64_t nth = 1; nth < 12; nth++) {
            char *text = NULL;
            size_t len;
            FILE *f = open_memstream(&text, &len);
            sdag_alloc_fail(nth, forever);
            sdag_log *l = sdag_log_create(f);
            if (l) {
                sdag_log_source(l, "g.yaml", "line\n", 5);
                sdag_log_intern(l, "g.yaml");
                sdag_fail(l, SDAG_IO, at(1, 1, 0), "bad");
                assert_int_equal(sdag_log_errors(l), 1);
            }
            sdag_alloc_fail(0, false);
            fclose(f);
            if (l) assert_memory_equal(text, "g.yaml:1:1: error: bad\n", 23);
            sdag_log_destroy(l);
            free(text);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_caret),        cmocka_unit_test(test_no_source),     cmocka_unit_test(test_tabs_and_utf8),
        cmocka_unit_test(test_hostile_text), cmocka_unit_test(test_long_line),     cmocka_unit_test(test_kept),
        cmocka_unit_test(test_quiet),        cmocka_unit_test(test_every_failure),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(written);
    return failed;
}
