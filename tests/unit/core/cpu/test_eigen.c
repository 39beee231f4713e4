/* Eigenvectors: A v = lambda v, orthonormal, the largest ones and in their order. */
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
#include "core/cpu/gemm.h"

enum { MOST = 60 };

static double dot(const double *x, const double *y, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

/* sum_j (j + 1) q_j q_j' for orthonormal q: eigenvalues 1, 2, ..., n. */
static void known(double *a, int64_t n)
{
    static double q[MOST * MOST];
    sdag_rng r = sdag_rng_at(4, 1, 0, (uint32_t)n);
    memset(a, 0, (size_t)(n * n) * sizeof *a);
    for (int64_t j = 0; j < n; j++) {
        double *v = q + j * n;
        for (int64_t i = 0; i < n; i++) v[i] = (double)sdag_rng_normal(&r);
        for (int twice = 0; twice < 2; twice++)
            for (int64_t k = 0; k < j; k++) {
                double s = dot(v, q + k * n, n);
                for (int64_t i = 0; i < n; i++) v[i] -= s * q[k * n + i];
            }
        double length = sqrt(dot(v, v, n));
        for (int64_t i = 0; i < n; i++) v[i] /= length;
        for (int64_t i = 0; i < n; i++)
            for (int64_t l = 0; l < n; l++) a[i * n + l] += (double)(j + 1) * v[i] * v[l];
    }
}

static void check(int64_t n, int64_t k)
{
    static double a[MOST * MOST], copy[MOST * MOST], values[MOST], v[MOST * MOST];
    known(a, n);
    memcpy(copy, a, sizeof a);
    assert_int_equal(sdag_eigen_largest(values, v, copy, n, k), SDAG_OK);
    for (int64_t j = 0; j < k; j++) {
        assert_true(fabs(values[j] - (double)(n - k + j + 1)) < 1e-10);
        for (int64_t i = 0; i < n; i++)
            assert_true(fabs(dot(a + i * n, v + j * n, n) - values[j] * v[j * n + i]) < 1e-10);
        for (int64_t i = 0; i <= j; i++) assert_true(fabs(dot(v + i * n, v + j * n, n) - (i == j ? 1 : 0)) < 1e-12);
    }
}

static void test_known(void **state)
{
    (void)state;
    check(1, 1);
    check(2, 1);
    check(7, 7);
    check(MOST, 5);
    check(MOST, MOST);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    double a[9] = {2, 1, 0, 1, 3, 0, 0, 0, 9}, copy[9], values[2], v[6];
    sdag_status s = SDAG_NOMEM;
    for (uint64_t nth = 1; s; nth++) {
        assert_true(nth < 10);
        memcpy(copy, a, sizeof a);
        sdag_alloc_fail(nth, false);
        s = sdag_eigen_largest(values, v, copy, 3, 2);
        sdag_alloc_fail(0, false);
        assert_true(s == SDAG_OK || s == SDAG_NOMEM);
    }
    assert_true(fabs(values[1] - 9) < 1e-12);
}

static int set_up(void **state)
{
    (void)state;
    return sdag_gemm_init(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_out_of_memory)};
    return cmocka_run_group_tests(tests, set_up, NULL);
}
