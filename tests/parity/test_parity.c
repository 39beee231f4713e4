/* Parity with PyTorch: the same pixels, labels and weights go through pipelines written in YAML and through PyTorch (in
 * double precision, tests/parity/values.py), and features, losses, gradients, statistics and trained weights must
 * agree.
 *
 * Each check has its tolerance, relative to the largest number of a tensor (or to its length, for sums); what was found
 * is printed. values.h says beside each case how far PyTorch's own float is from its double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/rng.h"
#include "tests/parity/values.h"
#include "tests/support/formula.h"
#include "tests/support/golden.h"
#include "tests/support/pipeline.h"

enum { TEXT_MAX = 2000 };

static const char *yaml(char text[TEXT_MAX], const char *length, const char *nodes)
{
    int n = snprintf(text, TEXT_MAX, "version: 1\nname: parity\nphases:\n  train:\n%s    nodes:\n%s", length, nodes);
    assert_true(n > 0 && n < TEXT_MAX);
    return text;
}

static void start(pipeline *p, const pipeline_options *o)
{
    pipeline_options *copy = malloc(sizeof *copy);
    assert_non_null(copy);
    *copy = *o;
    copy->types = formula_types;
    copy->fill = formula_weight;
    if (pipeline_open(p, copy)) fail_msg("the pipeline does not open:\n%s", o->yaml);
}

static void end(pipeline *p)
{
    const pipeline_options *o = p->options;
    pipeline_close(p);
    free((void *)o);
}

/* ---- networks */

typedef struct network {
    const char *name, *source, *encoder;
    const double *eval, *train;
    size_t n;
    const golden *grads, *stats;
    double tolerance; /* of features and statistics in training; gradients: ten times that */
} network;

#define NETWORK(id) id##_eval, id##_train, sizeof id##_eval / sizeof *id##_eval, id##_grads, id##_stats

static const char *network_yaml(char text[TEXT_MAX], const network *n, const char *optimizer)
{
    char nodes[TEXT_MAX / 2];
    snprintf(nodes, sizeof nodes,
             "      data: {type: source.formula, %s}\n      encoder: {type: encoder.resnet, in: data, %s}\n"
             "      loss: {type: loss.dot, in: encoder}\n      optimizer: {type: optimizer.%s, in: loss}\n",
             n->source, n->encoder, optimizer);
    return yaml(text, "    steps: 1\n", nodes);
}

static void check_network(const network *n)
{
    char text[TEXT_MAX], what[200];
    pipeline p;
    network_yaml(text, n, "sgd, lr: 0");
    start(&p, &(pipeline_options){.yaml = text});
    assert_int_equal(pipeline_step(&p), SDAG_OK);
    snprintf(what, sizeof what, "%s: features, inference", n->name);
    golden_within(what, golden_numbers(pipeline_value(&p, "encoder", "features"), n->eval, n->n), 5e-6);
    end(&p);

    start(&p, &(pipeline_options){.yaml = text, .train = true});
    assert_int_equal(pipeline_step(&p), SDAG_OK);
    snprintf(what, sizeof what, "%s: features, training", n->name);
    golden_within(what, golden_numbers(pipeline_value(&p, "encoder", "features"), n->train, n->n), n->tolerance);
    snprintf(what, sizeof what, "%s: running statistics", n->name);
    golden_within(what, golden_list(&p, pipeline_state, n->stats), n->tolerance);
    snprintf(what, sizeof what, "%s: gradients", n->name);
    golden_within(what, golden_list(&p, pipeline_grad, n->grads), 10 * n->tolerance);
    assert_int_equal(*SDAG_DATA_I32(pipeline_state(&p, "encoder", "bn1.num_batches_tracked")), 1);
    end(&p);
}

static const network small18 = {"ResNet-18, small stem", "size: 16, batch: 6", "depth: 18, stem: small, width: 8",
                                NETWORK(small18), 2e-5};

static void resnet18_small(void **state)
{
    (void)state;
    check_network(&small18);
}

static void resnet18_imagenet(void **state)
{
    (void)state;
    check_network(&(network){"ResNet-18, ImageNet stem", "size: 36, batch: 4", "depth: 18, stem: imagenet, width: 4",
                             NETWORK(imagenet18), 2e-5});
}

static void resnet50_small(void **state)
{
    (void)state;
    check_network(&(network){"ResNet-50, small stem", "size: 20, batch: 5", "depth: 50, stem: small, width: 4",
                             NETWORK(small50), 1e-4});
}

/* ---- losses on a trained matrix: its gradient is the loss's own */

typedef struct matrix_grad {
    const char *node;
    const double *want;
    size_t n;
} matrix_grad;

static void check_loss(const char *name, const char *nodes, const loss_case *c, int n_grads, const matrix_grad *grads)
{
    char text[TEXT_MAX], what[200];
    pipeline p;
    start(&p, &(pipeline_options){.yaml = yaml(text, "    steps: 1\n", nodes), .train = true});
    assert_int_equal(pipeline_step(&p), SDAG_OK);
    snprintf(what, sizeof what, "%s%s: loss", name, c->options);
    golden_within(what, fabs((double)pipeline_loss(&p) / c->loss - 1), 1e-6);
    double off = 0;
    for (int i = 0; i < n_grads; i++)
        off = golden_larger(off, golden_numbers(pipeline_grad(&p, grads[i].node, "weight"), grads[i].want, grads[i].n));
    snprintf(what, sizeof what, "%s%s: gradient", name, c->options);
    golden_within(what, off, 2e-6);
    end(&p);
}

static void nt_xent(void **state)
{
    (void)state;
    for (const loss_case *c = nt_xent_cases; c->options; c++) {
        char nodes[TEXT_MAX / 2];
        snprintf(nodes, sizeof nodes,
                 "      za: {type: test.weight, rows: 5, width: 7}\n      zb: {type: test.weight, rows: 5, width: 7}\n"
                 "      loss: {type: loss.nt_xent, in: [za, zb]%s}\n"
                 "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n",
                 c->options);
        check_loss("NT-Xent", nodes, c, 2, (matrix_grad[]){{"za", c->grad, 35}, {"zb", c->grad + 35, 35}});
    }
}

static void cross_entropy(void **state)
{
    (void)state;
    for (const loss_case *c = cross_entropy_cases; c->options; c++) {
        char nodes[TEXT_MAX / 2], name[64];
        const char *target = !strcmp(c->target, "soft")           ? "test.constant, rows: 6, width: 5, key: soft"
                             : !strcmp(c->target, "partly.label") ? "source.formula, batch: 6, unknown: 4"
                                                                  : "source.formula, batch: 6";
        snprintf(nodes, sizeof nodes,
                 "      %.*s: {type: %s}\n      logits: {type: test.weight, rows: 6, width: 5, scale: 3}\n"
                 "      loss: {type: loss.cross_entropy, in: {logits: logits, target: %s}%s}\n"
                 "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n",
                 (int)strcspn(c->target, "."), c->target, target, c->target, c->options);
        snprintf(name, sizeof name, "cross-entropy of %s", c->target);
        check_loss(name, nodes, c, 1, (matrix_grad[]){{"logits", c->grad, 30}});
    }
}

/* ---- two views and one network */

static void check_views(const char *batching, double loss, const golden *grads, const golden *stats)
{
    char text[TEXT_MAX], nodes[TEXT_MAX / 2], what[200];
    pipeline p;
    snprintf(nodes, sizeof nodes,
             "      a: {type: source.formula, batch: 6}\n      b: {type: source.formula, batch: 6, key: other}\n"
             "      encoder: {type: encoder.cnn, in: [a, b], widths: [6, 8], batching: %s}\n"
             "      projector: {type: projector.mlp, in: encoder, widths: [8, 5], batching: %s}\n"
             "      loss: {type: loss.nt_xent, in: projector}\n"
             "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n",
             batching, batching);
    start(&p, &(pipeline_options){.yaml = yaml(text, "    steps: 1\n", nodes), .train = true});
    assert_int_equal(pipeline_step(&p), SDAG_OK);
    snprintf(what, sizeof what, "SimCLR, %s statistics: loss", batching);
    golden_within(what, fabs((double)pipeline_loss(&p) / loss - 1), 1e-6);
    snprintf(what, sizeof what, "SimCLR, %s statistics: gradients", batching);
    golden_within(what, golden_list(&p, pipeline_grad, grads), 2e-5);
    snprintf(what, sizeof what, "SimCLR, %s statistics: running ones", batching);
    golden_within(what, golden_list(&p, pipeline_state, stats), 2e-6);
    end(&p);
}

static void views(void **state)
{
    (void)state;
    check_views("joint", views_joint_loss, views_joint_grads, views_joint_stats);
    check_views("separate", views_separate_loss, views_separate_grads, views_separate_stats);
}

/* ---- training */

enum { STEPS = 20 };

static void training(void **state)
{
    (void)state;
    for (const training_case *c = training_cases; c->optimizer; c++) {
        char text[TEXT_MAX], nodes[TEXT_MAX / 2];
        double off = 0;
        pipeline p;
        snprintf(nodes, sizeof nodes,
                 "      data: {type: source.formula, batch: 8}\n"
                 "      encoder: {type: encoder.cnn, in: data, widths: [4, 8]}\n"
                 "      head: {type: head.classifier, in: encoder, classes: 5}\n"
                 "      loss: {type: loss.cross_entropy, in: {logits: head, target: data.label}}\n"
                 "      optimizer: {%s, in: loss}\n",
                 c->optimizer);
        start(&p, &(pipeline_options){.yaml = yaml(text, "    steps: 20\n", nodes), .train = true});
        for (int t = 0; t < STEPS; t++) {
            assert_int_equal(pipeline_step(&p), SDAG_OK);
            off = golden_larger(off, fabs((double)pipeline_loss(&p) / c->loss[t] - 1));
        }
        print_message("  %s\n", c->optimizer);
        golden_within("  loss of 20 steps", off, 2e-6);
        golden_within("  weights and statistics after them", golden_list(&p, pipeline_state, c->end), 2e-5);
        end(&p);
    }
}

static void schedules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof schedule_cases / sizeof *schedule_cases; i++) {
        char text[TEXT_MAX], nodes[TEXT_MAX / 2];
        double off = 0;
        pipeline p;
        snprintf(nodes, sizeof nodes,
                 "      data: {type: source.formula, count: 24, batch: 4}\n"
                 "      head: {type: head.classifier, in: data, classes: 5}\n"
                 "      loss: {type: loss.cross_entropy, in: {logits: head, target: data.label}}\n"
                 "      optimizer: {type: optimizer.sgd, in: loss, lr: %s}\n",
                 schedule_cases[i].yaml);
        start(&p, &(pipeline_options){.yaml = yaml(text, "    epochs: 5\n", nodes), .train = true});
        assert_int_equal(p.steps, 30);
        const sdag_schedule *s = p.lowered->program.schedules.at[0].schedule;
        for (int64_t t = 0; t < p.steps; t++) {
            double rate = (double)sdag_schedule_at(s, t, p.steps, p.steps_per_epoch);
            off = golden_larger(off, fabs(rate - schedule_cases[i].rates[t]));
        }
        golden_within(schedule_cases[i].yaml, off, 1e-7);
        end(&p);
    }
}

/* ---- the same bits, whatever the threads do */

static uint64_t bits_more(uint64_t h, sdag_tensor t)
{
    assert_non_null(t.data);
    const uint8_t *bytes = t.data;
    for (int64_t k = 0; k < sdag_elems(&t.shape) * 4; k++) h = (h ^ bytes[k]) * 1099511628211u;
    return h;
}

/* FNV-1a over the bits of the last map, the gradients, the weights and the statistics after two steps. */
static uint64_t bits_of(int threads, bool hostile)
{
    char text[TEXT_MAX];
    pipeline p;
    uint64_t h = 14695981039346656037u;
    network_yaml(text, &small18, "lars, lr: 0.1, weight_decay: 1e-4, clip: 1");
    start(&p, &(pipeline_options){.yaml = text, .train = true, .threads = threads, .hostile = hostile});
    for (int t = 0; t < 2; t++) assert_int_equal(pipeline_step(&p), SDAG_OK);
    h = bits_more(h, pipeline_value(&p, "encoder", "map"));
    for (const golden *g = small18.grads; g->name; g++) {
        const char *name = strchr(g->name, '.') + 1;
        h = bits_more(h, pipeline_grad(&p, "encoder", name));
        h = bits_more(h, pipeline_state(&p, "encoder", name));
    }
    for (const golden *g = small18.stats; g->name; g++)
        h = bits_more(h, pipeline_state(&p, "encoder", strchr(g->name, '.') + 1));
    end(&p);
    return h;
}

static void same_bits(void **state)
{
    (void)state;
    const uint64_t one = bits_of(1, false);
    for (int threads = 2; threads <= 4; threads++) assert_true(bits_of(threads, false) == one);
    assert_true(bits_of(3, true) == one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nt_xent),           cmocka_unit_test(cross_entropy),  cmocka_unit_test(views),
        cmocka_unit_test(training),          cmocka_unit_test(schedules),      cmocka_unit_test(resnet18_small),
        cmocka_unit_test(resnet18_imagenet), cmocka_unit_test(resnet50_small), cmocka_unit_test(same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
