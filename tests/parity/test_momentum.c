/* Moving averages and a queue against PyTorch: ten steps of BYOL and of MoCo on the same pixels and weights, as their
 * papers' pseudocode has them (double precision, tests/parity/momentum_values.py). The loss of every step must agree,
 * and at the end all weights, those of the average, the running statistics of both, and the queue. momentum_values.h
 * says how far PyTorch's own float is from its double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "tests/parity/momentum_values.h"
#include "tests/support/formula.h"

static const char byol_yaml[] =
    "version: 1\nphases:\n  train:\n    steps: 10\n    nodes:\n"
    "      a: {type: source.formula, batch: 8}\n      b: {type: source.formula, batch: 8, key: other}\n"
    "      encoder: {type: encoder.cnn, in: [a, b], widths: [4, 8]}\n"
    "      projector: {type: projector.mlp, in: encoder, widths: [8, 6]}\n"
    "      predictor: {type: projector.mlp, in: projector, widths: [7, 6]}\n"
    "      target: {type: momentum, of: [encoder, projector], in: [a, b], momentum: {cosine: [0.9, 1.0]}}\n"
    "      loss: {type: loss.cosine, in: {online: predictor, target: target}, pairs: crossed}\n"
    "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.05, momentum: 0.9}\n";

static const char moco_yaml[] =
    "version: 1\nphases:\n  train:\n    steps: 10\n    nodes:\n"
    "      a: {type: source.formula, batch: 6}\n      b: {type: source.formula, batch: 6, key: other}\n"
    "      encoder: {type: encoder.cnn, in: a, widths: [4, 8]}\n"
    "      projector: {type: projector.mlp, in: encoder, widths: [8, 5], norm: false}\n"
    "      key: {type: momentum, of: [encoder, projector], in: b, momentum: 0.9}\n"
    "      queue: {type: memory.queue, in: key, size: 16}\n"
    "      loss: {type: loss.info_nce, in: {query: projector, positive: key, negatives: queue}, temperature: 0.2}\n"
    "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.05, momentum: 0.9}\n";

static void train(pipeline *p, const pipeline_options *o, const double *losses, size_t steps, const golden *end)
{
    double off = 0;
    if (pipeline_open(p, o)) fail_msg("the pipeline does not open:\n%s", o->yaml);
    assert_int_equal(p->steps, steps);
    for (size_t t = 0; t < steps; t++) {
        assert_int_equal(pipeline_step(p), SDAG_OK);
        off = golden_larger(off, fabs((double)pipeline_loss(p) / losses[t] - 1));
    }
    golden_within("losses", off, 5e-6);
    golden_within("weights, averages, statistics", golden_list(p, pipeline_state, end), 1e-5);
}

static void test_byol(void **state)
{
    (void)state;
    pipeline p;
    const pipeline_options o = {.yaml = byol_yaml, .types = formula_types, .fill = formula_weight, .train = true};
    train(&p, &o, byol_loss, sizeof byol_loss / sizeof *byol_loss, byol_end);
    pipeline_close(&p);
}

static void test_moco(void **state)
{
    (void)state;
    pipeline p;
    const pipeline_options o = {.yaml = moco_yaml, .types = formula_types, .fill = formula_weight, .train = true};
    train(&p, &o, moco_loss, sizeof moco_loss / sizeof *moco_loss, moco_end);
    assert_int_equal(*SDAG_DATA_I32(pipeline_state(&p, "queue", "queue_ptr")), moco_pointer);
    pipeline_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_byol), cmocka_unit_test(test_moco)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
