/* What autoencoders are made of, beside the decoder's numbers (tests/parity/test_decoders.c): the sizes that a decoder
 * reaches, noise, and random codes: their distribution, and that they are named by the sample. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "tests/support/formula.h"
#include "tests/support/pipeline.h"
#include "tests/support/temp.h"

enum { TEXT_MAX = 2000 };

typedef struct test {
    char text[TEXT_MAX];
    pipeline p;
    pipeline_options o;
} test;

static sdag_status start(test *t, const char *nodes, bool train)
{
    int n = snprintf(t->text, TEXT_MAX, "version: 1\nseed: 3\nphases:\n  train:\n    epochs: 2\n    nodes:\n%s", nodes);
    assert_true(n > 0 && n < TEXT_MAX);
    t->o = (pipeline_options){.yaml = t->text, .types = formula_types, .fill = formula_weight, .train = train};
    return pipeline_open(&t->p, &t->o);
}

static sdag_tensor value(const test *t, const char *node, const char *port)
{
    sdag_tensor v = pipeline_value(&t->p, node, port);
    if (!v.data) fail_msg("no value %s.%s", node, port ? port : "");
    return v;
}

/* ---- decoder.conv */

#define DECODER(options)                                                                                               \
    "      data: {type: source.formula, size: 8, batch: 4}\n      encoder: {type: encoder.cnn, in: data, widths: [4, " \
    "6]}\n"                                                                                                            \
    "      decoder: {type: decoder.conv, " options "}\n      loss: {type: loss.dot, in: decoder}\n"                    \
    "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n"

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *nodes;
        int64_t h, w, c;
    } rows[] = {
        {DECODER("in: encoder, widths: [3], size: 6"), 6, 6, 1},
        {DECODER("in: encoder, widths: [3, 2, 5], size: [8, 24], channels: 3"), 8, 24, 3},
        {DECODER("in: encoder.map, widths: [3], size: 8"), 8, 8, 1},
        {DECODER("in: encoder.map, widths: [2, 2], channels: 2"), 16, 16, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test t;
        assert_int_equal(start(&t, rows[i].nodes, true), SDAG_OK);
        assert_int_equal(pipeline_step(&t.p), SDAG_OK);
        sdag_tensor y = value(&t, "decoder", "image");
        assert_true(sdag_shape_equal(y.shape, SDAG_SHAPE(4, rows[i].h, rows[i].w, rows[i].c)));
        pipeline_close(&t.p);
    }
}

static void test_sizes_refused(void **state)
{
    (void)state;
    static const struct {
        const char *nodes, *says;
    } rows[] = {
        {DECODER("in: encoder, widths: [3, 3], size: 10"),
         "size 10 is no multiple of 4, which 2 doublings (one a width) lead to: use one, such as 8 or 12"},
        {DECODER("in: encoder, widths: [3, 3], size: [8, 3]"),
         "size 3 is no multiple of 4, which 2 doublings (one a width) lead to: use one, from 4 on"},
        {DECODER("in: encoder, widths: [3]"), "a code has no height and width; say size"},
        {DECODER("in: encoder.map, widths: [3], size: 16"),
         "1 width makes images of 8 by 8 from a map of 4 by 4, not of 16 by 16"},
        {DECODER("in: encoder, widths: [], size: 8"), "widths needs at least one size"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test t;
        assert_int_equal(start(&t, rows[i].nodes, true), SDAG_INVALID);
        assert_true(temp_says(t.p.log, rows[i].says));
        pipeline_close(&t.p);
    }
}

/* ---- pretext.noise */

#define NOISE(name, options, count)                                                                         \
    "      data: {type: source.formula, size: 20, channels: 3, count: " count ", batch: 20}\n      " name   \
    ": {type: pretext.noise, in: data, " options "}\n"                                                      \
    "      w: {type: test.weight, rows: 20, width: 1200}\n"                                                 \
    "      one: {type: loss.mse, in: {x: w, y: " name "}}\n      two: {type: loss.mse, in: {x: w, y: " name \
    ".target}}\n      loss: {type: loss.sum, in: [one, two]}\n"                                             \
    "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n"

enum { IMAGES = 20, PIXELS = 400, VALUES = IMAGES * PIXELS * 3 };

/* Pixels as source.formula has them. */
static float clean(int64_t i)
{
    uint32_t shade = formula_word(sdag_hash32("pixels.shade"), (uint32_t)(i / (PIXELS * 3) * 8 + i % 3)) >> 25;
    return (float)((formula_word(sdag_hash32("pixels"), (uint32_t)i) >> 25) + shade) / 255;
}

static void check_target(const test *t, const char *node)
{
    const float *y = SDAG_DATA_F32(value(t, node, "target"));
    for (int64_t i = 0; i < VALUES; i++) assert_true(fabsf(y[i] - clean(i)) < 1e-6f);
}

/* Mean and deviation of what was added. */
static void test_gaussian(void **state)
{
    (void)state;
    test t;
    assert_int_equal(start(&t, NOISE("noisy", "std: 0.25, clip: false", "20"), true), SDAG_OK);
    assert_int_equal(pipeline_step(&t.p), SDAG_OK);
    check_target(&t, "noisy");
    const float *x = SDAG_DATA_F32(value(&t, "noisy", "image"));
    double sum = 0, square = 0, fourth = 0;
    for (int64_t i = 0; i < VALUES; i++) {
        double d = ((double)x[i] - (double)clean(i)) / 0.25;
        sum += d, square += d * d, fourth += d * d * d * d;
    }
    assert_true(fabs(sum / VALUES) < 0.025 && fabs(square / VALUES - 1) < 0.035); /* four deviations */
    assert_true(fabs(fourth / VALUES - 3) < 0.25);                                /* of a normal distribution */
    pipeline_close(&t.p);
    assert_int_equal(start(&t, NOISE("noisy", "std: 0.5", "20"), true), SDAG_OK);
    assert_int_equal(pipeline_step(&t.p), SDAG_OK);
    x = SDAG_DATA_F32(value(&t, "noisy", "image"));
    for (int64_t i = 0; i < VALUES; i++) assert_true(x[i] >= 0 && x[i] <= 1);
    pipeline_close(&t.p);
}

/* Whole pixels are hit, so many of them; the others are as they were. */
static void check_spots(const char *nodes, bool salt)
{
    test t;
    int hit = 0, white = 0;
    assert_int_equal(start(&t, nodes, true), SDAG_OK);
    assert_int_equal(pipeline_step(&t.p), SDAG_OK);
    check_target(&t, "noisy");
    const float *x = SDAG_DATA_F32(value(&t, "noisy", "image"));
    for (int64_t i = 0; i < VALUES; i += 3) {
        int same = 0, zero = 0, one = 0;
        for (int64_t k = i; k < i + 3; k++) {
            same += fabsf(x[k] - clean(k)) < 1e-6f;
            zero += x[k] == 0;
            one += x[k] == 1;
        }
        assert_true(same == 3 || zero == 3 || one == 3);
        hit += same < 3;
        white += one == 3;
    }
    assert_true(abs(hit - VALUES / 3 * 3 / 10) < 170); /* four deviations */
    assert_true(salt ? abs(2 * white - hit) < 200 : white == 0);
    pipeline_close(&t.p);
}

static void test_spots(void **state)
{
    (void)state;
    check_spots(NOISE("noisy", "kind: mask, ratio: 0.3", "20"), false);
    check_spots(NOISE("noisy", "kind: salt_and_pepper, ratio: 0.3", "20"), true);
}

/* The numbers of sample `id` in epoch `epoch`, whatever its place in the batch. */
static void noise_of(float *to, const char *nodes, bool train, int64_t batch, int epoch, int64_t id)
{
    test t;
    assert_int_equal(start(&t, nodes, train), SDAG_OK);
    for (int64_t step = 0; step <= epoch * (40 / batch) + id / batch; step++)
        assert_int_equal(pipeline_step(&t.p), SDAG_OK);
    memcpy(to, SDAG_DATA_F32(value(&t, "noisy", "image")) + id % batch * PIXELS * 3, PIXELS * 3 * sizeof *to);
    pipeline_close(&t.p);
}

static void test_noise_is_the_samples_own(void **state)
{
    (void)state;
    static const char of_20[] = NOISE("noisy", "std: 0.1", "40"),
                      of_8[] = "      data: {type: source.formula, size: 20, channels: 3, count: 40, batch: 8}\n"
                               "      noisy: {type: pretext.noise, in: data, std: 0.1}\n"
                               "      w: {type: test.weight, rows: 8, width: 1200}\n"
                               "      loss: {type: loss.mse, in: {x: w, y: noisy}}\n"
                               "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n";
    static float a[PIXELS * 3], b[PIXELS * 3];
    noise_of(a, of_20, true, 20, 0, 33);
    noise_of(b, of_8, true, 8, 0, 33);
    assert_memory_equal(a, b, sizeof a);
    noise_of(b, of_8, true, 8, 1, 33); /* another epoch, other noise */
    assert_memory_not_equal(a, b, sizeof a);
    noise_of(a, of_20, false, 20, 1, 33); /* an evaluation: always the same */
    noise_of(b, of_8, false, 8, 0, 33);
    assert_memory_equal(a, b, sizeof a);
}

/* ---- math.sample_gaussian, source.normal */

static const char sampled[] = "      mean: {type: test.weight, rows: 50, width: 40}\n"
                              "      log_var: {type: test.weight, rows: 50, width: 40}\n"
                              "      z: {type: math.sample_gaussian, in: {mean: mean, log_var: log_var}}\n"
                              "      loss: {type: loss.dot, in: z}\n"
                              "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n";
enum { CODES = 50 * 40 };

static void check_moments(const double *x, int n)
{
    double sum = 0, square = 0;
    for (int i = 0; i < n; i++) sum += x[i], square += x[i] * x[i];
    assert_true(fabs(sum / n) < 4 / sqrt(n) && fabs(square / n - 1) < 4 * sqrt(2.0 / n));
}

/* eps = (z - mean) / exp(log_var / 2) is standard normal, new every step; gradients by the formula. */
static void test_sample_gaussian(void **state)
{
    (void)state;
    static double eps[2][CODES];
    test t;
    assert_int_equal(start(&t, sampled, true), SDAG_OK);
    const float *m = SDAG_DATA_F32(pipeline_state(&t.p, "mean", "weight")),
                *v = SDAG_DATA_F32(pipeline_state(&t.p, "log_var", "weight"));
    for (int s = 0; s < 2; s++) {
        assert_int_equal(pipeline_step(&t.p), SDAG_OK);
        const float *z = SDAG_DATA_F32(value(&t, "z", NULL)),
                    *gm = SDAG_DATA_F32(pipeline_grad(&t.p, "mean", "weight")),
                    *gv = SDAG_DATA_F32(pipeline_grad(&t.p, "log_var", "weight"));
        for (int i = 0; i < CODES; i++) {
            double std = exp((double)v[i] / 2), g = (double)formula_number(sdag_hash32("functional"), (uint32_t)i);
            eps[s][i] = ((double)z[i] - (double)m[i]) / std;
            assert_true(fabs((double)gm[i] - g) < 1e-6);
            assert_true(fabs((double)gv[i] - g * eps[s][i] * std / 2) < 1e-5);
        }
        check_moments(eps[s], CODES);
    }
    int same = 0;
    for (int i = 0; i < CODES; i++) same += fabs(eps[0][i] - eps[1][i]) < 1e-4;
    assert_true(same < 5);
    pipeline_close(&t.p);
    assert_int_equal(start(&t, sampled, false), SDAG_OK);
    assert_int_equal(pipeline_step(&t.p), SDAG_OK);
    assert_memory_equal(value(&t, "z", NULL).data, pipeline_state(&t.p, "mean", "weight").data, CODES * sizeof(float));
    pipeline_close(&t.p);
}

static void test_sample_gaussian_refused(void **state)
{
    (void)state;
    test t;
    assert_int_equal(start(&t,
                           "      data: {type: source.formula, size: 8, batch: 4}\n"
                           "      encoder: {type: encoder.cnn, in: data, widths: [4]}\n"
                           "      z: {type: math.sample_gaussian, in: {mean: encoder, log_var: encoder.map}}\n"
                           "      loss: {type: loss.dot, in: z}\n"
                           "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n",
                           true),
                     SDAG_INVALID);
    assert_true(temp_says(t.p.log, "z: mean and log_var differ in shape"));
    pipeline_close(&t.p);
}

/* Code `id`, whatever the size of the batches. */
static void codes_of(double *to, const char *batch)
{
    char nodes[500];
    test t;
    snprintf(nodes, sizeof nodes,
             "      codes: {type: source.normal, count: 120, width: 25, batch: %s}\n"
             "      decoder: {type: projector.mlp, in: codes, widths: [3]}\n      loss: {type: loss.dot, in: decoder}\n"
             "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n",
             batch);
    assert_int_equal(start(&t, nodes, false), SDAG_OK);
    for (int64_t row = 0; row < 120;) {
        assert_int_equal(pipeline_step(&t.p), SDAG_OK);
        sdag_tensor y = value(&t, "codes", "code");
        for (int64_t i = 0; i < y.shape.d[0]; i++, row++)
            for (int k = 0; k < 25; k++) to[row * 25 + k] = (double)SDAG_DATA_F32(y)[i * 25 + k];
    }
    pipeline_close(&t.p);
}

static void test_normal(void **state)
{
    (void)state;
    static double a[120 * 25], b[120 * 25];
    codes_of(a, "40");
    codes_of(b, "24");
    assert_memory_equal(a, b, sizeof a);
    check_moments(a, 120 * 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_sizes_refused),
        cmocka_unit_test(test_gaussian),
        cmocka_unit_test(test_spots),
        cmocka_unit_test(test_noise_is_the_samples_own),
        cmocka_unit_test(test_sample_gaussian),
        cmocka_unit_test(test_sample_gaussian_refused),
        cmocka_unit_test(test_normal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
