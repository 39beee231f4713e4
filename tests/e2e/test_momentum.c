/* A moving average in a run: what its weights are at the end, that a probe can judge it, and what later phases have of
 * it. Run from the root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/io/safetensors.h"
#include "tests/support/child.h"
#include "tests/support/temp.h"

#define DATA "{type: source.digits, batch: 50}"
#define KNN "bank: {type: source.digits, fraction: 0.2}, query: {type: source.digits, split: test}"

/* `fast` is what it averages, `slow` is what that was at the start. */
static const char yaml[] =
    "version: 1\n"
    "let: {lr: 0.1}\n"
    "phases:\n"
    "  a:\n"
    "    epochs: 2\n"
    "    nodes:\n"
    "      fast: {type: momentum, of: [encoder, head], in: digits, momentum: 0}\n"
    "      slow: {type: momentum, of: encoder, in: digits, momentum: 1}\n"
    "      digits: " DATA "\n"
    "      encoder: {type: encoder.mlp, in: digits, widths: [16, 8], norm: false}\n"
    "      head: {type: head.classifier, in: encoder, classes: 10}\n"
    "      loss: {type: loss.cross_entropy, in: {logits: head, target: digits.label}}\n"
    "      optimizer: {type: optimizer.sgd, in: loss, lr: $lr, momentum: 0.9}\n"
    "      test: {type: probe.test, of: head, data: {type: source.digits, split: test}}\n"
    "      test_fast: {type: probe.test, of: fast, data: {type: source.digits, split: test}}\n"
    "      knn: {type: probe.knn, of: encoder, " KNN "}\n"
    "      knn_slow: {type: probe.knn, of: slow, " KNN "}\n"
    "  judge:\n" /* without training */
    "    nodes:\n"
    "      digits: " DATA "\n"
    "      slow: {use: a.slow, in: digits}\n"
    "      mean: {type: probe.mean, in: slow}\n"
    "      knn: {type: probe.knn, of: slow, " KNN "}\n"
    "  teach:\n" /* another network, which happens to have the name of what was averaged: the teacher stands still */
    "    steps: 5\n"
    "    nodes:\n"
    "      digits: " DATA "\n"
    "      encoder: {type: encoder.mlp, in: digits, widths: [12, 10]}\n"
    "      teacher: {use: a.fast, in: digits}\n"
    "      loss: {type: loss.mse, in: {x: encoder, y: teacher}}\n"
    "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.01}\n"
    "  again:\n" /* the same networks: it follows on */
    "    steps: 5\n"
    "    nodes:\n"
    "      digits: " DATA "\n"
    "      network: {use: a.encoder, in: digits}\n"
    "      head: {use: a.head, in: network}\n"
    "      fast: {use: a.fast, in: digits}\n"
    "      one: {type: loss.cross_entropy, in: {logits: head, target: digits.label}}\n"
    "      two: {type: loss.mse, in: {x: head, y: fast}}\n"
    "      loss: {type: loss.sum, in: [one, two]}\n"
    "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.01}\n";

enum { LAYERS = 4, NUMBERS_MAX = 2000 };
static const char *const encoder_weights[LAYERS] = {"0.weight", "0.bias", "2.weight", "2.bias"};

static child c;

typedef struct {
    int n;
    float x[NUMBERS_MAX];
} numbers;

/* The weights of the encoder in RUN/weights/NODE.safetensors, all in a row; prefix: "" or "encoder.". */
static numbers read_encoder(const char *run, const char *node, const char *prefix)
{
    numbers w = {0};
    char name[100];
    sdag_st *st;
    sdag_log *log = sdag_log_create(NULL);
    assert_non_null(log);
    snprintf(name, sizeof name, "%s/weights/%s.safetensors", run, node);
    assert_int_equal(sdag_st_open(&st, log, SDAG_NOLOC, temp_path(name)), SDAG_OK);
    for (int i = 0; i < LAYERS; i++) {
        snprintf(name, sizeof name, "%s%s", prefix, encoder_weights[i]);
        const sdag_st_entry *e = sdag_st_find(st, name);
        if (!e) fail_msg("%s has no %s", node, name);
        assert_true(w.n + e->count <= NUMBERS_MAX);
        assert_int_equal(sdag_st_read_f32(st, e, w.x + w.n, e->count, log), SDAG_OK);
        w.n += (int)e->count;
    }
    sdag_st_close(st);
    sdag_log_destroy(log);
    return w;
}

static bool same(numbers x, numbers y)
{
    assert_int_equal(x.n, y.n);
    return !memcmp(x.x, y.x, (size_t)x.n * sizeof(float));
}

static int set_up(void **state)
{
    (void)state;
    temp_write("average.yaml", yaml, strlen(yaml));
    child_run(&c, "run", "average.yaml", "--out", "run", "--quiet");
    if (!child_ends(&c, 0, NULL)) return 1;
    child_run(&c, "run", "average.yaml", "--out", "start", "--set", "lr=0", "--quiet");
    return !child_ends(&c, 0, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

static void test_weights(void **state)
{
    (void)state;
    const numbers start = read_encoder("start", "a.encoder", ""), end = read_encoder("run", "a.encoder", "");
    assert_false(same(start, end));
    assert_true(same(read_encoder("run", "a.slow", "encoder."), start));
    assert_true(same(read_encoder("run", "a.fast", "encoder."), end));
}

static void test_probes(void **state)
{
    (void)state;
    const double test = run_metric("run", "a", "test"), knn = run_metric("run", "a", "knn"),
                 slow = run_metric("run", "a", "knn_slow");
    assert_true(test > 0.3 && run_metric("run", "a", "test_fast") == test);
    assert_true(slow == run_metric("start", "a", "knn") && slow != knn);
    assert_true(run_metric("run", "judge", "knn") == slow);
}

static void test_later_phases(void **state)
{
    (void)state;
    const numbers average = read_encoder("run", "a.fast", "encoder.");
    assert_true(same(read_encoder("run", "teach.teacher", "encoder."), average));
    assert_false(same(read_encoder("run", "again.fast", "encoder."), average));
    assert_true(same(read_encoder("run", "again.fast", "encoder."), read_encoder("run", "again.network", "")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_weights), cmocka_unit_test(test_probes),
                                       cmocka_unit_test(test_later_phases)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
