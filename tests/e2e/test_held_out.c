/* A loss on held-out data, while its phase trains: the augmentation of the phase works on them, each sample counts
 * once, and the number is that of a pass of its own over them afterwards. Run from the root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "tests/support/child.h"
#include "tests/support/temp.h"

#define NOISE "ops: [{noise: {std: 0.3}}]"
static const char yaml[] =
    "version: 1\n"
    "phases:\n"
    "  a:\n"
    "    epochs: 2\n"
    "    nodes:\n"
    "      digits: {type: source.digits, fraction: 0.2, batch: 32}\n"
    "      noisy: {type: augment, in: digits, " NOISE "}\n"
    "      encoder: {type: encoder.mlp, in: noisy, widths: [24]}\n"
    "      decoder: {type: projector.mlp, in: encoder, widths: [64]}\n"
    "      loss: {type: loss.mse, in: {x: decoder, y: digits}}\n"
    "      optimizer: {type: optimizer.adamw, in: loss, lr: 3e-3}\n"
    "      held: {type: probe.loss, of: loss, data: {type: source.digits, split: test, batch: 100}, every: 1 epochs}\n"
    "      doubt: {type: probe.perplexity, of: loss, data: {type: source.digits, split: test, batch: 7}}\n"
    "      clean: {type: probe.loss, of: other, data: {type: source.digits, split: test, batch: 100}}\n"
    "      other: {type: loss.mse, in: {x: still, y: digits}}\n"
    "      still: {type: math.stop_gradient, in: decoder}\n"
    "      spread: {type: probe.collapse, of: encoder, data: {type: source.digits, split: test, batch: 50}}\n"
    "  b:\n"
    "    nodes:\n"
    "      test: {type: source.digits, split: test, batch: 1}\n"
    "      noisy: {type: augment, in: test, " NOISE "}\n"
    "      encoder: {use: a.encoder, in: noisy}\n"
    "      decoder: {use: a.decoder, in: encoder}\n"
    "      loss: {type: loss.mse, in: {x: decoder, y: test}}\n"
    "      mean: {type: probe.mean, in: loss}\n"
    "  c:\n" /* without the noise */
    "    nodes:\n"
    "      test: {type: source.digits, split: test, batch: 1}\n"
    "      encoder: {use: a.encoder, in: test}\n"
    "      decoder: {use: a.decoder, in: encoder}\n"
    "      loss: {type: loss.mse, in: {x: decoder, y: test}}\n"
    "      mean: {type: probe.mean, in: loss}\n";

static child c;

static void near(double x, double y)
{
    if (!(fabs(x / y - 1) < 1e-5)) fail_msg("%.9g is not %.9g", x, y);
}

static void test_held_out(void **state)
{
    (void)state;
    temp_write("held.yaml", yaml, strlen(yaml));
    child_run(&c, "run", "held.yaml", "--out", "run", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    const double held = run_metric("run", "a", "held"), mean = run_metric("run", "b", "mean"),
                 quiet = run_metric("run", "c", "mean");
    near(held, mean);
    assert_true(fabs(held / quiet - 1) > 0.01); /* the noise was there */
    near(run_metric("run", "a", "doubt"), exp(held));
    near(run_metric("run", "a", "clean"), held);
    const double std = run_metric("run", "a", "spread.std"), spread = run_metric("run", "a", "spread.spread"),
                 rank = run_metric("run", "a", "spread.rank");
    near(spread, std * sqrt(24));
    assert_true(spread > 0.2 && spread < 1 && rank > 2 && rank < 24);
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_held_out)};
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
