/* Sweeps as a user types them: the product of the values, what is skipped, stopped, refused, and the three results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "tests/support/child.h"
#include "tests/support/temp.h"

static const char text[] = "version: 1\n"
                           "name: small\n"
                           "let: {widths: [8]}\n"
                           "phases:\n"
                           "  train:\n"
                           "    steps: 4\n"
                           "    nodes:\n"
                           "      digits: {type: source.digits, split: train, batch: 8}\n"
                           "      encoder: {type: encoder.mlp, in: digits, widths: $widths}\n"
                           "      head: {type: head.classifier, in: encoder, classes: 10}\n"
                           "      loss: {type: loss.cross_entropy, in: {logits: head, target: digits.label}}\n"
                           "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1}\n";

static int setup(void **state)
{
    (void)state;
    temp_write("g.yaml", text, sizeof text - 1);
    return 0;
}

static char *read_text(const char *name)
{
    size_t n;
    char *bytes = (char *)temp_read(&n, name), *copy = malloc(n + 1);
    memcpy(copy, bytes, n);
    copy[n] = 0;
    free(bytes);
    return copy;
}

static void test_product(void **state)
{
    (void)state;
    child c;
    char name[64];
    child_run(&c, "sweep", "g.yaml", "--set", "optimizer.lr=[0.1, {cosine: [0.2, 0]}]", "--set", "seed=[1, 2, 3]",
              "--out", "s");
    assert_int_equal(c.code, 0);
    assert_true(child_says(&c, "6/6 lr={cosine: [0.2, 0]} seed=3"));
    assert_non_null(strstr(c.out, "mean ± standard deviation over the seeds"));
    assert_true(temp_exists("s/sweep.html"));
    char *csv = read_text("s/sweep.csv");
    int lines = 0;
    for (char *p = csv; (p = strchr(p, '\n')); p++) lines++;
    assert_int_equal(lines, 7);
    assert_int_equal(strncmp(csv, "lr,seed,folder,code,train.loss", 30), 0);
    free(csv);

    /* the same run by hand gives the same bits, and the mean is that of the three */
    child_run(&c, "run", "g.yaml", "--set", "optimizer.lr=0.1", "--set", "seed=2", "--out", "alone", "--quiet");
    assert_int_equal(c.code, 0);
    assert_true(runs_agree("alone", "s/lr=0.1,seed=2"));
    double sum = 0;
    for (int i = 1; i <= 3; i++) {
        snprintf(name, sizeof name, "s/lr=0.1,seed=%d", i);
        sum += run_metric(name, "train", "loss");
    }
    child_run(&c, "sweep", "g.yaml", "--set", "optimizer.lr=[0.1, {cosine: [0.2, 0]}]", "--set", "seed=[1, 2, 3]",
              "--out", "s", "--json");
    assert_int_equal(c.code, 0);
    assert_null(strstr(c.err, "1/6")); /* nothing is run twice */
    json_t *j = json_loads(c.out, 0, NULL);
    const json_t *groups = json_object_get(j, "over_seeds");
    assert_int_equal(json_array_size(groups), 2);
    const json_t *loss = json_object_get(json_object_get(json_array_get(groups, 0), "metrics"), "train.loss");
    assert_true(fabs(json_number_value(json_object_get(loss, "mean")) - sum / 3) < 1e-6);
    assert_int_equal(json_integer_value(json_object_get(loss, "n")), 3);
    json_decref(j);
}

/* What takes a list is swept over a list of lists, by the option or by what the file has now. */
static void test_lists(void **state)
{
    (void)state;
    child c;
    child_run(&c, "sweep", "g.yaml", "--set", "encoder.widths=[[8, 4], [2]]", "--out", "l", "--quiet");
    assert_int_equal(c.code, 0);
    assert_true(temp_exists("l/widths=8_4") && temp_exists("l/widths=2"));
    child_run(&c, "sweep", "g.yaml", "--set", "widths=[[8, 4], [2]]", "--set", "encoder.norm=[true, false]", "--out",
              "m", "--quiet");
    assert_int_equal(c.code, 0);
    assert_true(temp_exists("m/widths=8_4,norm=false"));
    child_run(&c, "sweep", "g.yaml", "--set", "encoder.widths=[8, 4]", "--out", "n");
    assert_true(child_ends(&c, 2, "no --set lists values"));
}

static void test_refused(void **state)
{
    (void)state;
    child c;
    child_run(&c, "sweep", "g.yaml", "--set", "optimizer.lr=[0.1, fast]", "--out", "bad");
    assert_true(child_ends(&c, 3, "--set:1:14: error: optimizer.sgd.lr is 'fast'"));
    assert_true(child_says(&c, "with lr=fast"));
    assert_false(temp_exists("bad")); /* all runs are checked before the first */
    child_run(&c, "sweep", "g.yaml", "--set", "optimizer.lr=[0.1, 0.2]", "--out", "r", "--quiet");
    assert_int_equal(c.code, 0);
    child_run(&c, "sweep", "g.yaml", "--set", "optimizer.lr=[0.1, 0.3]", "--out", "r");
    assert_true(child_ends(&c, 2, "r holds another sweep"));
    child_run(&c, "sweep", "g.yaml", "--set", "optimizer.lr=[0.1, 0.2]", "--set", "train.steps=5", "--out", "r");
    assert_true(child_ends(&c, 2, "r holds another sweep"));
    temp_write("full/file", "x", 1);
    child_run(&c, "sweep", "g.yaml", "--set", "optimizer.lr=[0.1, 0.2]", "--out", "full");
    assert_true(child_ends(&c, 2, "full exists and holds no sweep"));
}

/* A run that diverges is a result; the others go on. */
static void test_diverged(void **state)
{
    (void)state;
    child c;
    child_run(&c, "sweep", "g.yaml", "--set", "optimizer.lr=[1e4, 0.1]", "--set", "train.steps=40", "--out", "d");
    assert_int_equal(c.code, 1);
    assert_non_null(strstr(c.out, "lr=1e4: diverged"));
    assert_true(isfinite(run_metric("d/lr=0.1", "train", "loss")));
    char *page = read_text("d/sweep.html");
    assert_non_null(strstr(page, "lr=1e4: diverged"));
    free(page);
}

/* Stopped in the middle: a checkpoint, exit code 75; the same command ends with the bits of one that never stopped. */
static void test_stopped(void **state)
{
    (void)state;
    child c = {0};
    const char *const args[] = {"sweep", "g.yaml",
                                "--set", "optimizer.lr=[0.1, 0.01]",
                                "--set", "train.steps=8000",
                                "--set", "train.checkpoint=200 steps",
                                "--out", "t",
                                NULL};
    child_start(&c, args);
    for (int i = 0; i < 2000 && !temp_exists("t/lr=0.1/checkpoints"); i++)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    assert_true(temp_exists("t/lr=0.1/checkpoints"));
    child_kill(&c, SIGTERM);
    child_wait(&c);
    assert_true(child_ends(&c, 75, "the same command with --out t goes on"));
    assert_false(temp_exists("t/lr=0.01"));
    assert_false(temp_exists("t/sweep.csv"));
    assert_true(run_is_whole("t/lr=0.1"));
    c = (child){0};
    child_start(&c, args);
    child_wait(&c);
    assert_int_equal(c.code, 0);
    child_run(&c, "run", "g.yaml", "--set", "optimizer.lr=0.1", "--set", "train.steps=8000", "--set",
              "train.checkpoint=200 steps", "--out", "whole", "--quiet");
    assert_int_equal(c.code, 0);
    assert_true(runs_agree("whole", "t/lr=0.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_product, setup), cmocka_unit_test_setup(test_lists, setup),
        cmocka_unit_test_setup(test_refused, setup), cmocka_unit_test_setup(test_diverged, setup),
        cmocka_unit_test_setup(test_stopped, setup),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    temp_clear();
    return failed;
}
