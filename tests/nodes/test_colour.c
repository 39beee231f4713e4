/* pretext.colorize, math.lab_to_rgb, math.annealed_mean and cross entropy of pixels, against the formulas in double
 * precision (tests/parity/colour_values.py) and written out here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "tests/nodes/colour_values.h"
#include "tests/support/formula.h"
#include "tests/support/pipeline.h"

#define COUNT(x) ((int64_t)(sizeof(x) / sizeof *(x)))

/* What the feed makes is kept where something reads it. */
static const char colours[] =
    "version: 1\nphases:\n  look:\n    nodes:\n"
    "      images: {type: source.formula, size: 4, batch: 3}\n"
    "      ten: {type: pretext.colorize, in: images}\n"
    "      ten_map: {type: encoder.cnn, in: ten.image, widths: [309]}\n"
    "      ten_loss: {type: loss.cross_entropy, in: {logits: ten_map.map, target: ten.label, weight: ten.weight}}\n"
    "      ten_mean: {type: math.annealed_mean, in: {logits: ten_map.map, values: ten.bins}}\n"
    "      ten_back: {type: math.lab_to_rgb, in: {l: ten.image, ab: ten.ab}}\n"
    "      ten_off: {type: loss.l1, in: {x: ten_back, y: ten.rgb}}\n"
    "      other: {type: pretext.colorize, in: images, grid: 25, uniform: 0.2, sigma: 0}\n"
    "      other_map: {type: encoder.cnn, in: other.image, widths: [70]}\n"
    "      other_loss: {type: loss.cross_entropy, in: {logits: other_map.map, target: other.label, weight:"
    " other.weight}}\n"
    "      other_mean: {type: math.annealed_mean, in: {logits: other_map.map, values: other.bins}}\n";

static void open_text(pipeline *p, const pipeline_options *o)
{
    if (pipeline_open(p, o)) fail_msg("the pipeline does not open:\n%s", o->yaml);
    assert_int_equal(pipeline_step(p), SDAG_OK);
}

static void near(sdag_tensor t, const double *want, int64_t n, double tolerance)
{
    assert_non_null(t.data);
    assert_int_equal(sdag_elems(&t.shape), n);
    for (int64_t i = 0; i < n; i++)
        if (!(fabs((double)SDAG_DATA_F32(t)[i] - want[i]) <= tolerance))
            fail_msg("[%d] is %.9g, expected %.9g", (int)i, (double)SDAG_DATA_F32(t)[i], want[i]);
}

static void same(sdag_tensor t, const double *want, int64_t n)
{
    assert_non_null(t.data);
    assert_int_equal(sdag_elems(&t.shape), n);
    for (int64_t i = 0; i < n; i++) assert_int_equal(SDAG_DATA_I32(t)[i], (int32_t)want[i]);
}

static void test_colorize(void **state)
{
    (void)state;
    pipeline p;
    const pipeline_options o = {.yaml = colours, .types = formula_types};
    open_text(&p, &o);
    assert_int_equal(COUNT(colour_bins_10), 2 * 309);
    near(pipeline_value(&p, "ten", "image"), colour_l, COUNT(colour_l), 1e-6);
    near(pipeline_value(&p, "ten", "ab"), colour_ab, COUNT(colour_ab), 1e-6);
    near(pipeline_value(&p, "ten", "bins"), colour_bins_10, COUNT(colour_bins_10), 1e-7);
    same(pipeline_value(&p, "ten", "label"), colour_label_10, COUNT(colour_label_10));
    near(pipeline_value(&p, "ten", "weight"), colour_weight_10, COUNT(colour_weight_10), 1e-5);
    near(pipeline_value(&p, "other", "bins"), colour_bins_25, COUNT(colour_bins_25), 1e-7);
    same(pipeline_value(&p, "other", "label"), colour_label_25, COUNT(colour_label_25));
    near(pipeline_value(&p, "other", "weight"), colour_weight_25, COUNT(colour_weight_25), 1e-5);
    pipeline_close(&p);
}

/* Taken apart and put together again. */
static void test_back(void **state)
{
    (void)state;
    pipeline p;
    const pipeline_options o = {.yaml = colours, .types = formula_types};
    open_text(&p, &o);
    sdag_tensor back = pipeline_value(&p, "ten_back", NULL), rgb = pipeline_value(&p, "ten", "rgb");
    assert_int_equal(sdag_elems(&back.shape), 3 * 4 * 4 * 3);
    for (int64_t i = 0; i < sdag_elems(&rgb.shape); i++)
        assert_true(fabs((double)SDAG_DATA_F32(back)[i] - (double)SDAG_DATA_F32(rgb)[i]) < 3e-6);
    pipeline_close(&p);
}

static const char scores[] = "version: 1\nphases:\n  train:\n    steps: 1\n    nodes:\n"
                             "      x: {type: test.weight, rows: 6, width: 5}\n"
                             "      v: {type: test.constant, rows: 5, width: 2}\n"
                             "      mean: {type: math.annealed_mean, in: {logits: x, values: v}, temperature: 0.38}\n"
                             "      loss: {type: loss.dot, in: mean}\n"
                             "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n";

static double annealed(const float *x, const float *v, int d)
{
    double sum = 0, all = 0;
    for (int q = 0; q < 5; q++) {
        const double e = exp((double)x[q] / 0.38);
        sum += e * (double)v[2 * q + d];
        all += e;
    }
    return sum / all;
}

static void test_annealed_mean(void **state)
{
    (void)state;
    pipeline p;
    const pipeline_options o = {.yaml = scores, .types = formula_types, .fill = formula_weight, .train = true};
    open_text(&p, &o);
    const float *x = pipeline_value(&p, "x", NULL).data, *v = pipeline_value(&p, "v", NULL).data;
    const float *y = pipeline_value(&p, "mean", NULL).data;
    double moved = 0;
    for (int i = 0; i < 12; i++) assert_true(fabs((double)y[i] - annealed(x + i / 2 * 5, v, i % 2)) < 1e-6);
    for (int i = 0; i < 30; i++) moved += fabs((double)SDAG_DATA_F32(pipeline_grad(&p, "x", "weight"))[i]);
    assert_true(moved > 0.1);
    pipeline_close(&p);
}

/* Rows of rank 3, a weight each. */
static const char pixels[] = "version: 1\nphases:\n  train:\n    steps: 1\n    nodes:\n"
                             "      images: {type: source.formula, size: 4, batch: 3}\n"
                             "      colour: {type: pretext.colorize, in: images, grid: 50}\n"
                             "      encoder: {type: encoder.cnn, in: colour.image, widths: [26]}\n"
                             "      loss: {type: loss.cross_entropy, in: {logits: encoder.map, target: colour.label,"
                             " weight: colour.weight}}\n"
                             "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n";

static void test_pixels(void **state)
{
    (void)state;
    pipeline p;
    const pipeline_options o = {.yaml = pixels, .types = formula_types, .fill = formula_weight, .train = true};
    open_text(&p, &o);
    const float *x = pipeline_value(&p, "encoder", "map").data, *w = pipeline_value(&p, "colour", "weight").data;
    const int32_t *t = pipeline_value(&p, "colour", "label").data;
    double sum = 0, all = 0;
    for (int i = 0; i < 48; i++, x += 26) {
        double e = 0;
        for (int k = 0; k < 26; k++) e += exp((double)x[k]);
        sum += (double)w[i] * (log(e) - (double)x[t[i]]);
        all += (double)w[i];
    }
    assert_true(fabs((double)pipeline_loss(&p) / (sum / all) - 1) < 1e-5);
    pipeline_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_colorize), cmocka_unit_test(test_back),
                                       cmocka_unit_test(test_annealed_mean), cmocka_unit_test(test_pixels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
