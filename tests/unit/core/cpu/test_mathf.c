/* The float functions against double, over every 211th float of all that there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "core/cpu/mathf.h"

enum { CHUNK = 4096, STEP = 211 };

#define LOOP(name, formula)                                \
    SDAG_CLONES static void name(float *y, const float *x) \
    {                                                      \
        SDAG_SIMD                                          \
        for (int i = 0; i < CHUNK; i++) {                  \
            const float u = x[i];                          \
            y[i] = (formula);                              \
        }                                                  \
    }
LOOP(test_exp_loop, sdag_expf(u))
LOOP(test_log_loop, sdag_logf(u))
LOOP(test_tanh_loop, sdag_tanhf(u))
LOOP(test_sigmoid_loop, sdag_sigmoidf(u))
LOOP(test_norm_loop, sdag_normf(u, sdag_expf(-0.5f * u * u)))

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* Distance in units of the last place of the exact result. */
static double ulps(float got, double want)
{
    if (isnan(want)) return isnan(got) ? 0 : INFINITY;
    if (isinf((float)want)) return got == (float)want ? 0 : INFINITY;
    double unit = fabs(want) < 1.17549435e-38 ? 1.40129846e-45 : ldexp(1, ilogb(want) - 23);
    return fabs((double)got - want) / unit;
}

static void check(const char *name, void (*loop)(float *, const float *), double (*exact)(double), double most)
{
    static float x[CHUNK], y[CHUNK];
    for (uint64_t bits = 0; bits < 1ull << 32;) {
        for (int i = 0; i < CHUNK; i++, bits += STEP) x[i] = ((sdag_bits){.u = (uint32_t)bits}).f;
        loop(y, x);
        for (int i = 0; i < CHUNK; i++)
            if (!(ulps(y[i], exact((double)x[i])) <= most))
                fail_msg("%s(%.9g) is %.9g, exactly %.17g", name, (double)x[i], (double)y[i], exact((double)x[i]));
    }
}

static void test_errors(void **state)
{
    (void)state;
    check("exp", test_exp_loop, exp, 1);
    check("log", test_log_loop, log, 1);
    check("tanh", test_tanh_loop, tanh, 1.5);
    check("sigmoid", test_sigmoid_loop, sigmoid, 3);
}

static void test_normal(void **state)
{
    (void)state;
    static float x[CHUNK], y[CHUNK];
    for (int from = 0; from < 9; from++) {
        for (int i = 0; i < CHUNK; i++) x[i] = (float)from + (float)i / CHUNK;
        test_norm_loop(y, x);
        for (int i = 0; i < CHUNK; i++) {
            double want = 0.5 * erfc((double)x[i] / sqrt(2)), error = fabs((double)y[i] - want);
            if (error > 2e-7 || error > 3e-6 * want)
                fail_msg("norm(%.9g) is %.9g, exactly %.17g", (double)x[i], (double)y[i], want);
        }
    }
}

static void test_limits(void **state)
{
    (void)state;
    assert_true(sdag_expf(-INFINITY) == 0 && sdag_expf(INFINITY) == INFINITY && sdag_expf(0) == 1);
    assert_true(sdag_logf(0) == -INFINITY && sdag_logf(INFINITY) == INFINITY && sdag_logf(1) == 0);
    assert_true(isnan(sdag_logf(-1)) && isnan(sdag_expf(NAN)) && isnan(sdag_tanhf(NAN)) && isnan(sdag_sigmoidf(NAN)));
    assert_true(sdag_tanhf(INFINITY) == 1 && sdag_tanhf(-INFINITY) == -1 && sdag_sigmoidf(-INFINITY) == 0);
    assert_true(sdag_normf(0, 1) == 0.5f || fabsf(sdag_normf(0, 1) - 0.5f) < 1e-7f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_errors), cmocka_unit_test(test_normal),
                                       cmocka_unit_test(test_limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
