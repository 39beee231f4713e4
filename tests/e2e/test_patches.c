/* The examples of rotation, inpainting and masked images learn: within a few epochs they tell which way up digits are
 * that they never saw, and paint what is hidden of them better than any fixed image would. Run from the root of
 * the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/child.h"
#include "tests/support/examples.h"
#include "tests/support/temp.h"

static child c;

/* The digits as they are, but for a little noise: so they are learned soonest. */
#define PLAIN "phases.pretrain.nodes.view.ops=[{noise: {std: 0.02}}]"

static const char *path_of(const char *end)
{
    const example *list;
    for (int i = 0, n = examples(&list); i < n; i++)
        if (strstr(list[i].path, end)) return list[i].path;
    fail_msg("no example %s", end);
    return NULL;
}

/* With this many epochs; and one setting more, or NULL twice. */
static void learn(const char *example_path, const char *out, const char *epochs, const char *set, const char *more)
{
    child_run(&c, "run", path_of(example_path), "--out", out, "--quiet", "--set", child_slow() ? "epochs=1" : epochs,
              set, more, set, set ? PLAIN : NULL);
    assert_true(child_ends(&c, 0, NULL));
}

static void test_rotation(void **state)
{
    (void)state;
    learn("rotation/digits.yaml", "rotation", "epochs=8", NULL, NULL);
    double right = run_metric("rotation", "upright", "accuracy");
    print_message("rotation: %.3f of the turns of unseen digits are told\n", right);
    assert_true(child_slow() || right > 0.75); /* 0.25 by chance */
}

static void check_filled(const char *out, double part)
{
    double error = run_metric(out, "fill", "error"), border = run_metric(out, "border", "error");
    char picture[100];
    print_message("inpainting, %s: error %.4f, of the mean around %.4f\n", out, error, border);
    assert_true(error > 0 && (child_slow() || error < part * border));
    snprintf(picture, sizeof picture, "%s/filled.png", out);
    assert_true(temp_exists(picture));
}

/* Who fills in the mean image of all digits, whatever is around, gets about half of that error. */
static void test_inpainting(void **state)
{
    (void)state;
    learn("inpainting/digits.yaml", "block", "epochs=25", "--set", "kind=block");
    check_filled("block", 0.35);
    learn("inpainting/digits.yaml", "patches", "epochs=25", "--set", "kind=patches");
    check_filled("patches", 0.3);
}

static void check_painted(const char *out, double part)
{
    double error = run_metric(out, "paint", "error"), mean = run_metric(out, "paint", "mean");
    char picture[100];
    print_message("%s: error %.4f, of the mean of what is seen %.4f\n", out, error, mean);
    assert_true(error > 0 && (child_slow() || error < part * mean));
    snprintf(picture, sizeof picture, "%s/painted.png", out);
    assert_true(temp_exists(picture));
}

/* Who paints the mean image of all digits, whatever is seen, gets 0.465 of the error of a mean. */
static void test_mae(void **state)
{
    (void)state;
    learn("mae/digits.yaml", "mae", "epochs=30", "--set", "ratio=0.5");
    check_painted("mae", 0.42);
}

/* ... and their median image 0.52 of the absolute error. */
static void test_simmim(void **state)
{
    (void)state;
    learn("simmim/digits.yaml", "simmim", "epochs=25", "--set", "phases.pretrain.nodes.digits.batch=16");
    check_painted("simmim", 0.5);
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
