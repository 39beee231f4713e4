/* The examples of autoencoders learn: in a few epochs the error on the test digits falls below that of as many
 * principal components, noise is taken out, and random codes become different images. Run from the root of the
 * project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/io/image.h"
#include "tests/support/child.h"
#include "tests/support/examples.h"
#include "tests/support/temp.h"

static child c;

static const char *path_of(const char *end)
{
    const example *list;
    for (int i = 0, n = examples(&list); i < n; i++)
        if (strstr(list[i].path, end)) return list[i].path;
    fail_msg("no example %s", end);
    return NULL;
}

/* The last value that a run reported under this name. */
static double metric(const char *run, const char *name)
{
    char path[100], key[100];
    size_t n;
    snprintf(path, sizeof path, "%s/metrics.jsonl", run);
    snprintf(key, sizeof key, "\"metric\":\"%s\",\"value\":", name);
    char *lines = (char *)temp_read(&n, path), *last = NULL;
    lines[n] = 0;
    for (char *at = lines; (at = strstr(at, key)); at++) last = at;
    if (!last) fail_msg("no metric %s", name);
    double v = last ? strtod(last + strlen(key), NULL) : NAN;
    free(lines);
    return v;
}

static void test_autoencoder(void **state)
{
    (void)state;
    child_run(&c, "run", path_of("autoencoder/autoencoder.yaml"), "--out", "plain", "--quiet", "--set", "epochs=14");
    assert_true(child_ends(&c, 0, NULL));
    double error = metric("plain", "error"), pca = metric("plain", "error.pca"), knn = metric("plain", "knn");
    print_message("autoencoder: error %.4f, of principal components %.4f; neighbours %.3f\n", error, pca, knn);
    assert_true(pca > 0.0245 && pca < 0.0246); /* 0.024544 by NumPy as well */
    assert_true(error < 0.85 * pca && error > 0);
    assert_true(knn > 0.9);
    assert_true(temp_exists("plain/reconstructions.png"));
}

static void test_denoising(void **state)
{
    (void)state;
    child_run(&c, "run", path_of("autoencoder/denoising.yaml"), "--out", "noise", "--quiet", "--set", "epochs=6");
    assert_true(child_ends(&c, 0, NULL));
    double error = metric("noise", "error"), before = metric("noise", "before");
    print_message("denoising: error %.4f, of the noisy digits %.4f\n", error, before);
    assert_true(error < 0.55 * before);
    assert_true(temp_exists("noise/denoised.png"));
}

enum { ROWS = 5, COLUMNS = 12, SIDE = 8, SCALE = 10, GAP = 4 };

/* Pixels differ between images by this much, on average: the deviation over all images. */
static double deviation(const uint8_t *grid, int width)
{
    double all = 0;
    for (int pixel = 0; pixel < SIDE * SIDE; pixel++) {
        double sum = 0, square = 0;
        for (int i = 0; i < ROWS * COLUMNS; i++) {
            int y = GAP + i / COLUMNS * (SIDE * SCALE + GAP) + pixel / SIDE * SCALE;
            int x = GAP + i % COLUMNS * (SIDE * SCALE + GAP) + pixel % SIDE * SCALE;
            sum += grid[y * width + x];
            square += pow(grid[y * width + x], 2);
        }
        all += sqrt(square / (ROWS * COLUMNS) - pow(sum / (ROWS * COLUMNS), 2)) / (SIDE * SIDE);
    }
    return all;
}

static double samples_differ(const char *name)
{
    static uint8_t grid[(GAP + ROWS * (SIDE * SCALE + GAP)) * (GAP + COLUMNS * (SIDE * SCALE + GAP))];
    char why[SDAG_WHY];
    size_t n;
    int h, w;
    uint8_t *file = temp_read(&n, name);
    sdag_decoder *d = sdag_decoder_create();
    assert_int_equal(sdag_image_decode(d, grid, sizeof grid, &h, &w, file, n, 1, 0, why), SDAG_OK);
    assert_int_equal(h * w, sizeof grid);
    sdag_decoder_destroy(d);
    free(file);
    return deviation(grid, w);
}

/* Its reconstructions beat one principal component, and no two codes give the same image. */
static void test_variational(void **state)
{
    (void)state;
    child_run(&c, "run", path_of("autoencoder/variational.yaml"), "--out", "codes", "--quiet", "--set", "epochs=15",
              "--set", "phases.pretrain.nodes.error.components=1");
    assert_true(child_ends(&c, 0, NULL));
    double error = metric("codes", "error"), pca = metric("codes", "error.pca");
    double differ = samples_differ("codes/samples.png");
    print_message("variational: error %.4f, of one component %.4f; samples differ by %.0f\n", error, pca, differ);
    assert_true(error < 0.8 * pca);
    assert_true(differ > 15);
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_autoencoder), cmocka_unit_test(test_denoising),
                                       cmocka_unit_test(test_variational)};
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
