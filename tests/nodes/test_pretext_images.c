/* Pretext tasks on images: pretext.rotation and pretext.mask, value by value, and the laws of their random choices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/formula.h"
#include "tests/support/pipeline.h"

enum { TEXT_MAX = 1000 };

/* A phase of inference with these nodes; train: one that trains a little network beside them, for epochs to pass. */
static void start(pipeline *p, pipeline_options *o, char text[TEXT_MAX], bool train, const char *nodes)
{
    static const char network[] = "      encoder: {type: encoder.mlp, in: images, widths: [2]}\n"
                                  "      loss: {type: loss.dot, in: encoder}\n"
                                  "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n";
    int n = snprintf(text, TEXT_MAX, "version: 1\nseed: 3\nphases:\n  a:\n%s    nodes:\n%s%s",
                     train ? "    epochs: 100\n" : "", nodes, train ? network : "");
    assert_true(n > 0 && n < TEXT_MAX);
    *o = (pipeline_options){.yaml = text, .types = formula_types, .fill = formula_weight, .feed = true, .train = train};
    if (pipeline_open(p, o)) fail_msg("the pipeline does not open:\n%s", text);
}

static void step(pipeline *p) { assert_int_equal(pipeline_step(p), SDAG_OK); }

/* ---- rotation */

/* Pixel (y,x) of the image turned counter-clockwise by k quarter turns, as numpy.rot90 has it. */
static float turned(const float *image, int64_t n, int64_t c, int k, int64_t y, int64_t x, int64_t ch)
{
    for (; k > 0; k--) {
        int64_t was = y;
        y = x;
        x = n - 1 - was;
    }
    return image[(y * n + x) * c + ch];
}

static void same_turned(const float *y, const float *x, int64_t n, int64_t c, int k)
{
    for (int64_t i = 0; i < n * n * c; i++) assert_true(y[i] == turned(x, n, c, k, i / c / n, i / c % n, i % c));
}

static void test_all_turns(void **state)
{
    (void)state;
    char text[TEXT_MAX];
    pipeline p;
    pipeline_options o;
    start(&p, &o, text, false,
          "      images: {type: augment, in: {type: source.formula, size: 5, channels: 2, batch: 3}, ops: [normalize: "
          "{mean: [0.5, 0.5], std: [0.3, 0.3]}]}\n"
          "      turn: {type: pretext.rotation, in: images}\n"
          "      mean: {type: probe.mean, in: turn}\n");
    step(&p);
    sdag_tensor x = pipeline_value(&p, "images", NULL), y = pipeline_value(&p, "turn", "image");
    const int32_t *label = SDAG_DATA_I32(pipeline_value(&p, "turn", "label"));
    assert_true(sdag_shape_equal(y.shape, SDAG_SHAPE(12, 5, 5, 2)));
    for (int i = 0; i < 12; i++) {
        assert_int_equal(label[i], i % 4);
        same_turned(SDAG_DATA_F32(y) + i * 50, SDAG_DATA_F32(x) + i / 4 * 50, 5, 2, i % 4);
    }
    /* one turn brings the upper right corner to the upper left */
    assert_true(SDAG_DATA_F32(y)[50] == SDAG_DATA_F32(x)[4 * 2]);
    pipeline_close(&p);
}

/* Bytes stay bytes. */
static void test_bytes(void **state)
{
    (void)state;
    char text[TEXT_MAX];
    pipeline p;
    pipeline_options o;
    start(&p, &o, text, false,
          "      images: {type: source.digits, batch: 4}\n      turn: {type: pretext.rotation, in: images}\n"
          "      mean: {type: probe.mean, in: turn}\n");
    step(&p);
    sdag_tensor x = pipeline_value(&p, "images", "image"), y = pipeline_value(&p, "turn", "image");
    assert_int_equal(y.dtype, SDAG_DT_U8);
    assert_true(sdag_shape_equal(y.shape, SDAG_SHAPE(16, 8, 8, 1)));
    for (int i = 0; i < 4; i++) {
        const uint8_t *plain = SDAG_DATA_U8(x) + i * 64, *half = SDAG_DATA_U8(y) + (4 * i + 2) * 64;
        for (int k = 0; k < 64; k++) assert_int_equal(half[k], plain[63 - k]);
    }
    pipeline_close(&p);
}

enum { BATCH = 500 };

static void random_turns(bool train, int32_t first[BATCH], int32_t again[BATCH])
{
    char text[TEXT_MAX];
    pipeline p;
    pipeline_options o;
    start(&p, &o, text, train,
          "      images: {type: source.formula, size: 3, channels: 1, count: 500, batch: 500}\n"
          "      turn: {type: pretext.rotation, in: images, turns: random}\n"
          "      mean: {type: probe.mean, in: turn}\n");
    int32_t *to[] = {first, again};
    for (int t = 0; t < 2; t++) {
        step(&p);
        sdag_tensor x = pipeline_value(&p, "images", "image"), y = pipeline_value(&p, "turn", "image");
        memcpy(to[t], pipeline_value(&p, "turn", "label").data, BATCH * sizeof **to);
        for (int i = 0; i < BATCH; i++) {
            const uint8_t *was = SDAG_DATA_U8(x) + 9 * i, *is = SDAG_DATA_U8(y) + 9 * i;
            static const int corner[4] = {0, 2, 8, 6}; /* where the upper left pixel comes from */
            assert_true(to[t][i] >= 0 && to[t][i] < 4);
            assert_int_equal(is[0], was[corner[to[t][i]]]);
        }
    }
    pipeline_close(&p);
}

static int differ(const int32_t *a, const int32_t *b)
{
    int n = 0;
    for (int i = 0; i < BATCH; i++) n += a[i] != b[i];
    return n;
}

static void test_random_turns(void **state)
{
    (void)state;
    static int32_t a[BATCH], b[BATCH], c[BATCH], d[BATCH];
    random_turns(false, a, b);
    random_turns(true, c, d);
    assert_int_equal(differ(a, b), 0);     /* inference: a sample is always turned alike */
    assert_int_equal(differ(a, c), 0);     /* as in the first epoch */
    assert_true(differ(c, d) > BATCH / 2); /* then anew: 3 in 4 differ */
    int count[4] = {0};
    for (int i = 0; i < BATCH; i++) count[a[i]]++;
    for (int k = 0; k < 4; k++) assert_true(count[k] > 85 && count[k] < 165); /* 4 deviations about 125 */
}

/* ---- masks */

typedef struct masked {
    pipeline p;
    pipeline_options o;
    char text[TEXT_MAX];
    const float *image, *mask, *target, *patch_mask;
    const int32_t *visible;
} masked;

static void look(masked *m)
{
    step(&m->p);
    m->image = pipeline_value(&m->p, "hide", "image").data;
    m->mask = pipeline_value(&m->p, "hide", "mask").data;
    m->target = pipeline_value(&m->p, "hide", "target").data;
}

static void hide(masked *m, bool train, const char *options)
{
    char nodes[TEXT_MAX / 2];
    snprintf(nodes, sizeof nodes,
             "      images: {type: source.formula, size: 8, channels: 3, count: 40, batch: 40}\n"
             "      hide: {type: pretext.mask, in: images, %s}\n"
             "      mean: {type: probe.mean, in: hide}\n",
             options);
    start(&m->p, &m->o, m->text, train, nodes);
    look(m);
}

static void look_patches(masked *m)
{
    m->patch_mask = pipeline_value(&m->p, "hide", "patch_mask").data;
    m->visible = pipeline_value(&m->p, "hide", "visible").data;
}

/* Moments of the visible pixels of a channel of image i; whole: those of the target. */
static void moments(const masked *m, int i, int c, double *mean, double *std)
{
    double n = 0, sum = 0, squares = 0;
    for (int k = 0; k < 64; k++) {
        if (m->mask[i * 64 + k] != 0) continue;
        double v = (double)m->target[(i * 64 + k) * 3 + c];
        n++, sum += v, squares += v * v;
    }
    *mean = sum / n;
    *std = sqrt(squares / n - *mean * *mean);
}

static void test_patches(void **state)
{
    (void)state;
    masked m;
    hide(&m, false, "patch: 2, ratio: 0.7"); /* of 16 patches 11.2: 11 */
    look_patches(&m);
    sdag_tensor v = pipeline_value(&m.p, "hide", "visible");
    assert_true(sdag_shape_equal(v.shape, SDAG_SHAPE(40, 5)));
    int hidden[16] = {0};
    for (int i = 0; i < 40; i++) {
        int n = 0, seen = 0;
        for (int k = 0; k < 16; k++) {
            const float h = m.patch_mask[i * 16 + k];
            assert_true(h == 0 || h == 1);
            if (h == 0) assert_int_equal(m.visible[i * 5 + seen++], k);
            n += h == 1;
            hidden[k] += h == 1;
        }
        assert_int_equal(n, 11);
        for (int k = 0; k < 64; k++)
            assert_true(m.mask[i * 64 + k] == m.patch_mask[i * 16 + k / 8 / 2 * 4 + k % 8 / 2]);
        for (int c = 0; c < 3; c++) {
            double mean, std;
            moments(&m, i, c, &mean, &std);
            for (int k = 0; k < 64; k++) {
                const float is = m.image[(i * 64 + k) * 3 + c], was = m.target[(i * 64 + k) * 3 + c];
                if (m.mask[i * 64 + k] == 0) assert_true(is == was);
                else assert_true(fabs((double)is - mean) < 1e-6);
            }
        }
    }
    for (int k = 0; k < 16; k++) assert_true(hidden[k] > 14 && hidden[k] <= 40); /* 27.5, deviation 2.9 */
    pipeline_close(&m.p);
}

static int choices_differ(const float *a, const float *b)
{
    int n = 0;
    for (int i = 0; i < 40; i++) n += memcmp(a + i * 64, b + i * 64, 64 * sizeof *a) != 0;
    return n;
}

/* The same in every pass of an inference, another one in every epoch of a training; another one for another node. */
static void test_mask_keys(void **state)
{
    (void)state;
    static float first[40 * 64];
    masked m;
    for (int train = 0; train < 2; train++) {
        hide(&m, train, "patch: 2, ratio: 0.5, kind: patches");
        if (!train) memcpy(first, m.mask, sizeof first);
        assert_int_equal(choices_differ(first, m.mask), 0);
        look(&m);
        if (train) assert_true(choices_differ(first, m.mask) > 35);
        else assert_int_equal(choices_differ(first, m.mask), 0);
        pipeline_close(&m.p);
    }
    pipeline p;
    pipeline_options o;
    start(&p, &o, m.text, false,
          "      images: {type: source.formula, size: 8, channels: 3, count: 40, batch: 40}\n"
          "      other: {type: pretext.mask, in: images, patch: 2, ratio: 0.5}\n"
          "      mean: {type: probe.mean, in: other}\n");
    step(&p);
    assert_true(choices_differ(first, pipeline_value(&p, "other", "mask").data) > 35);
    pipeline_close(&p);
}

static void test_block(void **state)
{
    (void)state;
    masked m;
    hide(&m, false, "kind: block, ratio: 0.25, fill: value, value: -3");
    int place[2] = {0};
    for (int i = 0; i < 40; i++) {
        int y0 = 8, y1 = -1, x0 = 8, x1 = -1, n = 0;
        for (int k = 0; k < 64; k++) {
            for (int c = 0; c < 3; c++) {
                const float is = m.image[(i * 64 + k) * 3 + c];
                assert_true(is == (m.mask[i * 64 + k] != 0 ? -3 : m.target[(i * 64 + k) * 3 + c]));
            }
            if (m.mask[i * 64 + k] == 0) continue;
            n++;
            y0 = k / 8 < y0 ? k / 8 : y0, y1 = k / 8 > y1 ? k / 8 : y1;
            x0 = k % 8 < x0 ? k % 8 : x0, x1 = k % 8 > x1 ? k % 8 : x1;
        }
        assert_int_equal(n, (y1 - y0 + 1) * (x1 - x0 + 1)); /* one whole rectangle */
        assert_true(n >= 14 && n <= 18);                    /* about 16 of 64 */
        place[0] += y0, place[1] += x0;
    }
    for (int k = 0; k < 2; k++) assert_true(place[k] > 40 && place[k] < 120); /* 2 on the mean */
    pipeline_close(&m.p);
}

/* The mean of the visible pixels right around the rectangle, for every channel. */
static void test_border(void **state)
{
    (void)state;
    masked m;
    hide(&m, false, "kind: block, ratio: 0.3, fill: border");
    for (int i = 0; i < 40; i++)
        for (int c = 0; c < 3; c++) {
            double sum = 0;
            int n = 0;
            for (int k = 0; k < 64; k++) {
                bool near = false;
                for (int d = 0; d < 9; d++) {
                    int y = k / 8 + d / 3 - 1, x = k % 8 + d % 3 - 1;
                    near |= y >= 0 && x >= 0 && y < 8 && x < 8 && m.mask[i * 64 + y * 8 + x] != 0;
                }
                if (m.mask[i * 64 + k] != 0 || !near) continue;
                n++;
                sum += (double)m.target[(i * 64 + k) * 3 + c];
            }
            for (int k = 0; k < 64; k++)
                if (m.mask[i * 64 + k] != 0) assert_true(fabs((double)m.image[(i * 64 + k) * 3 + c] - sum / n) < 1e-6);
        }
    pipeline_close(&m.p);
}

/* What is hidden looks like what is seen, in mean and deviation. */
static void test_noise(void **state)
{
    (void)state;
    masked m;
    hide(&m, false, "patch: 4, ratio: 0.5, fill: noise");
    double sum = 0, squares = 0;
    int n = 0;
    for (int i = 0; i < 40; i++)
        for (int c = 0; c < 3; c++) {
            double mean, std;
            moments(&m, i, c, &mean, &std);
            for (int k = 0; k < 64; k++) {
                if (m.mask[i * 64 + k] == 0) continue;
                const double z = ((double)m.image[(i * 64 + k) * 3 + c] - mean) / std;
                sum += z, squares += z * z, n++;
            }
        }
    assert_int_equal(n, 40 * 3 * 32);
    assert_true(fabs(sum / n) < 0.07 && fabs(squares / n - 1) < 0.1);
    pipeline_close(&m.p);
}

/* Every patch less its mean, over its unbiased deviation, over all its pixels and channels (MAE). */
static void test_normalize(void **state)
{
    (void)state;
    masked m;
    hide(&m, false, "patch: 4, ratio: 0.5, normalize: true");
    sdag_tensor x = pipeline_value(&m.p, "images", "image");
    for (int i = 0; i < 40; i++)
        for (int patch = 0; patch < 4; patch++) {
            double sum = 0, squares = 0;
            for (int k = 0; k < 48; k++) {
                int at = (i * 64 + (patch / 2 * 4 + k / 12) * 8 + patch % 2 * 4 + k / 3 % 4) * 3 + k % 3;
                double v = SDAG_DATA_U8(x)[at] / 255.0;
                sum += v, squares += v * v;
            }
            const double mean = sum / 48, std = sqrt((squares - sum * mean) / 47 + 1e-6);
            for (int k = 0; k < 48; k++) {
                int at = (i * 64 + (patch / 2 * 4 + k / 12) * 8 + patch % 2 * 4 + k / 3 % 4) * 3 + k % 3;
                double v = (SDAG_DATA_U8(x)[at] / 255.0 - mean) / std;
                assert_true(fabs((double)m.target[at] - v) < 1e-4);
            }
        }
    pipeline_close(&m.p);
}

/* ---- pasting what was made into what was seen */

static void test_blend(void **state)
{
    (void)state;
    char text[TEXT_MAX];
    pipeline p;
    pipeline_options o;
    start(&p, &o, text, false,
          "      images: {type: source.formula, size: 8, channels: 3, count: 4, batch: 4}\n"
          "      hide: {type: pretext.mask, in: images, patch: 2, ratio: 0.5, fill: value, value: 7}\n"
          "      whole: {type: math.blend, in: {x: hide.image, y: images, mask: hide.mask}}\n"
          "      mean: {type: probe.mean, in: whole}\n");
    step(&p);
    const float *m = pipeline_value(&p, "hide", "mask").data, *y = pipeline_value(&p, "whole", NULL).data;
    const uint8_t *x = pipeline_value(&p, "images", "image").data;
    for (int i = 0; i < 4 * 64 * 3; i++) assert_true(fabs((double)y[i] - (m[i / 3] != 0 ? 7 : x[i] / 255.0)) < 1e-6);
    pipeline_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_turns), cmocka_unit_test(test_bytes),     cmocka_unit_test(test_random_turns),
        cmocka_unit_test(test_patches),   cmocka_unit_test(test_mask_keys), cmocka_unit_test(test_block),
        cmocka_unit_test(test_border),    cmocka_unit_test(test_noise),     cmocka_unit_test(test_normalize),
        cmocka_unit_test(test_blend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
