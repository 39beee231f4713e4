/* memory.queue against a ring by hand: what a step reads is what earlier steps wrote, for batches that do not divide
 * the size, that are longer than it, and for bundles; it stands still in inference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/formula.h"
#include "tests/support/pipeline.h"

enum { B = 4, D = 5, SIZE_MAX_ = 16, STEPS = 9 };

static pipeline p;
static char text[3000];
static pipeline_options options = {.yaml = text, .types = formula_types, .fill = formula_weight};

static void start(const char *key, const char *queue, bool train)
{
    int n = snprintf(text, sizeof text,
                     "version: 1\nphases:\n  a:\n%s    nodes:\n"
                     "      data: {type: source.formula, size: 3, batch: 4, count: 28}\n"
                     "      other: {type: source.formula, size: 3, batch: 4, count: 28, key: other}\n"
                     "      q: {type: encoder.mlp, in: data, widths: [5], norm: false}\n"
                     "      encoder: {type: encoder.mlp, in: [data, other], widths: [5], norm: false}\n"
                     "      k: {type: math.stop_gradient, in: encoder}\n"
                     "      queue: {type: memory.queue, in: %s, %s}\n"
                     "      one: {type: loss.info_nce, in: {query: q, positive: encoder.data, negatives: queue}}\n"
                     "      two: {type: loss.mse, in: {x: encoder.data, y: encoder.other}}\n"
                     "      loss: {type: loss.sum, in: [one, two], weights: [1, 0]}\n%s",
                     train ? "    steps: 9\n" : "", key, queue,
                     train ? "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.05}\n"
                           : "      mean: {type: probe.mean, in: loss}\n");
    assert_true(n > 0 && n < (int)sizeof text);
    options.train = train;
    if (pipeline_open(&p, &options)) fail_msg("the pipeline does not open:\n%s", text);
}

static void unit(double *y, const float *x)
{
    double sum = 0;
    for (int k = 0; k < D; k++) sum += (double)x[k] * (double)x[k];
    for (int k = 0; k < D; k++) y[k] = sum > 0 ? (double)x[k] / sqrt(sum) : 0; /* behind a relu: all may be 0 */
}

/* He et al. 2020, eq. 1, of the values of the step and the ring as it was before it. */
static double info_nce(double ring[][D], int size)
{
    const float *q = SDAG_DATA_F32(pipeline_value(&p, "q", NULL)),
                *k = SDAG_DATA_F32(pipeline_value(&p, "encoder", NULL));
    double loss = 0;
    for (int i = 0; i < B; i++) {
        double a[D], b[D], c[D], own = 0, sum;
        unit(a, q + i * D);
        unit(b, k + i * D);
        for (int j = 0; j < D; j++) own += a[j] * b[j] / 0.1;
        sum = exp(own);
        for (int r = 0; r < size; r++) {
            float row[D];
            double s = 0;
            for (int j = 0; j < D; j++) row[j] = (float)ring[r][j];
            unit(c, row);
            for (int j = 0; j < D; j++) s += a[j] * c[j] / 0.1;
            sum += exp(s);
        }
        loss += (log(sum) - own) / B;
    }
    return loss;
}

static void check_queue(double ring[][D], int size, int cursor)
{
    const float *queue = SDAG_DATA_F32(pipeline_state(&p, "queue", "queue"));
    for (int r = 0; r < size; r++)
        for (int k = 0; k < D; k++) assert_true(fabs((double)queue[r * D + k] - ring[r][k]) < 1e-6);
    assert_int_equal(*SDAG_DATA_I32(pipeline_state(&p, "queue", "queue_ptr")), cursor);
}

static void follow(const char *key, int rows, int size, bool normalize)
{
    char queue[64];
    double ring[SIZE_MAX_][D];
    int cursor = 0;
    snprintf(queue, sizeof queue, "size: %d, normalize: %s", size, normalize ? "true" : "false");
    start(key, queue, true);
    const float *begin = SDAG_DATA_F32(pipeline_state(&p, "queue", "queue"));
    for (int i = 0; i < size * D; i++) ring[i / D][i % D] = (double)begin[i];
    for (int t = 0; t < STEPS; t++) {
        assert_int_equal(pipeline_step(&p), SDAG_OK);
        assert_true(fabs((double)pipeline_loss(&p) - info_nce(ring, size)) < 1e-5);
        const float *keys = SDAG_DATA_F32(pipeline_value(&p, "encoder", NULL)); /* data first, then other */
        for (int r = 0; r < rows; r++, cursor = (cursor + 1) % size)
            for (int k = 0; k < D; k++) {
                double row[D];
                unit(row, keys + r * D);
                ring[cursor][k] = normalize ? row[k] : (double)keys[r * D + k];
            }
        check_queue(ring, size, cursor);
    }
    pipeline_close(&p);
}

static void test_divides(void **state)
{
    (void)state;
    follow("k.data", B, 8, true);
    follow("k.data", B, B, true);
}

static void test_wraps(void **state)
{
    (void)state;
    follow("k.data", B, 6, true);
    follow("k.data", B, 15, false);
}

static void test_longer_than_the_queue(void **state)
{
    (void)state;
    follow("k.data", B, 3, true);
    follow("k.data", B, 1, false);
}

static void test_bundle(void **state)
{
    (void)state;
    follow("k", 2 * B, 11, true);
    follow("k", 2 * B, 7, true);
}

/* Without stop-gradient before it: no gradient goes through the queue either way. */
static void test_no_gradient(void **state)
{
    (void)state;
    follow("encoder.data", B, 6, true);
}

static void test_inference(void **state)
{
    (void)state;
    start("k", "size: 6", false);
    float before[6 * D];
    memcpy(before, pipeline_state(&p, "queue", "queue").data, sizeof before);
    for (int t = 0; t < 3; t++) assert_int_equal(pipeline_step(&p), SDAG_OK);
    assert_memory_equal(before, pipeline_state(&p, "queue", "queue").data, sizeof before);
    assert_int_equal(*SDAG_DATA_I32(pipeline_state(&p, "queue", "queue_ptr")), 0);
    pipeline_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_divides),
        cmocka_unit_test(test_wraps),
        cmocka_unit_test(test_longer_than_the_queue),
        cmocka_unit_test(test_bundle),
        cmocka_unit_test(test_no_gradient),
        cmocka_unit_test(test_inference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
