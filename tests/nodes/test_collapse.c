/* probe.collapse on embeddings whose deviation and rank are known, probe.loss and probe.perplexity against their sums,
 * and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "core/cpu/gemm.h"
#include "core/node/collector.h"
#include "core/node/node.h"

static sdag_arena arena, *const a = &arena;
static sdag_log *logs;
static double std, spread, rank, plain;

void sdag_metric(sdag_collector *c, const char *name, double value)
{
    (void)c;
    if (!name) plain = value;
    else if (!strcmp(name, "std")) std = value;
    else if (!strcmp(name, "spread")) spread = value;
    else if (!strcmp(name, "rank")) rank = value;
    else fail_msg("no metric %s", name);
}

static int set_up(void **state)
{
    (void)state;
    sdag_arena_init(a);
    logs = sdag_log_create(NULL);
    std = spread = rank = plain = NAN;
    return logs == NULL || sdag_gemm_init(logs);
}

static int tear_down(void **state)
{
    (void)state;
    sdag_arena_free(a);
    sdag_log_destroy(logs);
    return 0;
}

static const sdag_collect *collect_of(const char *name)
{
    int n;
    const sdag_node_type *const *types = sdag_node_types(&n);
    for (int i = 0; i < n; i++)
        if (!strcmp(types[i]->name, name)) return types[i]->collect;
    fail_msg("no type %s", name);
    return NULL;
}

/* x f32[n,d] in batches. */
static sdag_status collapse(float *x, int64_t n, int64_t d, int64_t batch)
{
    const sdag_collect *k = collect_of("probe.collapse");
    sdag_collector c = {.log = logs, .node = "probe", .rows = {n}};
    void *state;
    sdag_status s = k->open(&state, &c);
    if (s) return s;
    for (int64_t i = 0; !s && i < n; i += batch) {
        const int64_t rows = n - i < batch ? n - i : batch;
        sdag_tensor ports[3] = {{x + i * d, SDAG_DT_F32, SDAG_SHAPE(rows, d)},
                                {NULL, SDAG_DT_I32, SDAG_SHAPE(rows)},
                                {NULL, SDAG_DT_I32, SDAG_SHAPE(rows)}};
        s = k->batch(state, &c, 0, ports, 3);
    }
    sdag_status closed = k->close(state, &c, s == SDAG_OK);
    return s ? s : closed;
}

static float *numbers(int64_t n, uint32_t seed)
{
    float *x = SDAG_NEWS(a, float, n);
    sdag_rng r = sdag_rng_at(seed, 1, 0, 0);
    for (int64_t i = 0; i < n; i++) x[i] = sdag_rng_normal(&r);
    return x;
}

static void near(double x, double y, double off)
{
    if (!(fabs(x - y) <= off)) fail_msg("%.9g is not %.9g", x, y);
}

/* ---- embeddings that are known */

/* +-e_j, each as often: no mean, all eigenvalues alike. */
static void test_even(void **state)
{
    (void)state;
    enum { D = 24 };
    float *x = SDAG_NEWS(a, float, 2 * D * D);
    for (int i = 0; i < 2 * D; i++) x[i * D + i % D] = i < D ? 3.0f : -0.5f; /* lengths do not matter */
    assert_int_equal(collapse(x, 2 * D, D, 7), SDAG_OK);
    near(std, 1 / sqrt(D), 1e-6);
    near(spread, 1, 1e-6);
    near(rank, D, 1e-4);
}

/* Normal numbers: on the sphere they are spread evenly, but for chance. */
static void test_normal(void **state)
{
    (void)state;
    assert_int_equal(collapse(numbers(4000 * 150, 1), 4000, 150, 4000), SDAG_OK);
    near(std, 1 / sqrt(150), 0.001);
    near(spread, 1, 0.01);
    assert_true(rank > 145 && rank < 150);
}

/* All at one point: nothing varies. With a little noise around it the deviation tells, whatever the rank. */
static void test_point(void **state)
{
    (void)state;
    float *x = SDAG_NEWS(a, float, 500 * 40), *noise = numbers(500 * 40, 2);
    for (int i = 0; i < 500 * 40; i++) x[i] = 1.0f + (float)(i % 40);
    assert_int_equal(collapse(x, 500, 40, 100), SDAG_OK);
    near(std, 0, 1e-7);
    near(spread, 0, 1e-6);
    assert_true(rank == 0);
    for (int i = 0; i < 500 * 40; i++) x[i] = 1.0f + (float)(i % 40) + 1e-3f * noise[i];
    assert_int_equal(collapse(x, 500, 40, 100), SDAG_OK);
    assert_true(spread > 1e-6 && spread < 1e-4);
}

/* On a line through the origin: dimensional collapse, rank 1. In a plane: rank 2. */
static void test_line_and_plane(void **state)
{
    (void)state;
    const float *u = numbers(30, 3), *v = numbers(30, 4), *s = numbers(2 * 400, 5);
    float *x = SDAG_NEWS(a, float, 400 * 30);
    for (int i = 0; i < 400 * 30; i++) x[i] = s[i / 30] * u[i % 30];
    assert_int_equal(collapse(x, 400, 30, 33), SDAG_OK);
    near(rank, 1, 1e-3);
    for (int i = 0; i < 400 * 30; i++) x[i] = s[i / 30] * u[i % 30] + s[400 + i / 30] * v[i % 30];
    assert_int_equal(collapse(x, 400, 30, 33), SDAG_OK);
    assert_true(rank > 1.5 && rank < 2.001);
}

/* More dimensions than samples: the same rank as that of the D x D covariance, here by hand from orthogonal rows. */
static void test_wide(void **state)
{
    (void)state;
    enum { N = 8, D = 100 };
    float *x = SDAG_NEWS(a, float, N *D);
    for (int i = 0; i < N; i++) x[i * D + 3 * i] = 2;
    assert_int_equal(collapse(x, N, D, 3), SDAG_OK);
    near(rank, N - 1, 1e-4); /* the mean takes one away, the others are alike */
    near(std, N * sqrt((1.0 / N) * (1 - 1.0 / N)) / D, 1e-6);

    /* and the rows beside themselves, so that there are more samples than dimensions: the same covariance */
    float *tall = SDAG_NEWS(a, float, 20 * N * D);
    const float *noise = numbers(N * D, 6);
    for (int i = 0; i < N * D; i++) x[i] += noise[i];
    for (int i = 0; i < 20 * N * D; i++) tall[i] = x[i % (N * D)];
    assert_int_equal(collapse(x, N, D, N), SDAG_OK);
    const double wide = rank, wide_std = std;
    assert_int_equal(collapse(tall, 20 * N, D, N), SDAG_OK);
    near(rank, wide, 1e-3);
    near(std, wide_std, 1e-6);
}

static void test_one_and_zeros(void **state)
{
    (void)state;
    assert_int_equal(collapse(numbers(6, 7), 1, 6, 1), SDAG_OK);
    assert_true(std == 0 && spread == 0 && rank == 0);
    assert_int_equal(collapse(SDAG_NEWS(a, float, 60), 10, 6, 4), SDAG_OK); /* rows without a direction */
    assert_true(std == 0 && spread == 0 && rank == 0);
}

/* Batches do not matter, and neither does how often it is asked. */
static void test_same_bits(void **state)
{
    (void)state;
    const float *x = numbers(300 * 20, 8);
    float *y = SDAG_NEWS(a, float, 300 * 20);
    double first[2] = {0};
    for (int i = 0; i < 3; i++) {
        memcpy(y, x, 300 * 20 * sizeof *y);
        assert_int_equal(collapse(y, 300, 20, i ? 300 / (7 * i) : 300), SDAG_OK);
        if (!i) first[0] = std, first[1] = rank;
        assert_true(std == first[0] && rank == first[1]);
    }
}

static void test_not_finite(void **state)
{
    (void)state;
    float *x = numbers(60, 9);
    x[33] = INFINITY;
    assert_int_equal(collapse(x, 10, 6, 4), SDAG_DIVERGED);
    assert_true(isnan(std));
}

static void test_failed_allocations(void **state)
{
    (void)state;
    float *x = numbers(60, 10);
    for (int forever = 0; forever < 2; forever++) {
        sdag_status s = SDAG_NOMEM;
        for (uint64_t nth = 1; s == SDAG_NOMEM; nth++) {
            sdag_alloc_fail(nth, forever);
            s = collapse(x, 10, 6, 4);
            sdag_alloc_fail(0, false);
            assert_true(nth < 20);
        }
        assert_int_equal(s, SDAG_OK);
    }
}

/* ---- a loss by batches */

static sdag_status average(const char *type, const float *loss, const int64_t *rows, int n)
{
    const sdag_collect *k = collect_of(type);
    sdag_collector c = {.log = logs, .node = "probe"};
    void *state;
    sdag_status s = k->open(&state, &c);
    for (int i = 0; i < n && !s; i++) {
        float v = loss[i];
        sdag_tensor ports[3] = {{&v, SDAG_DT_F32, SDAG_SCALAR},
                                {NULL, SDAG_DT_I32, SDAG_SHAPE(rows[i])},
                                {NULL, SDAG_DT_I32, SDAG_SHAPE(rows[i])}};
        s = k->batch(state, &c, 0, ports, 3);
    }
    sdag_status closed = k->close(state, &c, s == SDAG_OK);
    return s ? s : closed;
}

static void test_average(void **state)
{
    (void)state;
    const float loss[] = {2, 3, 10};
    const int64_t rows[] = {64, 64, 8};
    assert_int_equal(average("probe.loss", loss, rows, 3), SDAG_OK);
    near(plain, (64 * 2 + 64 * 3 + 80) / 136.0, 1e-12);
    assert_int_equal(average("probe.perplexity", loss, rows, 3), SDAG_OK);
    near(plain, exp((64 * 2 + 64 * 3 + 80) / 136.0), 1e-9);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_even),      TEST(test_normal),
        TEST(test_point),     TEST(test_line_and_plane),
        TEST(test_wide),      TEST(test_one_and_zeros),
        TEST(test_same_bits), TEST(test_not_finite),
        TEST(test_average),   TEST(test_failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
