/* Labels from a table: what lines may look like, and what is wrong with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "nodes/source/labels.h"
#include "tests/support/temp.h"

static sdag_arena arena, *const a = &arena;
static sdag_log *logs;
static sdag_files *files;

static int setup(void **state)
{
    static const char *const names[] = {"photos/a.png", "photos/b.png", "photos/deep/c, d.jpg", "photos/z.png"};
    (void)state;
    sdag_arena_init(a);
    logs = sdag_log_create(NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) temp_write(names[i], "x", 1);
    return sdag_files_open(&files, logs, SDAG_NOLOC, temp_path("photos"), "");
}

static int teardown(void **state)
{
    (void)state;
    sdag_files_destroy(files);
    sdag_log_destroy(logs);
    sdag_arena_free(a);
    temp_clear();
    return 0;
}

static sdag_status read_table(sdag_labels *t, const char *text)
{
    const char *path = temp_write("labels.csv", text, strlen(text));
    return sdag_labels_read(t, path, temp_path("photos"), files, &(sdag_open){.arena = a, .log = logs});
}

typedef struct good {
    const char *text, *files, *labels, *classes; /* separated by '|' */
} good;

static void test_good(void **state)
{
    (void)state;
    static const good list[] = {
        {"b.png,cat\na.png,dog\n", "b.png|a.png|", "cat|dog|", "cat|dog|"},
        {"file,class,probability\nz.png,x,0.9\nb.png,x,0.1\n", "z.png|b.png|", "x|x|", "x|"},
        {"\"deep/c, d.jpg\",\"says \"\"hi\"\"\"\r\n\r\na.png,b", "deep/c, d.jpg|a.png|", "says \"hi\"|b|",
         "b|says \"hi\"|"},
        {"photos/a.png,1\nb.png,\n", "a.png|", "1|", "1|"}, /* as predict names them; without a label: left out */
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        sdag_labels t;
        sdag_str f = {.a = a}, l = {.a = a}, c = {.a = a};
        assert_int_equal(read_table(&t, list[i].text), SDAG_OK);
        for (int k = 0; k < t.n; k++) {
            sdag_str_addf(&f, "%s|", sdag_files_name(files, t.file[k]));
            sdag_str_addf(&l, "%s|", t.label[k]);
        }
        for (int k = 0; k < t.n_classes; k++) sdag_str_addf(&c, "%s|", t.classes[k]);
        assert_string_equal(f.at, list[i].files);
        assert_string_equal(l.at, list[i].labels);
        assert_string_equal(c.at, list[i].classes);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const list[][2] = {
        {"a.png,cat\nz.pgn,cat\n", "labels.csv, line 2: no file 'z.pgn'; did you mean 'z.png'"},
        {"a.png,cat\nquite other.png,cat\n", "line 2: no file 'quite other.png' in '"},
        {"a.png,cat\n\na.png,dog\n", "line 3: a second label for 'a.png'"},
        {"a.png\n", "line 1: expected file,class"},
        {"file,class\n", "no file has a label"},
        {"", "no file has a label"},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        sdag_labels t;
        assert_int_equal(read_table(&t, list[i][0]), SDAG_IO);
        assert_true(temp_says(logs, list[i][1]));
    }
    sdag_labels t;
    assert_int_equal(
        sdag_labels_read(&t, temp_path("none.csv"), "photos", files, &(sdag_open){.arena = a, .log = logs}), SDAG_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
