/* The examples of colorization learn: on pictures whose colours follow from their stripes, the error in the test
 * pictures falls below those of grey and of the mean colour. Run from the root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/child.h"
#include "tests/support/examples.h"
#include "tests/support/pictures.h"
#include "tests/support/temp.h"

static child c;

static const char *path_of(const char *end)
{
    const example *list;
    for (int i = 0, n = examples(&list); i < n; i++)
        if (strstr(list[i].path, end)) return list[i].path;
    fail_msg("no example %s", end);
    return NULL;
}

static double metric(const char *lines, const char *name)
{
    const char *at = strstr(lines, name);
    if (!at || !(at = strstr(at, "\"value\":"))) fail_msg("no metric %s", name);
    return at ? strtod(at + strlen("\"value\":"), NULL) : 0;
}

/* An error of the last run in this folder. */
static void errors(double *rmse, double *mean, double *zero, const char *metrics)
{
    size_t n;
    char *lines = (char *)temp_read(&n, metrics);
    lines[n] = 0;
    *rmse = metric(lines, "\"error.rmse\"");
    *mean = metric(lines, "\"error.mean\"");
    *zero = metric(lines, "\"error.zero\"");
    free(lines);
}

static void test_regression(void **state)
{
    (void)state;
    double rmse, mean, zero;
    child_run(&c, "run", path_of("colorization/cifar10.yaml"), "--out", "regression", "--quiet", "--set", "data=data",
              "--set", "fraction=1", "--set", "epochs=15", "--set", "phases.pretrain.nodes.images.batch=15");
    assert_true(child_ends(&c, 0, NULL));
    errors(&rmse, &mean, &zero, "regression/metrics.jsonl");
    print_message("regression: error %.1f, of the mean colour %.1f, of grey %.1f\n", rmse, mean, zero);
    assert_true(rmse < 0.6 * mean && mean <= zero);
    assert_true(temp_exists("regression/colours.png"));
}

static void test_classes(void **state)
{
    (void)state;
    double rmse, mean, zero;
    child_run(&c, "run", path_of("colorization/classes.yaml"), "--out", "classes", "--quiet", "--set", "data=data",
              "--set", "fraction=1", "--set", "epochs=15", "--set", "phases.pretrain.nodes.images.batch=15");
    assert_true(child_ends(&c, 0, NULL));
    errors(&rmse, &mean, &zero, "classes/metrics.jsonl");
    print_message("classes: error %.1f, of the mean colour %.1f, of grey %.1f\n", rmse, mean, zero);
    assert_true(rmse < 0.8 * mean && mean <= zero);
}

static int set_up(void **state)
{
    (void)state;
    pictures_tree("data", 3, 30, 7);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_regression), cmocka_unit_test(test_classes)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
