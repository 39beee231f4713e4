/* The examples that learn from pairs of views do learn: within a few epochs a linear classifier on their features, from
 * ten labels a class, is far better than one on the features of a random encoder, and the embeddings stay spread out.
 * BYOL without what keeps it from collapsing does collapse. The example of the whole workflow writes what it says. Run
 * from the root of the project. */
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

#define PRETRAIN "phases.pretrain.nodes."
/* Views that differ less: so what they have in common is learned sooner. */
#define VIEWS "ops=[{random_affine: {degrees: 5, translate: 0.05, scale: [0.9, 1.1], shear: 5}}, {noise: {std: 0.2}}]"

static const char *path_of(const char *end)
{
    const example *list;
    for (int i = 0, n = examples(&list); i < n; i++)
        if (strstr(list[i].path, end)) return list[i].path;
    fail_msg("no example %s", end);
    return NULL;
}

/* What must be reached. A random encoder, whose batch norms have seen as many batches, comes to 0.65; its neighbours
 * are right for 0.88, so they only tell whether features were spoiled. */
typedef struct method {
    const char *path, *set; /* one setting more */
    double linear;
    bool spread;
} method;

static void learn(const char *out, const method *m)
{
    child_run(&c, "run", path_of(m->path), "--out", out, "--quiet", "--set", "epochs=10", "--set",
              PRETRAIN "optimizer.lr=1e-3", "--set", PRETRAIN "view_i." VIEWS, "--set", PRETRAIN "view_j." VIEWS,
              "--set", "phases.finetune.nodes.encoder.freeze=true", "--set", "phases.scratch.epochs=1", "--set",
              m->set);
    assert_true(child_ends(&c, 0, NULL));
    const double linear = run_metric(out, "finetune", "test"), knn = run_metric(out, "pretrain", "knn"),
                 spread = m->spread ? run_metric(out, "pretrain", "collapse.spread") : 1,
                 rank = m->spread ? run_metric(out, "pretrain", "collapse.rank") : 64;
    print_message("%s: linear %.3f, neighbours %.3f, spread %.2f, rank %.1f\n", out, linear, knn, spread, rank);
    assert_true(linear > m->linear);
    assert_true(knn > 0.85);
    assert_true(spread > 0.5); /* std of each dimension of unit vectors above half of 1 / sqrt(D) */
    assert_true(rank > 5);     /* where a batch norm comes last, only this tells of a collapse */
}

static void test_moco(void **state)
{
    (void)state;
    learn("moco", &(method){"moco/moco.yaml", "seed=1", 0.8, false});
}

static void test_byol(void **state)
{
    (void)state;
    learn("byol", &(method){"byol/byol.yaml", PRETRAIN "target.momentum=0.9", 0.75, true});
}

static void test_barlow_twins(void **state)
{
    (void)state;
    learn("barlow", &(method){"barlow_twins/barlow_twins.yaml", "seed=1", 0.73, true});
}

static void test_simsiam(void **state)
{
    (void)state;
    learn("simsiam", &(method){"simsiam/simsiam.yaml", "seed=1", 0.73, true});
}

static void test_vicreg(void **state)
{
    (void)state;
    learn("vicreg", &(method){"vicreg/vicreg.yaml", "seed=1", 0.78, true});
}

static void test_collapse(void **state)
{
    (void)state;
    child_run(&c, "run", path_of("byol/collapse.yaml"), "--out", "collapse", "--quiet", "--set", "epochs=5");
    assert_true(child_ends(&c, 0, NULL));
    const double whole = run_metric("collapse", "byol", "collapse.spread"),
                 no_predictor = run_metric("collapse", "no_predictor", "collapse.spread"),
                 no_stop = run_metric("collapse", "no_stop_gradient", "collapse.spread");
    print_message("spread %.2f; without predictor %.2f, without stop-gradient %.3f\n", whole, no_predictor, no_stop);
    assert_true(whole > 0.5);
    assert_true(no_predictor < 0.3);
    assert_true(no_stop < 0.15);
}

/* Lines of a file of the run. */
static int lines_of(const char *path)
{
    size_t n;
    int lines = 0;
    char *text = (char *)temp_read(&n, path);
    for (size_t i = 0; i < n; i++) lines += text[i] == '\n';
    free(text);
    return lines;
}

/* The table holds the numbers that the phases reported. */
static void check_table(const char *path, const int *labels, int count)
{
    size_t n;
    char *text = (char *)temp_read(&n, path), phase[32], *line = text;
    text[n] = 0;
    for (int i = 0; i < count; i++) {
        double x, tuned, scratch;
        line = strchr(line, '\n');
        assert_non_null(line);
        assert_int_equal(sscanf(++line, "%lf,%lf,%lf", &x, &tuned, &scratch), 3);
        assert_true(x == labels[i]);
        snprintf(phase, sizeof phase, "labels_%d", labels[i]);
        assert_true(fabs(tuned - run_metric("workflow", phase, "test")) < 1e-6);
        snprintf(phase, sizeof phase, "scratch_%d", labels[i]);
        assert_true(fabs(scratch - run_metric("workflow", phase, "test")) < 1e-6);
    }
    free(text);
}

static void test_workflow(void **state)
{
    (void)state;
    child_run(&c, "run", path_of("workflow/workflow.yaml"), "--out", "workflow", "--quiet", "--set", "epochs=10",
              "--set", PRETRAIN "digits.batch=64", "--set", PRETRAIN "view_i." VIEWS, "--set", PRETRAIN "view_j." VIEWS,
              "--set", "phases.labels_50.epochs=2", "--set", "phases.scratch_50.epochs=2");
    assert_true(child_ends(&c, 0, NULL));
    const double one = run_metric("workflow", "labels_1", "test"), from = run_metric("workflow", "scratch_1", "test"),
                 five = run_metric("workflow", "labels_5", "test"), none = run_metric("workflow", "scratch_5", "test");
    print_message("one label %.3f, from scratch %.3f; five labels %.3f, from scratch %.3f\n", one, from, five, none);
    assert_true(one > from + 0.08 && from > 0.3); /* a random encoder whose batch norms are trained gains 0.04 */
    assert_true(five > none && five > 0.85);
    check_table("workflow/accuracy.csv", (const int[]){1, 5, 10, 50}, 4);
    assert_int_equal(lines_of("workflow/accuracy.csv"), 1 + 4);
    assert_int_equal(lines_of("workflow/predictions.csv"), 1 + 500);
    assert_true(temp_exists("workflow/accuracy.svg"));
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_moco),         cmocka_unit_test(test_byol),
                                       cmocka_unit_test(test_barlow_twins), cmocka_unit_test(test_simsiam),
                                       cmocka_unit_test(test_vicreg),       cmocka_unit_test(test_collapse),
                                       cmocka_unit_test(test_workflow)};
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
