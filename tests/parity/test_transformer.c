/* Transformers against PyTorch: the same weights and tokens by formula go through pipelines and through GPT and BERT
 * written out in PyTorch (double precision, tests/parity/transformer_values.py); features, losses and the gradient of
 * every weight must agree, and so must twenty steps of training. transformer_values.h says beside each case how far
 * PyTorch's own float is from its double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/ops/ops.h"
#include "tests/parity/transformer_values.h"
#include "tests/support/formula.h"
#include "tests/support/golden.h"

enum { TEXT_MAX = 2000, SAMPLES = 3, LENGTH = 7, VOCAB = 5 };

/* ---- test.tokens: labels as text. Of every LENGTH + 1 labels, all but the last are the input, all but the first the
 * target. */

static const sdag_port tokens_ins[] = {{"in", "i32[N]", "labels", 0}, {0}};
static const sdag_port tokens_outs[] = {{"input", "i32[B,T]", "tokens", 0},
                                        {"target", "i32[B,T]", "the next ones", 0},
                                        {"first", "i32[B]", "the first token", 0},
                                        {0}};

static void tokens_lower(sdag_build *b, const sdag_node *self)
{
    sdag_val all = sdag_op_reshape(b, sdag_in(b, self, "in"), SDAG_SHAPE(SAMPLES, LENGTH + 1));
    sdag_out(b, self, "input", sdag_op_slice(b, all, 1, 0, LENGTH));
    sdag_out_beside(b, self, "input", &(sdag_beside){.vocab = VOCAB});
    sdag_out(b, self, "target", sdag_op_slice(b, all, 1, 1, LENGTH + 1));
    sdag_out(b, self, "first", sdag_op_reshape(b, sdag_op_slice(b, all, 1, 0, 1), SDAG_SHAPE(SAMPLES)));
}

static const sdag_node_type tokens_type = {
    .name = "test.tokens",
    .brief = "Labels as text.",
    .role = SDAG_ROLE_PRETEXT,
    .ins = tokens_ins,
    .outs = tokens_outs,
    .lower = tokens_lower,
    .example = "{type: test.tokens, in: data.label}",
};

/* ---- pipelines */

static const sdag_node_type *types[16];

static void start(pipeline *p, pipeline_options *o, char text[TEXT_MAX], const char *encoder, const char *head,
                  const char *loss, const char *optimizer, int steps)
{
    int n = snprintf(text, TEXT_MAX,
                     "version: 1\nphases:\n  train:\n    steps: %d\n    nodes:\n"
                     "      data: {type: source.formula, size: 1, channels: 1, count: 96, batch: %d, classes: %d}\n"
                     "      tokens: {type: test.tokens, in: data.label}\n"
                     "      encoder: {type: encoder.transformer, in: tokens, %s}\n"
                     "      head: {type: %s}\n      loss: {type: loss.cross_entropy, in: {logits: head, %s}\n"
                     "      optimizer: {type: optimizer.%s, in: loss}\n",
                     steps, SAMPLES * (LENGTH + 1), VOCAB, encoder, head, loss, optimizer);
    assert_true(n > 0 && n < TEXT_MAX);
    int k = 0;
    for (; formula_types[k]; k++) types[k] = formula_types[k];
    types[k] = &tokens_type;
    *o = (pipeline_options){.yaml = text, .types = types, .fill = formula_weight, .train = true};
    if (pipeline_open(p, o)) fail_msg("the pipeline does not open:\n%s", text);
}

static void check_case(const transformer_case *c)
{
    char text[TEXT_MAX], head[200];
    const bool pooled = !strcmp(c->out, "pooled"), masked = !strcmp(c->out, "masked");
    pipeline p;
    pipeline_options o;
    snprintf(head, sizeof head, pooled ? "%s, in: encoder.pooled, classes: 5" : "%s, in: encoder", c->head);
    start(&p, &o, text, c->encoder, head,
          pooled   ? "target: tokens.first}"
          : masked ? "target: tokens.target}, ignore_index: 3"
                   : "target: tokens.target}",
          "sgd, lr: 0", 1);
    assert_int_equal(pipeline_step(&p), SDAG_OK);
    print_message("  %s\n", c->what);
    golden_within("  value",
                  golden_numbers(pipeline_value(&p, "encoder", pooled ? "pooled" : "features"), c->value, c->n), 5e-6);
    golden_within("  loss", fabs((double)pipeline_loss(&p) / c->loss - 1), 1e-6);
    golden_within("  gradients", golden_list(&p, pipeline_grad, c->grads), 1e-5);
    pipeline_close(&p);
}

static void test_cases(void **state)
{
    (void)state;
    for (const transformer_case *c = cases; c->what; c++) check_case(c);
}

static void test_training(void **state)
{
    (void)state;
    char text[TEXT_MAX];
    double off = 0;
    pipeline p;
    pipeline_options o;
    const int steps = sizeof training_loss / sizeof *training_loss;
    start(&p, &o, text, "layers: 2, heads: 2, width: 12, causal: true, bias: false", "head.tokens, in: encoder",
          "target: tokens.target}",
          "adamw, lr: {cosine: [1e-2, 1e-3], warmup: 5 steps}, betas: [0.9, 0.99], weight_decay: 0.1, "
          "exclude: [vector], clip: 0.5",
          steps);
    for (int t = 0; t < steps; t++) {
        assert_int_equal(pipeline_step(&p), SDAG_OK);
        off = golden_larger(off, fabs((double)pipeline_loss(&p) / training_loss[t] - 1));
    }
    golden_within("losses of 20 steps", off, 5e-6);
    golden_within("weights after them", golden_list(&p, pipeline_state, training_end), 1e-5);
    pipeline_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_training)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
