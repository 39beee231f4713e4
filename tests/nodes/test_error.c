/* probe.error against its formulas, in batches of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/node/collector.h"
#include "core/node/node.h"
#include "tests/support/opts.h"

enum { N = 23, C = 3 };

static double rmse, mean, zero;
static int metrics;

void sdag_metric(sdag_collector *c, const char *name, double value)
{
    (void)c;
    *(!strcmp(name, "rmse") ? &rmse : !strcmp(name, "mean") ? &mean : &zero) = value;
    metrics++;
}

static const sdag_node_type *probe(void)
{
    int n, i = 0;
    const sdag_node_type *const *types = sdag_node_types(&n);
    while (strcmp(types[i]->name, "probe.error")) i++;
    return types[i];
}

static void fill(float *x, float *y)
{
    sdag_rng r = sdag_rng_at(5, 0, 0, 0);
    for (int i = 0; i < N * C; i++) {
        y[i] = (float)(i % C) + sdag_rng_normal(&r);
        x[i] = y[i] + 0.3f * sdag_rng_normal(&r);
    }
}

static sdag_status run(const void *opts, sdag_log *log, const float *x, const float *y, int64_t each,
                       int64_t x_channels)
{
    const sdag_collect *k = probe()->collect;
    sdag_collector c = {.opts = opts, .log = log, .node = "error"};
    void *state;
    sdag_status s = k->open(&state, &c);
    assert_int_equal(s, SDAG_OK);
    for (int64_t i = 0; !s && i < N; i += each) {
        const int64_t n = N - i < each ? N - i : each;
        const sdag_tensor ports[] = {{(void *)(x + i * C), SDAG_DT_F32, SDAG_SHAPE(n, x_channels)},
                                     {(void *)(y + i * C), SDAG_DT_F32, SDAG_SHAPE(n, C)}};
        s = k->batch(state, &c, 0, ports, 2);
    }
    assert_int_equal(k->close(state, &c, !s), SDAG_OK);
    return s;
}

static void test_error(void **state)
{
    (void)state;
    sdag_arena arena;
    sdag_arena_init(&arena);
    sdag_log *log = sdag_log_create(NULL);
    const void *opts = sdag_test_opts(&arena, probe()->opts, probe()->opts_size, "scale", "110", NULL);
    float x[N * C], y[N * C];
    double off = 0, all = 0, middle[C] = {0}, spread = 0;
    fill(x, y);
    for (int i = 0; i < N * C; i++) middle[i % C] += (double)y[i] / N;
    for (int i = 0; i < N * C; i++) {
        off += pow((double)x[i] - (double)y[i], 2) / (N * C);
        all += pow((double)y[i], 2) / (N * C);
        spread += pow((double)y[i] - middle[i % C], 2) / (N * C);
    }
    for (int64_t each = 1; each <= N; each += 5) {
        metrics = 0;
        assert_int_equal(run(opts, log, x, y, each, C), SDAG_OK);
        assert_int_equal(metrics, 3);
        assert_true(fabs(rmse - 110 * sqrt(off)) < 1e-9);
        assert_true(fabs(zero - 110 * sqrt(all)) < 1e-9);
        assert_true(fabs(mean - 110 * sqrt(spread)) < 1e-9);
    }
    metrics = 0;
    assert_int_equal(run(opts, log, x, y, N, 1), SDAG_INVALID); /* other shapes, and nothing is reported */
    assert_int_equal(metrics, 0);
    sdag_log_destroy(log);
    sdag_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_error)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
