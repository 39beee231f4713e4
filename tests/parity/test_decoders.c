/* Decoders of images against PyTorch: the same weights by formula go through pipelines and through torch.nn.Sequential
 * (double precision, tests/parity/decoder_values.py). Images, in inference and in training, running statistics and the
 * gradient of every weight must agree, under the names that PyTorch gives them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "tests/parity/decoder_values.h"
#include "tests/support/formula.h"

enum { TEXT_MAX = 1000 };

static void start(pipeline *p, pipeline_options *o, char text[TEXT_MAX], const decoder_case *c, bool train)
{
    int n = snprintf(text, TEXT_MAX,
                     "version: 1\nphases:\n  train:\n    steps: 1\n    nodes:\n      %s\n"
                     "      decoder: {type: decoder.conv, %s}\n      loss: {type: loss.dot, in: decoder}\n"
                     "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n",
                     c->nodes, c->decoder);
    assert_true(n > 0 && n < TEXT_MAX);
    *o = (pipeline_options){.yaml = text, .types = formula_types, .fill = formula_weight, .train = train};
    if (pipeline_open(p, o)) fail_msg("the pipeline does not open:\n%s", text);
    assert_int_equal(pipeline_step(p), SDAG_OK);
}

static void test_cases(void **state)
{
    (void)state;
    for (const decoder_case *c = decoder_cases; c->nodes; c++) {
        char text[TEXT_MAX];
        pipeline p;
        pipeline_options o;
        print_message("  %s\n", c->decoder);
        start(&p, &o, text, c, false);
        golden_within("  image, inference", golden_list(&p, pipeline_value, c->eval), 5e-6);
        pipeline_close(&p);
        start(&p, &o, text, c, true);
        golden_within("  image, training", golden_list(&p, pipeline_value, c->train), 5e-6);
        golden_within("  running statistics", golden_list(&p, pipeline_state, c->stats), 5e-6);
        golden_within("  gradients", golden_list(&p, pipeline_grad, c->grads), 1e-5);
        pipeline_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
