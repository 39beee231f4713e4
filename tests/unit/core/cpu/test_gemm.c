/* sdag_gemm against sums in double: every transposition, with and without what c held, blocks inside larger matrices,
 * and sizes on both sides of those at which rows, columns and depth are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "core/cpu/gemm.h"

typedef struct size {
    int64_t m, n, k;
} size;

static float *numbers(int64_t n)
{
    float *x = malloc((size_t)n * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < n; i++) x[i] = (float)(i * 7919 % 2039) / 1024.0f - 1.0f;
    return x;
}

/* Rows stand `gap` further apart than they are long; what lies between stays as it was. */
static void check(size s, bool ta, bool tb, float alpha, float beta, int64_t gap)
{
    const int64_t lda = (ta ? s.m : s.k) + gap, ldb = (tb ? s.k : s.n) + gap, ldc = s.n + gap;
    float *a = numbers((ta ? s.k : s.m) * lda + 1), *b = numbers((tb ? s.n : s.k) * ldb + 1);
    float *c = numbers(s.m * ldc + 1), *was = numbers(s.m * ldc + 1);
    if (beta == 0)
        for (int64_t i = 0; i < s.m; i++)
            for (int64_t j = 0; j < s.n; j++) c[i * ldc + j] = NAN;
    sdag_gemm(ta, tb, s.m, s.n, s.k, alpha, a, lda, b, ldb, beta, c, ldc);
    for (int64_t i = 0; i < s.m; i++)
        for (int64_t j = 0; j < ldc; j++) {
            double sum = 0, all = 1;
            for (int64_t q = 0; q < s.k && j < s.n; q++) {
                double x =
                    (double)(ta ? a[q * lda + i] : a[i * lda + q]) * (double)(tb ? b[j * ldb + q] : b[q * ldb + j]);
                sum += x;
                all += fabs(x);
            }
            double want = j < s.n ? (double)alpha * sum + (beta == 0 ? 0 : (double)beta * (double)was[i * ldc + j])
                                  : (double)was[i * ldc + j];
            if (!(fabs((double)c[i * ldc + j] - want) <= (1e-6 + 3e-7 * sqrt((double)s.k)) * all))
                fail_msg("[%d,%d,%d] %d%d: element %d,%d is %.9g, not %.9g", (int)s.m, (int)s.n, (int)s.k, ta, tb,
                         (int)i, (int)j, (double)c[i * ldc + j], want);
        }
    free(a), free(b), free(c), free(was);
}

static const size sizes[] = {{1, 1, 1},     {3, 5, 2},     {14, 16, 16}, {15, 17, 33}, {29, 47, 31},
                             {64, 32, 64},  {5, 300, 7},   {31, 33, 0},  {2, 70, 600}, {17, 35, 1024},
                             {9, 50, 1025}, {3, 19, 2500}, {40, 64, 129}};

static void test_products(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int how = 0; how < 4; how++) {
            check(sizes[i], how & 1, how & 2, 1, 0, 0);
            check(sizes[i], how & 1, how & 2, -0.75f, 1, 3);
            check(sizes[i], how & 1, how & 2, 0.5f, 0.25f, 1);
        }
}

/* A number that is none reaches its row or column and nothing else. */
static void test_nan(void **state)
{
    (void)state;
    enum { M = 20, N = 37, K = 18 };
    for (int how = 0; how < 2; how++) {
        float *a = numbers(M * K), *b = numbers(K * N), *c = numbers(M * N);
        if (how) a[3 * K + 5] = NAN;
        else b[5 * N + 36] = NAN;
        sdag_gemm(false, false, M, N, K, 1, a, K, b, N, 0, c, N);
        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++) assert_int_equal(isnan(c[i * N + j]) != 0, how ? i == 3 : j == 36);
        free(a), free(b), free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_products), cmocka_unit_test(test_nan)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
