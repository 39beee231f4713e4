/* How often a phase reports, and what later phases draw from the reports. Run from the root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/child.h"
#include "tests/support/temp.h"

enum { STEPS = 7 };

#define PHASE(report)                                                                      \
    "version: 1\n"                                                                         \
    "phases:\n"                                                                            \
    "  a:\n"                                                                               \
    "    steps: 7\n" report "    nodes:\n"                                                 \
    "      digits: {type: source.digits, fraction: 0.1, batch: 40}\n"                      \
    "      encoder: {type: encoder.mlp, in: digits, widths: [16]}\n"                       \
    "      head: {type: head.classifier, in: encoder, classes: 10}\n"                      \
    "      loss: {type: loss.cross_entropy, in: {logits: head, target: digits.label}}\n"   \
    "      mean: {type: probe.mean, in: loss}\n"                                           \
    "      right: {type: probe.accuracy, in: {logits: head, target: digits.label}}\n"      \
    "      test: {type: probe.test, of: head, data: {type: source.digits, split: test}}\n" \
    "      optimizer: {type: optimizer.sgd, in: loss, lr: {cosine: [0.1, 0]}, momentum: 0}\n"

static child c;

typedef struct report {
    int64_t step;
    double loss, mean, right, rate; /* what the three say, and the learning rate */
} report;

/* The reports of phase a in their order; returns how many. */
static int read_reports(report r[2 * STEPS], const char *name)
{
    size_t size;
    char *text = (char *)temp_read(&size, name), *save = NULL;
    int n = 0;
    assert_non_null(text);
    text[size - 1] = 0; /* the last line's end */
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        const char *metric = json_string_value(json_object_get(o, "metric"));
        const int64_t step = json_integer_value(json_object_get(o, "step"));
        const double value = json_number_value(json_object_get(o, "value"));
        const char *phase = json_string_value(json_object_get(o, "phase"));
        assert_true(phase && n < 2 * STEPS);
        const bool here = !strcmp(phase, "a");
        if (here && !metric) /* the line that begins a report */
            r[n++] = (report){step, json_number_value(json_object_get(o, "loss")), NAN, NAN,
                              json_number_value(json_object_get(o, "optimizer.lr"))};
        if (here && metric) assert_true(n > 0 && r[n - 1].step == step);
        if (here && metric && !strcmp(metric, "mean")) r[n - 1].mean = value;
        if (here && metric && !strcmp(metric, "right")) r[n - 1].right = value;
        json_decref(o);
    }
    free(text);
    return n;
}

static int run_with(report r[2 * STEPS], const char *yaml)
{
    temp_write("report.yaml", yaml, strlen(yaml));
    tree_remove("run");
    child_run(&c, "run", "report.yaml", "--out", "run", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    return read_reports(r, "run/metrics.jsonl");
}

/* Report i of `every` covers its own steps alone, the last one what is left. */
static void check_reports(const report *r, int n, const report *each, int every)
{
    assert_int_equal(n, (STEPS + every - 1) / every);
    for (int i = 0; i < n; i++) {
        double loss = 0, right = 0;
        int from = i * every, to = from + every < STEPS ? from + every : STEPS;
        for (int t = from; t < to; t++) loss += each[t].loss / (to - from), right += each[t].right / (to - from);
        assert_int_equal(r[i].step, to);
        assert_true(fabs(r[i].loss - loss) < 1e-6);
        assert_true(fabs(r[i].mean - loss) < 1e-6);
        assert_true(fabs(r[i].right - right) < 1e-6);
        assert_true(r[i].rate == each[to - 1].rate);
    }
}

static void test_report(void **state)
{
    (void)state;
    report each[2 * STEPS], r[2 * STEPS];
    assert_int_equal(run_with(each, PHASE("    report: 1 steps\n")), STEPS);
    for (int t = 0; t < STEPS; t++) {
        assert_int_equal(each[t].step, t + 1);
        assert_true(t == 0 || each[t].loss != each[t - 1].loss);
    }
    check_reports(r, run_with(r, PHASE("    report: 2 steps\n")), each, 2);
    check_reports(r, run_with(r, PHASE("    report: 100 steps\n")), each, STEPS);
    /* an epoch of these samples has three steps; without the key it is what is reported */
    check_reports(r, run_with(r, PHASE("")), each, 3);
    check_reports(r, run_with(r, PHASE("    report: 2 epochs\n")), each, 6);
}

/* ---- sink.curve */

static const char curve[] = PHASE("") "  b:\n"
                                      "    nodes:\n"
                                      "      picture:\n"
                                      "        type: sink.curve\n"
                                      "        path: deep/curve.svg\n"
                                      "        title: <accuracy>\n"
                                      "        x: [0.1, 3, 1e6]\n"
                                      "        log: true\n"
                                      "        lines:\n"
                                      "          - line: {name: 'a \"b\", c', values: [a.test, a.none, a.right]}\n"
                                      "          - line: {name: later, values: [c.mean, a.loss, b.loss]}\n"
                                      "  c:\n"
                                      "    nodes:\n"
                                      "      digits: {type: source.digits, split: test}\n"
                                      "      encoder: {use: a.encoder, in: digits}\n"
                                      "      mean: {type: probe.mean, in: encoder}\n";

static void test_curve(void **state)
{
    (void)state;
    report r[2 * STEPS];
    run_with(r, curve);
    size_t n;
    char want[300], *got = (char *)temp_read(&n, "run/deep/curve.csv"), *rest = got;
    assert_non_null(got);
    got = rest = realloc(got, n + 1);
    assert_non_null(got);
    got[n] = 0;
    snprintf(want, sizeof want, "x,\"a \"\"b\"\", c\",\"later\"\n0.1,");
    assert_memory_equal(got, want, strlen(want));
    rest += strlen(want);
    assert_true(fabs(strtod(rest, &rest) - run_metric("run", "a", "test")) < 1e-8);
    assert_memory_equal(rest, ",\n3,,", 5); /* what no phase gave, and what a later one gives, is empty */
    assert_true(fabs(strtod(rest + 5, &rest) - run_metric("run", "a", "loss")) < 1e-8);
    assert_memory_equal(rest, "\n1000000,", 9);
    assert_true(fabs(strtod(rest + 9, &rest) - run_metric("run", "a", "right")) < 1e-8);
    assert_string_equal(rest, ",\n");
    free(got);
    assert_true(child_says(&c, "warning: picture: no phase before this one gave 'a.none'"));
    assert_true(child_says(&c, "warning: picture: no phase before this one gave 'c.mean'"));
    assert_true(child_says(&c, "warning: picture: no phase before this one gave 'b.loss'"));
    assert_null(strstr(c.err, "'a.loss'"));
    assert_true(temp_exists("run/deep/curve.svg"));
    assert_int_equal(files_like("run/deep", ""), 2);
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_report), cmocka_unit_test(test_curve)};
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
