/* The normal form of files: every rule with an example, every pipeline of examples/ in it, and what is not touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "graphs/spec/format.h"
#include "tests/support/examples.h"

static sdag_arena a;
static sdag_log *l;

static int setup(void **state)
{
    (void)state;
    sdag_arena_init(&a);
    l = sdag_log_create(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sdag_arena_free(&a);
    sdag_log_destroy(l);
    return 0;
}

#define LONG30 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_rules(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"a:   1\nb : x y\n'c':  \"z\"\n", "a: 1\nb: x y\n'c': \"z\"\n"},     /* quotes as they were */
        {"a:\n    b:\n        c: 1\n", "a:\n  b:\n    c: 1\n"},               /* two spaces a level */
        {"a:\n- 1\n-   b: 2\n    c: 3\n", "a:\n  - 1\n  - b: 2\n    c: 3\n"}, /* lists are indented */
        {"a: {b:   1,c: [ 1,2 ,3 ], }\n", "a: {b: 1, c: [1, 2, 3]}\n"},       /* flow, no last comma */
        {"a: []\nb: { }\n", "a: []\nb: {}\n"},
        {"\n\na: 1\n\n\n\nb: 2\n\n", "a: 1\n\nb: 2\n"},                                         /* one empty line */
        {"# x\na: 1   # y   \n   # z\nb: 2\n# end", "# x\na: 1 # y\n# z\nb: 2\n# end\n"},       /* comments */
        {"a:\n   b: 1\n   # of a\n\n# of c\nc: 2\n", "a:\n  b: 1\n  # of a\n\n# of c\nc: 2\n"}, /* by their column */
        {"a:   # of a\n\n   # of b\n   b: 1\n", "a: # of a\n\n  # of b\n  b: 1\n"},
        {"a: &x  {b: 1}\nc:   *x\nd: {<<:   *x}\n", "a: &x {b: 1}\nc: *x\nd: {<<: *x}\n"},
        {"a:\n  one word\n", "a: one word\n"},             /* it fits behind its key */
        {"a: {b: 1,\n   c: 2}\n", "a: {b: 1,\n  c: 2}\n"}, /* breaks of the author */
        {"a: [\n1,\n2,\n]\n", "a: [\n    1,\n    2\n  ]\n"},
        {"a: [" LONG30 ", " LONG30 ", " LONG30 ", {b: " LONG30 "}]\n",
         "a: [" LONG30 ", " LONG30 ", " LONG30 ",\n  {b: " LONG30 "}]\n"}, /* lines of 120 */
        {"a: |\n      x\n        y\nb: >-\n   z\n", "a: |\n  x\n    y\nb: >-\n  z\n"},
        {"a: 'x\n\n     y'\n", "a: 'x\n\n  y'\n"},
        {"\xef\xbb\xbf"
         "a: 1\r\nb: 2\r\n",
         "a: 1\nb: 2\n"},
        {"---\na: 1\n", "---\na: 1\n"},
        {"? a\n: 1\n", "a: 1\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *once, *twice;
        if (sdag_format(&once, &a, l, "x.yaml", rows[i].from, strlen(rows[i].from)))
            fail_msg("row %zu: %s", i, sdag_log_at(l, sdag_log_count(l) - 1)->text);
        if (strcmp(once, rows[i].to) != 0) fail_msg("row %zu:\n%s", i, once);
        assert_int_equal(sdag_format(&twice, &a, l, "x.yaml", once, strlen(once)), SDAG_OK);
        assert_string_equal(once, twice);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"a: [1", "a: 1\na: 2\n", "", "- 1\n", "a: \x01\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *out;
        int before = sdag_log_errors(l);
        assert_int_equal(sdag_format(&out, &a, l, "x.yaml", texts[i], strlen(texts[i])), SDAG_INVALID);
        assert_null(out);
        assert_true(sdag_log_errors(l) > before);
    }
}

static char *read_file(const char *path, size_t *len)
{
    char *text;
    assert_int_equal(sdag_file_read(&text, len, &a, l, SDAG_NOLOC, path, SDAG_SPEC_TEXT_MAX), SDAG_OK);
    return text;
}

static void test_examples(void **state)
{
    (void)state;
    const example *list;
    int n = examples(&list), wrong = 0;
    assert_true(n > 20);
    for (int i = 0; i < n; i++) {
        char *out, *text;
        size_t len;
        text = read_file(list[i].path, &len);
        assert_int_equal(sdag_format(&out, &a, l, list[i].path, text, len), SDAG_OK);
        if (strcmp(out, text) != 0) {
            print_error("%s: not in its normal form: ssldag fmt --write\n", list[i].path);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* Files with mistakes that only later stages see: formatting keeps them, and twice is once. */
static void test_bad_files(void **state)
{
    (void)state;
    DIR *d = opendir("tests/bad");
    int formatted = 0;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        if (!strstr(e->d_name, ".yaml")) continue;
        size_t len;
        char *out, *twice, *text = read_file(sdag_arena_printf(&a, "tests/bad/%s", e->d_name), &len);
        sdag_status s = sdag_format(&out, &a, l, e->d_name, text, len);
        if (s == SDAG_INVALID) continue;
        assert_int_equal(s, SDAG_OK);
        assert_int_equal(sdag_format(&twice, &a, l, e->d_name, out, strlen(out)), SDAG_OK);
        assert_string_equal(out, twice);
        formatted++;
    }
    closedir(d);
    assert_true(formatted > 50);
}

typedef struct job {
    sdag_arena *a;
    sdag_log *log;
    const char *text;
    char *out;
} job;

static sdag_status run_job(void *arg)
{
    job *j = arg;
    return sdag_format(&j->out, j->a, j->log, "x.yaml", j->text, strlen(j->text));
}

/* Whatever allocation fails, the answer is right or SDAG_NOMEM, and nothing of libyaml stays. */
static void test_every_failure(void **state)
{
    (void)state;
    size_t len;
    char *text = read_file("tests/fuzz/corpus/format/everything", &len), *right;
    assert_int_equal(sdag_format(&right, &a, l, "x.yaml", text, len), SDAG_OK);
    for (uint64_t nth = 1;; nth++) {
        sdag_arena b;
        job j = {.a = &b, .log = sdag_log_create(NULL), .text = text};
        sdag_arena_init(&b);
        sdag_alloc_fail(nth, nth % 2);
        uint64_t before = sdag_alloc_count();
        sdag_status s = sdag_arena_try(&b, run_job, &j);
        bool all = sdag_alloc_count() - before < nth;
        sdag_alloc_fail(0, false);
        if (s == SDAG_OK) assert_string_equal(j.out, right);
        else assert_int_equal(s, SDAG_NOMEM);
        sdag_arena_free(&b);
        sdag_log_destroy(j.log);
        if (all) break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_examples, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_failure, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
