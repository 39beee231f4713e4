/* Points in the plane: principal components against known axes, alignment against a known turn, t-SNE against what
 * scikit-learn reaches on the same digits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "core/cpu/plane.h"
#include "core/io/digits.h"

enum { N = 60, WIDE = 100, DIGITS = 500, PIXELS = 64 };

/* ---- principal components */

static float x[N * WIDE];
static double xy[N * 2], was[N * 2];

/* Rows m + a_i u + b_i v with orthogonal unit vectors u, v of d numbers; a spreads more than b, and a'b = 0. */
static void ellipse(double *a, double *b, int64_t d)
{
    for (int i = 0; i < N; i++) {
        a[i] = 3 * cos(2 * M_PI * i / N);
        b[i] = sin(2 * M_PI * i / N);
        for (int64_t j = 0; j < d; j++) {
            const double u = j == 0 ? 0.6 : j == d - 1 ? 0.8 : 0, v = j == 0 ? 0.8 : j == d - 1 ? -0.6 : 0;
            x[i * d + j] = (float)(2 + 0.1 * (double)j + a[i] * u + b[i] * v);
        }
    }
}

/* The farthest point of a component is on its positive side. */
static void assert_axis(const double *want, int axis)
{
    for (int i = 0; i < N; i++) assert_true(fabs(fabs(xy[2 * i + axis]) - fabs(want[i])) < 2e-5);
    double most = 0, least = 0;
    for (int i = 0; i < N; i++) most = fmax(most, xy[2 * i + axis]), least = fmin(least, xy[2 * i + axis]);
    assert_true(most > -least - 1e-4);
}

static void test_pca(void **state)
{
    (void)state;
    const int64_t widths[] = {2, 5, WIDE}; /* fewer numbers than points, and more */
    for (int k = 0; k < 3; k++) {
        double a[N], b[N];
        ellipse(a, b, widths[k]);
        assert_int_equal(sdag_plane_pca(xy, x, N, widths[k]), SDAG_OK);
        assert_axis(a, 0);
        assert_axis(b, 1);
        double both = 0;
        for (int i = 0; i < N; i++) both += xy[2 * i] * xy[2 * i + 1];
        assert_true(fabs(both) < 1e-3);
    }
}

static void test_pca_of_little(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) x[i] = (float)i;
    assert_int_equal(sdag_plane_pca(xy, x, N, 1), SDAG_OK); /* one axis */
    for (int i = 0; i < N; i++)
        assert_true(fabs(fabs(xy[2 * i]) - fabs(i - (N - 1) / 2.0)) < 1e-4 && xy[2 * i + 1] == 0);
    assert_int_equal(sdag_plane_pca(xy, x, 1, 7), SDAG_OK); /* one point */
    assert_true(xy[0] == 0 && xy[1] == 0);
    for (int i = 0; i < N * 3; i++) x[i] = 4;
    assert_int_equal(sdag_plane_pca(xy, x, N, 3), SDAG_OK); /* all alike */
    for (int i = 0; i < 2 * N; i++) assert_true(xy[i] == 0);
    x[5] = NAN;
    assert_int_equal(sdag_plane_pca(xy, x, N, 3), SDAG_FAILED);
}

/* ---- alignment */

static double distance(const double *p, const double *q)
{
    double sum = 0;
    for (int i = 0; i < 2 * N; i++) sum += (p[i] - q[i]) * (p[i] - q[i]);
    return sum;
}

static void test_align(void **state)
{
    (void)state;
    sdag_rng r = sdag_rng_at(1, 2, 0, 0);
    for (int turn = 0; turn < 8; turn++) {
        const double angle = 0.3 + turn, c = cos(angle), s = sin(angle), mirror = turn % 2 ? -1 : 1;
        for (int i = 0; i < 2 * N; i++) was[i] = (double)sdag_rng_normal(&r) * (i % 2 ? 1 : 2);
        for (int i = 0; i < N; i++) {
            xy[2 * i] = c * was[2 * i] - s * was[2 * i + 1];
            xy[2 * i + 1] = mirror * (s * was[2 * i] + c * was[2 * i + 1]);
        }
        sdag_plane_align(xy, was, N);
        assert_true(distance(xy, was) < 1e-20);
        for (int i = 0; i < 2 * N; i++) xy[i] += 0.3 * (double)sdag_rng_normal(&r); /* no turn fits better */
        sdag_plane_align(xy, was, N);
        const double best = distance(xy, was);
        double other[2 * N];
        for (int k = -1; k < 2; k += 2) {
            for (int i = 0; i < N; i++) {
                other[2 * i] = cos(1e-3) * xy[2 * i] - k * sin(1e-3) * xy[2 * i + 1];
                other[2 * i + 1] = k * sin(1e-3) * xy[2 * i] + cos(1e-3) * xy[2 * i + 1];
            }
            assert_true(distance(other, was) > best);
        }
    }
    double zero[2 * N] = {0};
    memcpy(was, xy, sizeof was);
    sdag_plane_align(xy, zero, N); /* nothing to be laid over */
    assert_memory_equal(xy, was, sizeof was);
}

/* ---- t-SNE */

static const sdag_tsne_options plain = {.perplexity = 30, .steps = 500};

/* What scikit-learn 1.2.1 reaches for the first 500 digits, values 0..1, by TSNE(perplexity=30, init="pca",
 * method="exact", learning_rate="auto", n_iter=500): tests/parity/tsne_values.py. */
static const double reached = 0.34053;

static void test_tsne_digits(void **state)
{
    (void)state;
    sdag_digits d;
    double kl = 0, *map = calloc(2 * DIGITS, sizeof *map), *again = calloc(2 * DIGITS, sizeof *again);
    float *in = calloc(DIGITS * PIXELS, sizeof *in);
    assert_true(map && again && in);
    assert_int_equal(sdag_digits_load(&d, NULL), SDAG_OK);
    for (int i = 0; i < DIGITS; i++)
        for (int j = 0; j < PIXELS; j++) in[i * PIXELS + j] = (float)sdag_digits_value(d.pixels[i][j]) / 16;
    assert_int_equal(sdag_plane_tsne(map, in, DIGITS, PIXELS, &plain, &kl), SDAG_OK);
    assert_true(kl > 0.9 * reached && kl < 1.02 * reached);
    assert_int_equal(sdag_plane_tsne(again, in, DIGITS, PIXELS, &plain, NULL), SDAG_OK);
    assert_memory_equal(map, again, 2 * DIGITS * sizeof *map);
    int same = 0; /* digits whose nearest one on the map is of the same class */
    for (int i = 0; i < DIGITS; i++) {
        int near = -1;
        double least = INFINITY;
        for (int j = 0; j < DIGITS; j++) {
            const double u = hypot(map[2 * i] - map[2 * j], map[2 * i + 1] - map[2 * j + 1]);
            if (j != i && u < least) least = u, near = j;
        }
        same += d.label[i] == d.label[near];
    }
    assert_true(same > 460);
    sdag_digits_free(&d);
    free(map);
    free(again);
    free(in);
}

static void test_tsne_of_little(void **state)
{
    (void)state;
    sdag_rng r = sdag_rng_at(3, 3, 0, 0);
    for (int i = 0; i < N * 3; i++) x[i] = sdag_rng_normal(&r);
    assert_int_equal(sdag_plane_tsne(xy, x, 4, 3, &plain, NULL), SDAG_OK); /* the perplexity is cut to what there is */
    for (int i = 0; i < 8; i++) assert_true(isfinite(xy[i]));
    assert_int_equal(sdag_plane_tsne(xy, x, 3, 3, &plain, NULL), SDAG_FAILED);
    for (int i = 0; i < N * 3; i++) x[i] = 1;
    assert_int_equal(sdag_plane_tsne(xy, x, N, 3, &plain, NULL), SDAG_OK); /* all alike */
    for (int i = 0; i < 2 * N; i++) assert_true(isfinite(xy[i]));
    x[4] = INFINITY;
    assert_int_equal(sdag_plane_tsne(xy, x, N, 3, &plain, NULL), SDAG_FAILED);
}

static void test_no_memory(void **state)
{
    (void)state;
    const sdag_tsne_options few = {.perplexity = 5, .steps = 2};
    for (int i = 0; i < N * 3; i++) x[i] = (float)(i * i % 17);
    uint64_t nth = 0;
    for (sdag_status s = SDAG_NOMEM; s; nth++) {
        sdag_alloc_fail(nth + 1, false);
        s = sdag_plane_tsne(xy, x, N, 3, &few, NULL);
        sdag_alloc_fail(0, false);
        assert_true(s == SDAG_OK || s == SDAG_NOMEM);
    }
    assert_true(nth > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pca),         cmocka_unit_test(test_pca_of_little),  cmocka_unit_test(test_align),
        cmocka_unit_test(test_tsne_digits), cmocka_unit_test(test_tsne_of_little), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
