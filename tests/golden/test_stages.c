/* The text of every stage of the compiler for one small pipeline, as `ssldag dump` prints it:
 * tests/golden/stages/STAGE.txt; and for one with modules, modules-STAGE.txt. SSLDAG_GOLDEN_UPDATE=1 writes the texts
 * anew. Nothing in them depends on the processor, on threads or on the clock. Run from the root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/child.h"
#include "tests/support/temp.h"

#define FOLDER "tests/golden/stages/"
enum { TEXT_MAX = 1 << 16 };

static child c;

static void read_all(char *text, const char *path)
{
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, TEXT_MAX - 1, f) : 0;
    text[n] = 0;
    if (f) fclose(f);
}

/* The first line that differs, for the message. */
static void show_difference(const char *have, const char *want, const char *path)
{
    int line = 1;
    while (*have && *have == *want) {
        line += *have == '\n';
        have++;
        want++;
    }
    print_error("%s differs in line %d, at\n  now:  %.100s\n  file: %.100s\nSSLDAG_GOLDEN_UPDATE=1 writes it anew\n",
                path, line, have, want);
}

/* What the last command said against a file of this folder. Returns 1 when it differs. */
static int compare(const char *name)
{
    static char text[TEXT_MAX];
    char path[96];
    snprintf(path, sizeof path, FOLDER "%s.txt", name);
    assert_true(child_ends(&c, 0, NULL));
    assert_true(strlen(c.out) < sizeof c.out - 1);
    if (getenv("SSLDAG_GOLDEN_UPDATE")) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(c.out, f);
        fclose(f);
    }
    read_all(text, path);
    if (!strcmp(text, c.out)) return 0;
    show_difference(c.out, text, path);
    return 1;
}

/* Every stage of a file of this folder; prefix goes before the names. Returns how many differ. */
static int compare_stages(const char *file, const char *prefix, const char *const *stages)
{
    static char text[TEXT_MAX];
    char name[96];
    int wrong = 0;
    snprintf(name, sizeof name, FOLDER "%s", file);
    read_all(text, name);
    temp_write(file, text, strlen(text));
    for (int i = 0; stages[i]; i++) {
        child_run(&c, "dump", "--stage", stages[i], file);
        snprintf(name, sizeof name, "%s%s", prefix, stages[i]);
        wrong += compare(name);
    }
    return wrong;
}

static void test_stages(void **state)
{
    (void)state;
    static const char *const all[] = {"spec", "graph", "ops", "train", "plan", "schedule", NULL};
    static const char *const early[] = {"spec", "graph", "ops", NULL};
    assert_int_equal(compare_stages("pipeline.yaml", "", all), 0);
    assert_int_equal(compare_stages("modules.yaml", "modules-", early), 0);
    child_run(&c, "inspect", "modules.yaml:module.block");
    assert_int_equal(compare("modules-inspect"), 0);
    child_run(&c, "explain", "modules.yaml", "phases.pretrain.nodes.encoder.blocks");
    assert_true(child_ends(&c, 0, NULL));
    assert_non_null(strstr(c.out, "integer, default 2; an option of module.network"));
}

/* What the spec stage prints means the same: its own text goes through all stages to the same end. */
static void test_again(void **state)
{
    (void)state;
    static child again;
    for (int i = 0; i < 4; i++) {
        const char *stage = i % 2 ? "plan" : "spec", *file = i < 2 ? "pipeline.yaml" : "modules.yaml";
        child_run(&c, "dump", "--stage", "spec", file);
        temp_write("again.yaml", c.out, strlen(c.out));
        child_run(&c, "dump", "--stage", stage, file);
        child_run(&again, "dump", "--stage", stage, "again.yaml");
        assert_int_equal(again.code, 0);
        assert_string_equal(c.out, again.out);
    }
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stages), cmocka_unit_test(test_again)};
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
