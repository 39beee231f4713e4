/* momentum: what starts as a copy, what follows, and what does not. That ten steps are those of the papers' pseudocode,
 * tests/parity/test_momentum.c checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/formula.h"
#include "tests/support/pipeline.h"

static pipeline p;
static const char *read_by_loss = "target";
static char text[3000];
static pipeline_options options = {.yaml = text, .types = formula_types, .fill = formula_weight, .train = true};

/* The target stands before what it names. */
static void start(const char *target, const char *batching)
{
    int n = snprintf(text, sizeof text,
                     "version: 1\nphases:\n  a:\n    steps: 8\n    nodes:\n"
                     "      target: {type: %s}\n"
                     "      data: {type: source.formula, batch: 6, count: 24}\n"
                     "      other: {type: source.formula, batch: 6, count: 24, key: other}\n"
                     "      encoder: {type: encoder.cnn, in: [data, other], widths: [4, 6], batching: %s}\n"
                     "      projector: {type: projector.mlp, in: encoder, widths: [7, 5], batching: %s}\n"
                     "      predictor: {type: projector.mlp, in: projector, widths: [7, 5], batching: %s}\n"
                     "      loss: {type: loss.cosine, in: {online: predictor, target: %s}}\n"
                     "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1, momentum: 0.9}\n",
                     target, batching, batching, batching, read_by_loss);
    assert_true(n > 0 && n < (int)sizeof text);
    if (pipeline_open(&p, &options)) fail_msg("the pipeline does not open:\n%s", text);
}

#define OF "momentum, of: [encoder, projector], in: [data, other], momentum: "

static void step(int n)
{
    for (int t = 0; t < n; t++) assert_int_equal(pipeline_step(&p), SDAG_OK);
}

static bool same(sdag_tensor x, sdag_tensor y)
{
    assert_non_null(x.data);
    assert_non_null(y.data);
    assert_true(sdag_shape_equal(x.shape, y.shape));
    return !memcmp(x.data, y.data, (size_t)sdag_elems(&x.shape) * sizeof(float));
}

static sdag_tensor copy_of(sdag_tensor x)
{
    size_t n = (size_t)sdag_elems(&x.shape) * sizeof(float);
    void *data = malloc(n);
    assert_non_null(data);
    x.data = memcpy(data, x.data, n);
    return x;
}

static const char *const weights[] = {"encoder.0.weight",   "encoder.1.weight",   "encoder.1.bias",
                                      "encoder.4.weight",   "encoder.5.weight",   "encoder.5.bias",
                                      "projector.0.weight", "projector.1.weight", "projector.1.bias",
                                      "projector.3.weight", "projector.3.bias"};
enum { N_WEIGHTS = sizeof weights / sizeof *weights };

static sdag_tensor average(int i) { return pipeline_state(&p, "target", weights[i]); }

static sdag_tensor source(int i)
{
    char node[16];
    snprintf(node, sizeof node, "%.*s", (int)strcspn(weights[i], "."), weights[i]);
    return pipeline_state(&p, node, strchr(weights[i], '.') + 1);
}

/* ---- what it is at the start, and what it gives */

static void test_starts_as_a_copy(void **state)
{
    (void)state;
    static const char *const ways[] = {"joint", "separate"};
    for (int i = 0; i < 2; i++) {
        start(OF "0.9", ways[i]);
        for (int k = 0; k < N_WEIGHTS; k++) assert_true(same(average(k), source(k)));
        step(1);
        sdag_tensor z = pipeline_value(&p, "target", "z");
        assert_int_equal(z.shape.d[0], i ? 6 : 12); /* both views, when they were made together */
        assert_true(same(z, pipeline_value(&p, "projector", "z")));
        step(1);
        assert_false(same(pipeline_value(&p, "target", "z"), pipeline_value(&p, "projector", "z")));
        pipeline_close(&p);
    }
}

/* Each view of the target is that of the wire: with its views the other way round, pairs of the same view are compared
 * where others were. */
static void test_views_keep_their_order(void **state)
{
    (void)state;
    float losses[2];
    start(OF "0.9", "separate");
    step(1);
    losses[0] = pipeline_loss(&p);
    pipeline_close(&p);
    start("momentum, of: [encoder, projector], in: [other, data], momentum: 0.9", "separate");
    step(1);
    losses[1] = pipeline_loss(&p);
    sdag_tensor z = pipeline_value(&p, "target", NULL), y = pipeline_value(&p, "projector", NULL);
    assert_false(same(z, y)); /* the first views: other and data */
    pipeline_close(&p);
    assert_true(fabsf(losses[0] - losses[1]) > 1e-4f);
}

static void test_two_averages(void **state)
{
    (void)state;
    int n = snprintf(text, sizeof text,
                     "version: 1\nphases:\n  a:\n    steps: 8\n    nodes:\n"
                     "      data: {type: source.formula, batch: 6}\n"
                     "      encoder: {type: encoder.mlp, in: data, widths: [6, 5], norm: false}\n"
                     "      key: {type: momentum, of: encoder, in: data, momentum: 0.5}\n"
                     "      other: {type: momentum, of: encoder, in: data, momentum: 0.5}\n"
                     "      one: {type: loss.cosine, in: {online: encoder, target: key}}\n"
                     "      two: {type: loss.mse, in: {x: encoder, y: other}}\n"
                     "      loss: {type: loss.sum, in: [one, two], weights: [1, 1]}\n"
                     "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1}\n");
    assert_true(n > 0 && n < (int)sizeof text);
    if (pipeline_open(&p, &options)) fail_msg("the pipeline does not open:\n%s", text);
    step(4);
    assert_true(same(pipeline_state(&p, "key", "encoder.0.weight"), pipeline_state(&p, "other", "encoder.0.weight")));
    assert_true(same(pipeline_value(&p, "key", NULL), pipeline_value(&p, "other", NULL)));
    pipeline_close(&p);
}

/* An output other than the first, named beside a node behind it or alone. */
static void test_named_outputs(void **state)
{
    (void)state;
    start("momentum, of: [encoder.features, projector.z], in: [data, other]", "joint");
    step(1);
    assert_true(same(pipeline_value(&p, "target", NULL), pipeline_value(&p, "projector", NULL)));
    pipeline_close(&p);
    start("momentum, of: [encoder.map, projector], in: [data, other]", "joint");
    step(1);
    assert_true(same(pipeline_value(&p, "target", NULL), pipeline_value(&p, "projector", NULL)));
    pipeline_close(&p);
}

/* ---- what follows */

static void test_one_never_moves(void **state)
{
    (void)state;
    sdag_tensor before[N_WEIGHTS];
    start(OF "1", "joint");
    for (int k = 0; k < N_WEIGHTS; k++) before[k] = copy_of(average(k));
    sdag_tensor mean = copy_of(pipeline_state(&p, "target", "encoder.1.running_mean"));
    step(4);
    for (int k = 0; k < N_WEIGHTS; k++) {
        assert_true(same(average(k), before[k]));
        if (strcmp(weights[k], "projector.3.bias")) assert_false(same(source(k), before[k]));
        free(before[k].data);
    }
    /* but its batch norms see the batches */
    assert_false(same(pipeline_state(&p, "target", "encoder.1.running_mean"), mean));
    assert_int_equal(*SDAG_DATA_I32(pipeline_state(&p, "target", "encoder.1.num_batches_tracked")), 4);
    free(mean.data);
    pipeline_close(&p);
}

static void test_zero_follows_at_once(void **state)
{
    (void)state;
    start(OF "0", "joint");
    for (int t = 0; t < 4; t++) {
        step(1);
        for (int k = 0; k < N_WEIGHTS; k++) assert_true(same(average(k), source(k)));
    }
    /* statistics are not averaged: both saw the same batches, with the same weights until the first update */
    assert_true(
        same(pipeline_state(&p, "target", "encoder.1.running_mean"), pipeline_state(&p, "encoder", "1.running_mean")));
    pipeline_close(&p);
}

/* By hand, with the share that the schedule gives for each step. */
static void test_schedule(void **state)
{
    (void)state;
    start(OF "{linear: [0.2, 0.9]}", "joint");
    for (int t = 0; t < 8; t++) {
        const float m = 0.2f + 0.7f * (float)t / 7;
        sdag_tensor before[N_WEIGHTS];
        for (int k = 0; k < N_WEIGHTS; k++) before[k] = copy_of(average(k));
        step(1);
        for (int k = 0; k < N_WEIGHTS; k++) {
            for (int64_t i = 0; i < sdag_elems(&before[k].shape); i++) {
                float want = m * SDAG_DATA_F32(before[k])[i] + (1 - m) * SDAG_DATA_F32(source(k))[i];
                if (!(fabsf(SDAG_DATA_F32(average(k))[i] - want) < 1e-6f))
                    fail_msg("%s of step %d: %g, not %g", weights[k], t, (double)SDAG_DATA_F32(average(k))[i],
                             (double)want);
            }
            free(before[k].data);
        }
    }
    pipeline_close(&p);
}

static void test_inference(void **state)
{
    (void)state;
    int n = snprintf(text, sizeof text,
                     "version: 1\nphases:\n  a:\n    nodes:\n"
                     "      data: {type: source.formula, batch: 6}\n"
                     "      encoder: {type: encoder.cnn, in: data, widths: [4]}\n"
                     "      target: {type: momentum, of: encoder, in: data, momentum: 0}\n"
                     "      far: {type: loss.mse, in: {x: encoder, y: target}}\n"
                     "      mean: {type: probe.mean, in: far}\n");
    assert_true(n > 0 && n < (int)sizeof text);
    options.train = false;
    if (pipeline_open(&p, &options)) fail_msg("the pipeline does not open:\n%s", text);
    options.train = true;
    step(3);
    assert_true(*SDAG_DATA_F32(pipeline_value(&p, "far", NULL)) == 0);
    assert_int_equal(*SDAG_DATA_I32(pipeline_state(&p, "target", "encoder.1.num_batches_tracked")), 0);
    pipeline_close(&p);
}

/* ---- no gradient enters */

static sdag_tensor gradient_with(const char *target, const char *name)
{
    start(target, "joint");
    step(1);
    assert_null(pipeline_grad(&p, "target", name).data);
    sdag_tensor g = copy_of(pipeline_grad(&p, "encoder", "0.weight"));
    pipeline_close(&p);
    return g;
}

/* On the first step target and projector are the same; what flows back is what a stopped projector lets flow. */
static void test_no_gradient(void **state)
{
    (void)state;
    sdag_tensor through = gradient_with(OF "0.9", "encoder.0.weight"),
                stopped = gradient_with("math.stop_gradient, in: projector", "0.weight");
    read_by_loss = "projector";
    sdag_tensor open = gradient_with(OF "0.9", "encoder.0.weight");
    read_by_loss = "target";
    assert_true(same(through, stopped));
    assert_false(same(through, open));
    free(through.data);
    free(stopped.data);
    free(open.data);
}

/* ---- the same bits, whatever the threads and the memory do */

static uint64_t bits_of(int threads, bool hostile)
{
    uint64_t h = 14695981039346656037u;
    options.threads = threads;
    options.hostile = hostile;
    start(OF "{cosine: [0.5, 1]}", "joint");
    step(3);
    for (int k = 0; k <= N_WEIGHTS; k++) {
        sdag_tensor x = k < N_WEIGHTS ? average(k) : pipeline_state(&p, "target", "projector.1.running_var");
        for (int64_t i = 0; i < sdag_elems(&x.shape) * 4; i++) h = (h ^ ((uint8_t *)x.data)[i]) * 1099511628211u;
    }
    pipeline_close(&p);
    options.threads = 0;
    options.hostile = false;
    return h;
}

static void test_same_bits(void **state)
{
    (void)state;
    const uint64_t one = bits_of(1, false);
    for (int threads = 2; threads <= 4; threads++) assert_true(bits_of(threads, false) == one);
    assert_true(bits_of(3, true) == one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts_as_a_copy), cmocka_unit_test(test_views_keep_their_order),
        cmocka_unit_test(test_two_averages),     cmocka_unit_test(test_named_outputs),
        cmocka_unit_test(test_one_never_moves),  cmocka_unit_test(test_zero_follows_at_once),
        cmocka_unit_test(test_schedule),         cmocka_unit_test(test_inference),
        cmocka_unit_test(test_no_gradient),      cmocka_unit_test(test_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
