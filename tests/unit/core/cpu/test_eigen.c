/* Eigenvalues of matrices that have known ones, and what is done without memory. */
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

enum { N = 130 };

static sdag_log *logs;

static int set_up(void **state)
{
    (void)state;
    logs = sdag_log_create(NULL);
    return logs == NULL || sdag_gemm_init(logs);
}

static int tear_down(void **state)
{
    (void)state;
    sdag_log_destroy(logs);
    return 0;
}

static void test_small(void **state)
{
    (void)state;
    double w[3] = {7, 7, 7}, one[] = {-4}, two[] = {2, 1, 1, 2}, three[] = {5, 0, 0, 0, -1, 0, 0, 0, 3};
    assert_int_equal(sdag_eigenvalues(w, one, 0, logs), SDAG_OK);
    assert_true(w[0] == 7);
    assert_int_equal(sdag_eigenvalues(w, one, 1, logs), SDAG_OK);
    assert_true(w[0] == -4);
    assert_int_equal(sdag_eigenvalues(w, two, 2, logs), SDAG_OK);
    assert_true(fabs(w[0] - 1) < 1e-14 && fabs(w[1] - 3) < 1e-14);
    assert_int_equal(sdag_eigenvalues(w, three, 3, logs), SDAG_OK);
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
            for (int k = 0; k < N; k++)
                a[i * N + j] += ((i == k) - 2 * u[i] * u[k]) * k * ((j == k) - 2 * u[j] * u[k]);
        }
}

static double a[N * N], w[N];

static void test_reflected(void **state)
{
    (void)state;
    double first[N];
    for (int time = 0; time < 2; time++) {
        reflected(a);
        assert_int_equal(sdag_eigenvalues(w, a, N, logs), SDAG_OK);
        for (int i = 0; i < N; i++) assert_true(fabs(w[i] - i) < 1e-11);
        if (!time) memcpy(first, w, sizeof w);
    }
    assert_memory_equal(first, w, sizeof w);
}

static void test_not_finite(void **state)
{
    (void)state;
    reflected(a);
    a[7] = a[7 * N] = NAN;
    assert_int_equal(sdag_eigenvalues(w, a, N, logs), SDAG_FAILED);
}

static void test_no_memory(void **state)
{
    (void)state;
    reflected(a);
    sdag_alloc_fail(1, false);
    assert_int_equal(sdag_eigenvalues(w, a, N, logs), SDAG_NOMEM);
    sdag_alloc_fail(0, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_small), cmocka_unit_test(test_reflected),
                                       cmocka_unit_test(test_not_finite), cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
