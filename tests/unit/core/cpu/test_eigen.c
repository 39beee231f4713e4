/* Eigenvalues of matrices that have known ones, eigenvectors, and what is done without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "core/cpu/eigen.h"

enum { N = 130 };

static void test_small(void **state)
{
    (void)state;
    double w[3] = {7, 7, 7}, one[] = {-4}, two[] = {2, 1, 1, 2}, three[] = {5, 0, 0, 0, -1, 0, 0, 0, 3};
    assert_int_equal(sdag_eigen_values(w, one, 0), SDAG_OK);
    assert_true(w[0] == 7);
    assert_int_equal(sdag_eigen_values(w, one, 1), SDAG_OK);
    assert_true(w[0] == -4);
    assert_int_equal(sdag_eigen_values(w, two, 2), SDAG_OK);
    assert_true(fabs(w[0] - 1) < 1e-14 && fabs(w[1] - 3) < 1e-14);
    assert_int_equal(sdag_eigen_values(w, three, 3), SDAG_OK);
    assert_true(fabs(w[0] + 1) < 1e-14 && fabs(w[1] - 3) < 1e-14 && fabs(w[2] - 5) < 1e-14);
}

/* H diag(0, 1, 2, ...) H, with the reflection H = I - 2 u u' of a random unit vector u. */
static void reflected(double *a)
{
    double u[N], sum = 0;
    sdag_rng r = sdag_rng_at(4, 1, 0, 0);
    for (int i = 0; i < N; i++) u[i] = (double)sdag_rng_normal(&r), sum += u[i] * u[i];
    for (int i = 0; i < N; i++) u[i] /= sqrt(sum);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i * N + j] = 0;
            for (int k = 0; k < N; k++) a[i * N + j] += ((i == k) - 2 * u[i] * u[k]) * k * ((j == k) - 2 * u[j] * u[k]);
        }
}

static double a[N * N], w[N];

static void test_reflected(void **state)
{
    (void)state;
    double first[N];
    for (int time = 0; time < 2; time++) {
        reflected(a);
        assert_int_equal(sdag_eigen_values(w, a, N), SDAG_OK);
        for (int i = 0; i < N; i++) assert_true(fabs(w[i] - i) < 1e-11);
        if (!time) memcpy(first, w, sizeof w);
    }
    assert_memory_equal(first, w, sizeof w);
}

/* The vectors are those of H: its columns. */
static void test_largest(void **state)
{
    (void)state;
    enum { K = 7 };
    static double vectors[K * N], again[N * N];
    double values[K];
    reflected(a);
    reflected(again);
    assert_int_equal(sdag_eigen_largest(values, vectors, a, N, K), SDAG_OK);
    for (int k = 0; k < K; k++) {
        double square = 0;
        assert_true(fabs(values[k] - (N - K + k)) < 1e-10);
        for (int i = 0; i < N; i++) {
            double sum = 0;
            for (int j = 0; j < N; j++) sum += again[i * N + j] * vectors[k * N + j];
            assert_true(fabs(sum - values[k] * vectors[k * N + i]) < 1e-10);
            square += vectors[k * N + i] * vectors[k * N + i];
        }
        assert_true(fabs(square - 1) < 1e-12);
    }
}

static void test_not_finite(void **state)
{
    (void)state;
    reflected(a);
    a[7] = a[7 * N] = NAN;
    assert_int_equal(sdag_eigen_values(w, a, N), SDAG_FAILED);
}

static void test_no_memory(void **state)
{
    (void)state;
    static double vectors[N];
    for (uint64_t nth = 1; nth <= 5; nth++) {
        reflected(a);
        sdag_alloc_fail(nth, false);
        const sdag_status values = nth == 1 ? sdag_eigen_values(w, a, N) : SDAG_NOMEM;
        sdag_alloc_fail(0, false);
        assert_int_equal(values, SDAG_NOMEM);
        sdag_alloc_fail(nth, false);
        const sdag_status largest = sdag_eigen_largest(w, vectors, a, N, 1);
        sdag_alloc_fail(0, false);
        assert_int_equal(largest, nth <= 4 ? SDAG_NOMEM : SDAG_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_small), cmocka_unit_test(test_reflected),
                                       cmocka_unit_test(test_largest), cmocka_unit_test(test_not_finite),
                                       cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
