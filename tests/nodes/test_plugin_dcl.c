/* examples/plugin/dcl.c against its formula, and its gradient against differences of that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "examples/plugin/dcl.c"
#include "tests/support/formula.h"
#include "tests/support/pipeline.h"

enum { B = 4, D = 5 };

static double dot(const double *x, const double *y)
{
    double s = 0;
    for (int i = 0; i < D; i++) s += x[i] * y[i];
    return s;
}

/* Eq. 6 and 7, row by row. w: the weights, which no gradient enters; computed when `fresh`. */
static double formula(const double *views, double t, double sigma, double *w, bool fresh)
{
    double z[2 * B][D], loss = 0, mean = 0;
    for (int i = 0; i < 2 * B; i++) {
        double n = sqrt(dot(views + i * D, views + i * D));
        for (int k = 0; k < D; k++) z[i][k] = views[i * D + k] / n;
    }
    for (int i = 0; i < B; i++) mean += exp(dot(z[i], z[i + B]) / sigma) / B;
    for (int i = 0; i < B && fresh; i++) w[i] = sigma > 0 ? 2 - exp(dot(z[i], z[i + B]) / sigma) / mean : 1;
    for (int i = 0; i < 2 * B; i++) {
        double sum = 0;
        for (int j = 0; j < 2 * B; j++)
            if (j % B != i % B) sum += exp(dot(z[i], z[j]) / t);
        loss += (log(sum) - w[i % B] * dot(z[i], z[(i + B) % (2 * B)]) / t) / (2 * B);
    }
    return loss;
}

static void check(double t, double sigma)
{
    static const sdag_node_type *all[8];
    static pipeline p;
    int n = 0;
    char text[800];
    snprintf(text, sizeof text,
             "version: 1\nphases:\n  a:\n    steps: 1\n    nodes:\n"
             "      a: {type: test.weight, rows: %d, width: %d}\n      b: {type: test.weight, rows: %d, width: %d}\n"
             "      loss: {type: loss.dcl, in: [a, b], temperature: %g, sigma: %g}\n"
             "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n",
             B, D, B, D, t, sigma);
    while (formula_types[n]) all[n] = formula_types[n], n++;
    all[n++] = sdag_plugin_get()->types[0];
    all[n] = NULL;
    pipeline_options o = {.yaml = text, .types = all, .fill = formula_weight, .train = true};
    assert_int_equal(pipeline_open(&p, &o), SDAG_OK);
    assert_int_equal(pipeline_step(&p), SDAG_OK);
    double z[2 * B * D], w[B];
    const char *const names[] = {"a", "b"};
    for (int v = 0; v < 2; v++)
        for (int i = 0; i < B * D; i++)
            z[v * B * D + i] = (double)((const float *)pipeline_value(&p, names[v], NULL).data)[i];
    double want = formula(z, t, sigma, w, true), got = (double)pipeline_loss(&p);
    if (!(fabs(got - want) < 2e-6 * (1 + fabs(want)))) fail_msg("the loss is %.9g, the formula gives %.9g", got, want);
    for (int i = 0; i < 2 * B * D; i++) {
        const float *g = pipeline_grad(&p, names[i / (B * D)], "weight").data;
        double x = z[i], side[2], h = 1e-6;
        for (int s = 0; s < 2; s++) z[i] = x + (s ? h : -h), side[s] = formula(z, t, sigma, w, false);
        z[i] = x;
        double slope = (side[1] - side[0]) / (2 * h);
        if (!(fabs((double)g[i % (B * D)] - slope) < 1e-5))
            fail_msg("gradient %d is %.9g, differences give %.9g", i, (double)g[i % (B * D)], slope);
    }
    pipeline_close(&p);
}

static void test_dcl(void **state)
{
    (void)state;
    check(0.5, 0);
    check(0.1, 0);
    check(0.2, 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_dcl)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
