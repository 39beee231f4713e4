/* Collectors of images: sink.images, its file decoded again, and probe.reconstruction against plain versions. */
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
#include "core/cpu/gemm.h"
#include "core/io/image.h"
#include "core/node/collector.h"
#include "core/node/node.h"
#include "tests/support/opts.h"
#include "tests/support/temp.h"

static sdag_arena arena, *const a = &arena;
static sdag_log *logs;
static struct {
    double error, bank, pca;
} metric;

void sdag_metric(sdag_collector *c, const char *name, double value)
{
    (void)c;
    *(name ? strcmp(name, "bank") ? &metric.pca : &metric.bank : &metric.error) = value;
}

static int set_up(void **state)
{
    (void)state;
    sdag_arena_init(a);
    logs = sdag_log_create(NULL);
    metric.error = metric.bank = metric.pca = NAN;
    return logs == NULL || sdag_gemm_init(logs);
}

static int tear_down(void **state)
{
    (void)state;
    sdag_arena_free(a);
    sdag_log_destroy(logs);
    temp_clear();
    return 0;
}

static const sdag_node_type *type_of(const char *name)
{
    int n;
    const sdag_node_type *const *types = sdag_node_types(&n);
    for (int i = 0; i < n; i++)
        if (!strcmp(types[i]->name, name)) return types[i];
    fail_msg("no type %s", name);
    return NULL;
}

#define OPTS(type, ...) sdag_test_opts(a, type_of(type)->opts, type_of(type)->opts_size, __VA_ARGS__, NULL)

static sdag_collector collector(const void *opts)
{
    return (sdag_collector){.opts = opts, .log = logs, .node = "node", .out_dir = temp_path("")};
}

/* f32[n,h,w,c] in -0.2..1.2. */
static sdag_tensor drawn(int64_t n, int64_t h, int64_t w, int64_t c, uint32_t seed)
{
    sdag_tensor t = {SDAG_NEWS(a, float, n *h *w *c), SDAG_DT_F32, SDAG_SHAPE(n, h, w, c)};
    sdag_rng r = sdag_rng_at(seed, 1, 0, 0);
    for (int64_t i = 0; i < n * h * w * c; i++) SDAG_DATA_F32(t)[i] = sdag_rng_uniform(&r, -0.2f, 1.2f);
    return t;
}

/* ---- sink.images */

typedef struct picture {
    uint8_t *at; /* u8[h,w,3] */
    int h, w, channels;
} picture;

static picture read_picture(const char *name)
{
    picture p;
    size_t n;
    char why[SDAG_WHY];
    sdag_image_head head;
    uint8_t *file = temp_read(&n, name);
    assert_int_equal(sdag_image_read_head(&head, file, n, why), SDAG_OK);
    p.channels = head.channels;
    size_t bytes = (size_t)head.height * (size_t)head.width * 3;
    p.at = sdag_arena_get(a, bytes);
    sdag_decoder *d = sdag_decoder_create();
    assert_int_equal(sdag_image_decode(d, p.at, bytes, &p.h, &p.w, file, n, 3, 0, why), SDAG_OK);
    sdag_decoder_destroy(d);
    free(file);
    return p;
}

static int byte_of(float x) { return x < 0 ? 0 : x > 1 ? 255 : (int)floorf(x * 255 + 0.5f); }

/* Image `row` of t stands at (top, left), every pixel scale times scale. */
static void check_at(const picture *p, sdag_tensor t, int64_t row, int top, int left, int scale)
{
    const int64_t *d = t.shape.d;
    assert_true(top + d[1] * scale <= p->h && left + d[2] * scale <= p->w);
    for (int i = 0; i < d[1] * scale; i++)
        for (int j = 0; j < d[2] * scale; j++)
            for (int k = 0; k < 3; k++) {
                float x = SDAG_DATA_F32(t)[((row * d[1] + i / scale) * d[2] + j / scale) * d[3] + (d[3] == 3 ? k : 0)];
                int got = p->at[((top + i) * p->w + left + j) * 3 + k];
                if (got != byte_of(x)) fail_msg("pixel %d,%d: %d, not %d", top + i, left + j, got, byte_of(x));
            }
}

static sdag_status write_images(const void *opts, bool training, int batches, sdag_tensor (*ports)[2], int n)
{
    const sdag_collect *k = type_of("sink.images")->collect;
    sdag_collector c = collector(opts);
    c.training = training;
    void *s;
    sdag_status st = k->open(&s, &c), closed;
    if (st) return st;
    for (int i = 0; i < batches && !st; i++) st = k->batch(s, &c, 0, ports[i], n);
    closed = k->close(s, &c, !st);
    return st ? st : closed;
}

/* Rows from more than one batch; grey beside colour, smaller beside larger. */
static void test_grid(void **state)
{
    (void)state;
    sdag_tensor in[2][2] = {{drawn(3, 4, 5, 1, 1), drawn(3, 6, 3, 3, 2)}, {drawn(2, 4, 5, 1, 3), drawn(2, 6, 3, 3, 4)}};
    const void *o = OPTS("sink.images", "path", "a/grid.png", "rows", "4", "scale", "2");
    assert_int_equal(write_images(o, false, 2, in, 2), SDAG_OK);
    picture p = read_picture("a/grid.png");
    assert_true(p.channels == 3 && p.h == 4 + 4 * (12 + 4) && p.w == 4 + 10 + 4 + 6 + 4);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 2; k++) check_at(&p, in[i / 3][k], i % 3, 4 + 16 * i, 4 + 14 * k, 2);
    assert_int_equal(p.at[0], 255); /* paper */
}

/* Samples abreast, the last row not full; small images are enlarged so that they can be seen. */
static void test_columns(void **state)
{
    (void)state;
    sdag_tensor in[1][2] = {{drawn(5, 8, 8, 1, 1)}};
    const void *o = OPTS("sink.images", "path", "grid.png", "rows", "3", "columns", "2");
    assert_int_equal(write_images(o, false, 1, in, 1), SDAG_OK);
    picture p = read_picture("grid.png");
    assert_true(p.channels == 1 && p.h == 4 + 3 * 84 && p.w == 4 + 2 * 84);
    for (int i = 0; i < 5; i++) check_at(&p, in[0][0], i, 4 + 84 * (i / 2), 4 + 84 * (i % 2), 10);
    for (int i = 0; i < 80; i++) assert_int_equal(p.at[((4 + 168 + i) * p.w + 4 + 84 + i) * 3], 255);
}

/* In training the last batch counts. */
static void test_training(void **state)
{
    (void)state;
    sdag_tensor in[3][2] = {{drawn(3, 90, 2, 3, 1)}, {drawn(3, 90, 2, 3, 2)}, {drawn(3, 90, 2, 3, 3)}};
    assert_int_equal(write_images(OPTS("sink.images", "path", "grid.png"), true, 3, in, 1), SDAG_OK);
    picture p = read_picture("grid.png");
    assert_true(p.h == 4 + 3 * 94 && p.w == 4 + 2 + 4);
    for (int i = 0; i < 3; i++) check_at(&p, in[2][0], i, 4 + 94 * i, 4, 1);
}

static void test_images_refused(void **state)
{
    (void)state;
    sdag_tensor in[1][2] = {{drawn(2, 3, 3, 2, 1)}}, wide[1][2] = {{drawn(1, 1, 9000, 1, 1)}};
    assert_int_equal(write_images(OPTS("sink.images", "path", "x.png"), false, 1, in, 1), SDAG_INVALID);
    assert_true(temp_says(logs, "node: value 1 has 2 channels, expected 1 or 3"));
    assert_int_equal(write_images(OPTS("sink.images", "path", "x.png", "scale", "64"), false, 1, wide, 1), SDAG_OK);
    wide[0][0] = drawn(1, 4, 9000, 1, 1);
    assert_int_equal(write_images(OPTS("sink.images", "path", "y.png", "scale", "64"), false, 1, wide, 1),
                     SDAG_INVALID);
    assert_true(temp_says(logs, "too large"));
    assert_false(temp_exists("y.png"));
    assert_non_null(type_of("sink.images")->check(OPTS("sink.images", "path", "../x.png")));
}

/* ---- probe.reconstruction */

enum { N = 60, M = 23, D = 12 }; /* images of 2 by 3 with 2 channels */
static uint8_t pixels[N + M][D];

static sdag_status load(const sdag_dataset *d, int64_t id, int slot, uint8_t *dst, int64_t hw[2], char *why)
{
    (void)slot, (void)why;
    memcpy(dst, pixels[id + (d->n == M ? N : 0)], D);
    hw[0] = 2;
    hw[1] = 3;
    return SDAG_OK;
}

/* Images near a plane of three dimensions. */
static void draw_pixels(void)
{
    for (int i = 0; i < N + M; i++) {
        sdag_rng r = sdag_rng_at(8, 2, 0, (uint32_t)i);
        float u[3];
        for (int k = 0; k < 3; k++) u[k] = sdag_rng_uniform(&r, 0, 70);
        for (int j = 0; j < D; j++) pixels[i][j] = (uint8_t)(u[j % 3] + u[j / 4] + 20 + sdag_rng_uniform(&r, -8, 8));
    }
}

/* What the network gives: image id, with a mistake that is known. */
static float made(int pass, int id, int j)
{
    return (float)pixels[id + (pass ? N : 0)][j] / 255 + 0.001f * (float)(id + j + 100 * pass);
}

static sdag_status reconstruct(const void *opts, const sdag_dataset *bank, const sdag_dataset *query, int64_t batch)
{
    const sdag_collect *k = type_of("probe.reconstruction")->collect;
    sdag_collector c = collector(opts);
    const sdag_dataset *sets[2] = {bank, query};
    void *s;
    sdag_status st = k->open(&s, &c), closed;
    for (int p = 0; p < 2; p++) c.data[p] = sets[p], c.rows[p] = sets[p]->n;
    for (int p = 0; p < 2; p++)
        for (int64_t from = 0; from < sets[p]->n && !st; from += batch) {
            int64_t n = sets[p]->n - from < batch ? sets[p]->n - from : batch;
            float y[N * D];
            int32_t id[N];
            for (int64_t i = 0; i < n; i++) {
                id[i] = (int32_t)(sets[p]->n - 1 - from - i); /* in any order */
                for (int j = 0; j < D; j++) y[i * D + j] = made(p, id[i], j);
            }
            sdag_tensor ports[3] = {{y, SDAG_DT_F32, SDAG_SHAPE(n, 2, 3, 2)}, {0}, {id, SDAG_DT_I32, SDAG_SHAPE(n)}};
            st = k->batch(s, &c, p, ports, 3);
        }
    closed = k->close(s, &c, !st);
    return st ? st : closed;
}

static double error_of(int pass, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < D; j++) sum += pow((double)made(pass, i, j) - pixels[i + (pass ? N : 0)][j] / 255.0, 2);
    return sum / (n * D);
}

/* Principal components by power iteration with deflation, and what they lose of the query. */
static double naive_pca(int components)
{
    double mean[D] = {0}, c[D][D] = {{0}}, v[D][D], sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < D; j++) mean[j] += pixels[i][j] / 255.0 / N;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < D; j++)
            for (int k = 0; k < D; k++)
                c[j][k] += (pixels[i][j] / 255.0 - mean[j]) * (pixels[i][k] / 255.0 - mean[k]) / N;
    for (int m = 0; m < components; m++) {
        for (int j = 0; j < D; j++) v[m][j] = j + 1;
        for (int round = 0; round < 20000; round++) {
            double next[D] = {0}, length = 0;
            for (int j = 0; j < D; j++)
                for (int k = 0; k < D; k++) next[j] += c[j][k] * v[m][k];
            for (int o = 0; o < m; o++) {
                double dot = 0;
                for (int j = 0; j < D; j++) dot += next[j] * v[o][j];
                for (int j = 0; j < D; j++) next[j] -= dot * v[o][j];
            }
            for (int j = 0; j < D; j++) length += next[j] * next[j];
            for (int j = 0; j < D; j++) v[m][j] = next[j] / sqrt(length);
        }
    }
    for (int i = N; i < N + M; i++) {
        double x[D], y[D] = {0};
        for (int j = 0; j < D; j++) x[j] = pixels[i][j] / 255.0 - mean[j];
        for (int m = 0; m < components; m++) {
            double dot = 0;
            for (int j = 0; j < D; j++) dot += v[m][j] * x[j];
            for (int j = 0; j < D; j++) y[j] += dot * v[m][j];
        }
        for (int j = 0; j < D; j++) sum += (x[j] - y[j]) * (x[j] - y[j]);
    }
    return sum / (M * D);
}

static const sdag_dataset bank = {.n = N, .h = 2, .w = 3, .c = 2, .cap = D, .load = load},
                          query = {.n = M, .h = 2, .w = 3, .c = 2, .cap = D, .load = load};

static void test_reconstruction(void **state)
{
    (void)state;
    static const char *const components[] = {"0", "1", "3", "12"};
    draw_pixels();
    for (int i = 0; i < 4; i++) {
        metric.pca = NAN;
        const void *o = OPTS("probe.reconstruction", "components", components[i]);
        assert_int_equal(reconstruct(o, &bank, &query, i % 2 ? 7 : N), SDAG_OK);
        assert_true(fabs(metric.error / error_of(1, M) - 1) < 1e-6);
        assert_true(fabs(metric.bank / error_of(0, N) - 1) < 1e-6);
        if (i == 0) assert_true(isnan(metric.pca));
        if (i == 1 || i == 2) assert_true(fabs(metric.pca / naive_pca(i == 1 ? 1 : 3) - 1) < 1e-4);
        if (i == 3) assert_true(metric.pca < 1e-10); /* all components: nothing is lost */
    }
    assert_true(naive_pca(3) < 0.1 * naive_pca(1));
}

static void test_reconstruction_refused(void **state)
{
    (void)state;
    sdag_dataset other = query, mixed = query;
    other.h = 4;
    mixed.h = mixed.w = 0;
    const void *none = OPTS("probe.reconstruction", "components", "0");
    assert_int_equal(reconstruct(none, &bank, &other, 9), SDAG_INVALID);
    assert_true(temp_says(logs, "'query' has images of 4 by 3 with 2 channels, but 'of' gives 2 by 3 with 2"));
    assert_int_equal(reconstruct(none, &mixed, &query, 9), SDAG_INVALID);
    assert_true(temp_says(logs, "mixed sizes"));
    assert_int_equal(reconstruct(OPTS("probe.reconstruction", "components", "13"), &bank, &query, 9), SDAG_INVALID);
    assert_true(temp_says(logs, "at most 12 components"));
}

static void test_out_of_memory(void **state)
{
    (void)state;
    draw_pixels();
    const void *o = OPTS("probe.reconstruction", "components", "3");
    sdag_status s = SDAG_NOMEM;
    for (uint64_t nth = 1; s; nth++) {
        assert_true(nth < 100);
        const sdag_collect *k = type_of("probe.reconstruction")->collect;
        sdag_collector c = collector(o);
        void *st = NULL;
        sdag_alloc_fail(nth, false);
        s = k->open(&st, &c);
        float y[D] = {0};
        int32_t id = 0;
        sdag_tensor ports[3] = {{y, SDAG_DT_F32, SDAG_SHAPE(1, 2, 3, 2)}, {0}, {&id, SDAG_DT_I32, SDAG_SHAPE(1)}};
        c.data[0] = &bank, c.data[1] = &query;
        bool opened = !s;
        for (int pass = 0; pass < 2 && !s; pass++) s = k->batch(st, &c, pass, ports, 3);
        if (opened) k->close(st, &c, !s);
        sdag_alloc_fail(0, false);
        assert_true(s == SDAG_OK || s == SDAG_NOMEM);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_grid),           TEST(test_columns),        TEST(test_training),
        TEST(test_images_refused), TEST(test_reconstruction), TEST(test_reconstruction_refused),
        TEST(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
