/* The examples of rotation, inpainting and masked images learn: within a few epochs they tell which way up digits are
 * that they never saw, and paint what is hidden of them better than the mean of what is seen does. Run from the root of
 * the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/child.h"
#include "tests/support/examples.h"
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

/* The value that a phase of a run reported last under this name. */
static double metric(const char *run, const char *phase, const char *name)
{
    char path[100], from[100], key[100];
    size_t n;
    snprintf(path, sizeof path, "%s/metrics.jsonl", run);
    snprintf(from, sizeof from, "{\"phase\":\"%s\"", phase);
    snprintf(key, sizeof key, "\"metric\":\"%s\",\"value\":", name);
    char *lines = (char *)temp_read(&n, path);
    double v = NAN;
    lines[n] = 0;
    for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n")) {
        const char *at = strncmp(line, from, strlen(from)) ? NULL : strstr(line, key);
        if (at) v = strtod(at + strlen(key), NULL);
    }
    free(lines);
    if (isnan(v)) fail_msg("%s: no metric %s", phase, name);
    return v;
}

static void learn(const char *example_path, const char *out, const char *epochs, const char *more)
{
    child_run(&c, "run", path_of(example_path), "--out", out, "--quiet", "--set", epochs, more ? "--set" : NULL, more);
    assert_true(child_ends(&c, 0, NULL));
}

static void test_rotation(void **state)
{
    (void)state;
    learn("rotation/digits.yaml", "rotation", "epochs=8", NULL);
    double right = metric("rotation", "upright", "accuracy");
    print_message("rotation: %.3f of the turns of unseen digits are told\n", right);
    assert_true(right > 0.75); /* 0.25 by chance */
}

static void check_filled(const char *out, double part)
{
    double error = metric(out, "fill", "error"), border = metric(out, "border", "error");
    char picture[100];
    print_message("inpainting, %s: error %.4f, of the mean around %.4f\n", out, error, border);
    assert_true(error > 0 && error < part * border);
    snprintf(picture, sizeof picture, "%s/filled.png", out);
    assert_true(temp_exists(picture));
}

static void test_inpainting(void **state)
{
    (void)state;
    learn("inpainting/digits.yaml", "block", "epochs=8", NULL);
    check_filled("block", 0.6);
    learn("inpainting/digits.yaml", "patches", "epochs=8", "kind=patches");
    check_filled("patches", 0.6);
}

static void check_painted(const char *out, double part)
{
    double error = metric(out, "paint", "error"), mean = metric(out, "paint", "mean");
    char picture[100];
    print_message("%s: error %.4f, of the mean %.4f\n", out, error, mean);
    assert_true(error > 0 && error < part * mean);
    snprintf(picture, sizeof picture, "%s/painted.png", out);
    assert_true(temp_exists(picture));
}

static void test_mae(void **state)
{
    (void)state;
    learn("mae/digits.yaml", "mae", "epochs=10", NULL);
    check_painted("mae", 0.7);
}

static void test_simmim(void **state)
{
    (void)state;
    learn("simmim/digits.yaml", "simmim", "epochs=10", NULL);
    check_painted("simmim", 0.7);
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rotation), cmocka_unit_test(test_inpainting),
                                       cmocka_unit_test(test_mae), cmocka_unit_test(test_simmim)};
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
