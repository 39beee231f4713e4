/* Losses, and formulas of type: expr (expr_values.py), against PyTorch: the same matrices by formula go through a
 * pipeline of one loss and through the loss as lightly and the papers write it (double precision,
 * tests/parity/loss_values.py); the value and the gradient of every matrix must agree. loss_values.h says beside each
 * case how far PyTorch's own float is from its double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/parity/expr_values.h"
#include "tests/parity/loss_values.h"
#include "tests/support/formula.h"
#include "tests/support/pipeline.h"

static const double VALUE = 1e-6, GRADIENT = 2e-6; /* relative: to the value; to the largest gradient of a matrix */

/* Largest difference, relative to the largest number; want: moved on behind the tensor. */
static double off_by(sdag_tensor t, const double **want)
{
    double worst = 0, max = 0;
    assert_non_null(t.data);
    const int64_t n = sdag_elems(&t.shape);
    for (int64_t i = 0; i < n; i++) {
        double d = fabs((double)SDAG_DATA_F32(t)[i] - (*want)[i]);
        worst = d > worst || isnan(d) ? d : worst;
        max = fmax(max, fabs((*want)[i]));
    }
    *want += n;
    return worst / max;
}

static double gradients_off(const pipeline *p, const value_case *c)
{
    const double *want = c->grads;
    double worst = 0;
    for (const char *at = c->trained; *at; at += strspn(at, " ")) {
        char name[32];
        size_t n = strcspn(at, " ");
        snprintf(name, sizeof name, "%.*s", (int)n, at);
        double off = off_by(pipeline_grad(p, name, "weight"), &want);
        worst = off > worst || isnan(off) ? off : worst;
        at += n;
    }
    return worst;
}

static void check_case(const value_case *c)
{
    char text[4000];
    int n = snprintf(text, sizeof text,
                     "version: 1\nphases:\n  train:\n    steps: 1\n    nodes:\n%s      loss: {%s}\n"
                     "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n",
                     c->nodes, c->loss);
    assert_true(n > 0 && n < (int)sizeof text);
    pipeline p;
    pipeline_options o = {.yaml = text, .types = formula_types, .fill = formula_weight, .train = true};
    if (pipeline_open(&p, &o)) fail_msg("the pipeline does not open:\n%s", text);
    assert_int_equal(pipeline_step(&p), SDAG_OK);
    const double value = fabs((double)pipeline_loss(&p) / c->value - 1), gradient = gradients_off(&p, c);
    print_message("  %-108s %.0e %.0e\n", c->loss, value, gradient);
    pipeline_close(&p);
    if (!(value <= VALUE)) fail_msg("the value is off by %g", value);
    if (!(gradient <= GRADIENT)) fail_msg("the gradient is off by %g", gradient);
}

static void test_values(void **state)
{
    (void)state;
    for (const value_case *c = value_cases; c->loss; c++) check_case(c);
}

static void test_formulas(void **state)
{
    (void)state;
    for (const value_case *c = expr_value_cases; c->loss; c++) check_case(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_formulas)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
