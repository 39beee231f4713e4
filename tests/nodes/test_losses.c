/* Losses: what a mask leaves out, options that change the sum, bytes as targets, and where the gradient stops. Values
 * and gradients of every loss against PyTorch are in tests/parity/test_losses.c, what they refuse in tests/bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/rng.h"
#include "tests/support/formula.h"
#include "tests/support/pipeline.h"

enum { B = 4, H = 3, C = 3, PIXELS = H * H * C, D = 5 };

static pipeline p;
static char text[3000];
static pipeline_options options = {.yaml = text, .types = formula_types, .fill = formula_weight};

#define WEIGHT(name) "      " name ": {type: test.weight, rows: 4, width: 5}\n"
#define COPY(name, of) "      " name ": {type: math.stop_gradient, in: " of "}\n"
#define LOSS(...) "      loss: {type: loss." __VA_ARGS__ "}\n"

/* One step of nodes; with an optimizer of `loss` when train. */
static void run(const char *nodes, bool train)
{
    int n = snprintf(text, sizeof text, "version: 1\nphases:\n  a:\n%s    nodes:\n%s%s", train ? "    steps: 1\n" : "",
                     nodes,
                     train ? "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n"
                           : "      mean: {type: probe.mean, in: loss}\n");
    assert_true(n > 0 && n < (int)sizeof text);
    options.train = train;
    if (pipeline_open(&p, &options)) fail_msg("the pipeline does not open:\n%s", text);
    assert_int_equal(pipeline_step(&p), SDAG_OK);
}

static double loss(const char *nodes)
{
    run(nodes, false);
    double v = (double)*SDAG_DATA_F32(pipeline_value(&p, "loss", NULL));
    pipeline_close(&p);
    return v;
}

static void near(double x, double y)
{
    if (!(fabs(x - y) <= 2e-6 * (fabs(y) + 1e-3))) fail_msg("%.9g is not %.9g", x, y);
}

/* ---- reconstruction: images of bytes against images of bytes, a mask with one channel */

static const char *const kinds[] = {"mse", "l1", "bce, logits: false"};

static double distance(int kind, double x, double y)
{
    const double p1 = fmin(fmax(x, 1e-7), 1 - 1e-7);
    return kind == 0 ? (x - y) * (x - y) : kind == 1 ? fabs(x - y) : -y * log(p1) - (1 - y) * log(1 - p1);
}

#define IMAGES                                             \
    "      x: {type: source.formula, size: 3, batch: 4}\n" \
    "      y: {type: source.formula, size: 3, batch: 4, key: other}\n"

#define MASK "      m: {type: source.formula, size: 3, batch: 4, channels: 1, key: mask}\n"

static void pixels(double *out, const char *key, int channels)
{
    char shade[32];
    snprintf(shade, sizeof shade, "%s.shade", key);
    for (uint32_t i = 0, n = (uint32_t)(H * H * channels); i < B * n; i++)
        out[i] = ((formula_word(sdag_hash32(key), i) >> 25) +
                  (formula_word(sdag_hash32(shade), i / n * 8 + i % n % (uint32_t)channels) >> 25)) /
                 255.0;
}

static void test_reconstruction(void **state)
{
    (void)state;
    double x[B * PIXELS], y[B * PIXELS], m[B * H * H];
    pixels(x, "pixels", C);
    pixels(y, "other", C);
    pixels(m, "mask", 1);
    for (int kind = 0; kind < 3; kind++)
        for (int masked = 0; masked < 2; masked++)
            for (int sum = 0; sum < 2; sum++) {
                char nodes[1000];
                snprintf(nodes, sizeof nodes, IMAGES "%s" LOSS("%s, in: {x: x, y: y%s}, sum: %s"), masked ? MASK : "",
                         kinds[kind], masked ? ", mask: m" : "", sum ? "true" : "false");
                double total = 0, weight = 0;
                for (int i = 0; i < B * PIXELS; i++) {
                    const double w = masked ? m[i / C] : 1;
                    total += w * distance(kind, x[i], y[i]);
                    weight += w;
                }
                near(loss(nodes), total / (sum ? B : weight));
            }
}

/* ---- a mask of nothing: no loss and no gradient, and nothing is divided by 0 */

static void test_mask_of_nothing(void **state)
{
    (void)state;
    run(WEIGHT("x") "      y: {type: test.constant, rows: 4, width: 5}\n"
                    "      m: {type: test.weight, rows: 4, width: 5, scale: 0}\n" LOSS(
                        "mse, in: {x: x, y: y, mask: m}"),
        true);
    assert_true(pipeline_loss(&p) == 0);
    const float *g = SDAG_DATA_F32(pipeline_grad(&p, "x", "weight"));
    for (int i = 0; i < B * D; i++) assert_true(g[i] == 0);
    pipeline_close(&p);
}

/* ---- sums of losses, and the Gaussian that is the standard one already */

#define X_Y WEIGHT("x") "      y: {type: test.weight, rows: 4, width: 5, scale: 2}\n"
#define ONE "      one: {type: loss.mse, in: {x: x, y: y}}\n"
#define TWO "      two: {type: loss.kl, in: {mean: x, log_var: y}}\n"

static void test_sum(void **state)
{
    (void)state;
    const double one = loss(X_Y ONE LOSS("sum, in: one")), two = loss(X_Y TWO LOSS("sum, in: two"));
    assert_true(one > 0.01 && two > 0.01);
    near(loss(X_Y ONE TWO LOSS("sum, in: [one, two]")), one + two);
    near(loss(X_Y ONE TWO LOSS("sum, in: [one, two], weights: [0.5, -3]")), one / 2 - 3 * two);
    near(loss(X_Y TWO LOSS("sum, in: two, weights: 0.25")), two / 4);
    near(loss("      z: {type: test.weight, rows: 4, width: 5, scale: 0}\n" LOSS("kl, in: {mean: z, log_var: z}")), 0);
}

/* ---- pairs: which view meets which, and where the gradient goes */

#define VIEWS WEIGHT("p0") WEIGHT("p1") WEIGHT("z0") WEIGHT("z1")

static double loss_of(const char *nodes, const char *kind, const char *one, const char *other, const char *more)
{
    char all[1500];
    int n = snprintf(all, sizeof all, "%s" LOSS("%s: %s, %s: %s}%s"), nodes,
                     strcmp(kind, "cosine") ? "info_nce, in: {query" : "cosine, in: {online", one,
                     strcmp(kind, "cosine") ? "positive" : "target", other, more);
    assert_true(n > 0 && n < (int)sizeof all);
    return loss(all);
}

static void test_pairs(void **state)
{
    (void)state;
    static const char *const names[] = {"cosine", "info_nce"};
    for (int k = 0; k < 2; k++) {
        const double p0z0 = loss_of(WEIGHT("p0") WEIGHT("z0"), names[k], "p0", "z0", ""),
                     p0z1 = loss_of(WEIGHT("p0") WEIGHT("z1"), names[k], "p0", "z1", ", pairs: same"),
                     p1z0 = loss_of(WEIGHT("p1") WEIGHT("z0"), names[k], "p1", "z0", ""),
                     p1z1 = loss_of(WEIGHT("p1") WEIGHT("z1"), names[k], "p1", "z1", "");
        near(loss_of(VIEWS, names[k], "[p0, p1]", "[z0, z1]", ""), (p0z1 + p1z0) / 2);
        near(loss_of(VIEWS, names[k], "[p0, p1]", "[z0, z1]", ", pairs: same"), (p0z0 + p1z1) / 2);
        near(
            loss_of(VIEWS COPY("q0", "p0") COPY("y0", "z0"), names[k], "[p0, p1, q0]", "[z0, z1, y0]", ", pairs: same"),
            (2 * p0z0 + p1z1) / 3);
    }
    assert_true(fabs(loss_of(WEIGHT("p0"), "cosine", "p0", "p0", "")) < 1e-6);
    near(loss_of(WEIGHT("p0"), "cosine", "p0", "p0", ", form: negative"), -1);
}

/* The gradient is that of one side when the other is held still, and the value does not change. */
static void test_stop_gradient(void **state)
{
    (void)state;
    float value, g[B * D], most = 0;
    run(VIEWS LOSS("cosine, in: {online: [p0, p1], target: [z0, z1]}"), true);
    value = pipeline_loss(&p);
    memcpy(g, pipeline_grad(&p, "p0", "weight").data, sizeof g);
    const float *other = SDAG_DATA_F32(pipeline_grad(&p, "z0", "weight"));
    for (int i = 0; i < B * D; i++) most = fmaxf(most, fabsf(other[i]));
    assert_true(most > 0.01f);
    pipeline_close(&p);

    run(VIEWS "      still: {type: math.stop_gradient, in: [z0, z1]}\n"
              "      both: {type: loss.cosine, in: {online: [p0, p1], target: still}}\n"
              "      lone: {type: loss.mse, in: {x: z0, y: z1}}\n" /* so that a gradient, of 0, reaches z0 */
        LOSS("sum, in: [both, lone], weights: [1, 0]"),
        true);
    assert_true(pipeline_loss(&p) == value);
    assert_memory_equal(g, pipeline_grad(&p, "p0", "weight").data, sizeof g);
    other = SDAG_DATA_F32(pipeline_grad(&p, "z0", "weight"));
    for (int i = 0; i < B * D; i++) assert_true(other[i] == 0);
    pipeline_close(&p);
}

/* ---- correlations: 0 where they are what they should be */

#define PAIR WEIGHT("p0") WEIGHT("z0")
#define TWICE WEIGHT("p0") COPY("q0", "p0")

static void test_correlations(void **state)
{
    (void)state;
    const double plain = loss(PAIR LOSS("barlow_twins, in: [p0, z0]"));
    near(loss(PAIR LOSS("barlow_twins, in: [p0, z0], scale: 0.25")), plain / 4);
    /* a view with itself: the diagonal is var / (var + eps), and only the others are left */
    const double once = loss(TWICE LOSS("barlow_twins, in: [p0, q0]")),
                 twice = loss(TWICE LOSS("barlow_twins, in: [p0, q0], lambda: 0.01"));
    assert_true(once > 1e-3 && fabs(twice / once - 2) < 1e-4);
    assert_true(loss(TWICE LOSS("barlow_twins, in: [p0, q0], lambda: 0")) < 1e-6);

    const double agree = loss(PAIR LOSS("vicreg, in: [p0, z0], variance: 0, covariance: 0")),
                 vary = loss(PAIR LOSS("vicreg, in: [p0, z0], invariance: 0, covariance: 0")),
                 apart = loss(PAIR LOSS("vicreg, in: [p0, z0], invariance: 0, variance: 0"));
    assert_true(agree > 1e-3 && vary > 1e-3 && apart > 1e-3);
    near(loss(PAIR LOSS("vicreg, in: [p0, z0]")), agree + vary + apart);
    near(loss(PAIR LOSS("vicreg, in: [p0, z0], covariance: 0, variance: 0, invariance: 50")), 2 * agree);
    near(loss(TWICE LOSS("vicreg, in: [p0, q0], covariance: 0, target: 0")), 0);
}

/* ---- logits far out: no infinity, and the gradient is sigmoid(x) - y */

static void test_far_logits(void **state)
{
    (void)state;
    run("      x: {type: test.weight, rows: 4, width: 5, scale: 500}\n"
        "      y: {type: test.constant, rows: 4, width: 5}\n" LOSS("bce, in: {x: x, y: y}, sum: true"),
        true);
    const float *x = SDAG_DATA_F32(pipeline_value(&p, "x", NULL)), *y = SDAG_DATA_F32(pipeline_value(&p, "y", NULL));
    const float *g = SDAG_DATA_F32(pipeline_grad(&p, "x", "weight"));
    double sum = 0;
    for (int i = 0; i < B * D; i++) {
        const double u = (double)x[i], v = (double)y[i];
        sum += fmax(u, 0) - u * v + log1p(exp(-fabs(u)));
        near((double)g[i], 500 * (1 / (1 + exp(-u)) - v) / B);
    }
    near((double)pipeline_loss(&p), sum / B);
    pipeline_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reconstruction),
        cmocka_unit_test(test_mask_of_nothing),
        cmocka_unit_test(test_sum),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_stop_gradient),
        cmocka_unit_test(test_correlations),
        cmocka_unit_test(test_far_logits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
