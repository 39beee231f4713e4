/* Vision transformers against PyTorch: the same weights and images by formula go through pipelines and through ViT, MAE
 * and SimMIM written out in PyTorch (double precision, tests/parity/vit_values.py); what comes out and the gradient of
 * every weight must agree. vit_values.h says beside each case how far PyTorch's own float is from its double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "core/ops/ops.h"
#include "tests/parity/vit_values.h"
#include "tests/support/formula.h"
#include "tests/support/golden.h"

enum { TEXT_MAX = 2000, BATCH = 3, TOKENS = 16, SEEN = 5 };

/* ---- test.hide: patches chosen by a formula that the script has, too. */

static const sdag_port hide_ins[] = {{"in", "f32[B,H,W,C]", "images", 0}, {0}};
static const sdag_port hide_outs[] = {{"visible", "i32[B,K]", "", 0}, {"mask", "f32[B,N]", "", 0}, {0}};

static void hide_lower(sdag_build *b, const sdag_node *self)
{
    int32_t visible[BATCH * SEEN];
    float mask[BATCH * TOKENS];
    for (int i = 0; i < BATCH * SEEN; i++) visible[i] = 3 * (i % SEEN) + (i / SEEN + i % SEEN) % 3;
    for (int i = 0; i < BATCH * TOKENS; i++) {
        const int k = i % TOKENS;
        mask[i] = (k * k + i / TOKENS) % 3 == 0 ? 1.0f : 0.0f;
    }
    sdag_out(b, self, "visible", sdag_const(b, SDAG_DT_I32, SDAG_SHAPE(BATCH, SEEN), visible));
    sdag_out(b, self, "mask", sdag_const(b, SDAG_DT_F32, SDAG_SHAPE(BATCH, TOKENS), mask));
}

static const sdag_node_type hide_type = {
    .name = "test.hide",
    .brief = "Patches by formula.",
    .role = SDAG_ROLE_PRETEXT,
    .ins = hide_ins,
    .outs = hide_outs,
    .lower = hide_lower,
    .example = "{type: test.hide, in: data}",
};

/* ---- one step of every case */

static void check_case(const vit_case *c)
{
    static const sdag_node_type *types[16];
    char text[TEXT_MAX];
    int n = snprintf(text, sizeof text,
                     "version: 1\nphases:\n  train:\n    steps: 1\n    nodes:\n"
                     "      data: {type: source.formula, size: 8, channels: 3, batch: 3}\n%s"
                     "      loss: {type: loss.dot, in: %s}\n      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n",
                     c->nodes, c->last);
    assert_true(n > 0 && n < TEXT_MAX);
    int k = 0;
    for (; formula_types[k]; k++) types[k] = formula_types[k];
    types[k] = &hide_type;
    pipeline p;
    pipeline_options o = {.yaml = text, .types = types, .fill = formula_weight, .train = true};
    if (pipeline_open(&p, &o)) fail_msg("the pipeline does not open:\n%s", text);
    assert_int_equal(pipeline_step(&p), SDAG_OK);
    print_message("  %s\n", c->what);
    golden_within("  value", golden_list(&p, pipeline_value, c->y), 5e-6);
    golden_within("  loss", fabs((double)pipeline_loss(&p) / c->loss - 1), 5e-6);
    golden_within("  gradients", golden_list(&p, pipeline_grad, c->grads), 1e-5);
    int trained = 0, wanted = 0;
    while (c->grads[wanted].name) wanted++;
    for (int i = 0; i < p.lowered->trained.n; i++) trained++;
    assert_int_equal(trained, wanted); /* no weight more, none less */
    pipeline_close(&p);
}

static void test_cases(void **state)
{
    (void)state;
    for (const vit_case *c = cases; c->what; c++) check_case(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
