/* Augmentation: every transform against torchvision's numbers, and the laws of the random ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "nodes/augment/chain.h"
#include "nodes/augment/transform.h"
#include "runtime/optest/interp.h"
#include "tests/nodes/augment_values.h"
#include "tests/support/opts.h"

/* ---- running a chain ---- */

typedef struct batch {
    int64_t n, h, w, c; /* pixels u8[n,h,w,c] */
    const uint8_t *pixels;
    const int32_t *ids;  /* NULL: by place */
    const int32_t *dims; /* not NULL: u8[n, h*w*c] with sizes */
    const float *floats; /* not NULL: f32[n,h,w,c] instead of pixels */
    uint32_t stream;
    sdag_step step;
} batch;

static sdag_arena arena, *const a = &arena;

static int set_up(void **state)
{
    (void)state;
    sdag_arena_init(a);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sdag_arena_free(a);
    return 0;
}

#define R(...) sdag_test_record(a, sdag_transforms, __VA_ARGS__, NULL)
#define RUN(b, ...) \
    run(b, (sdag_records){sizeof((sdag_record[]){__VA_ARGS__}) / sizeof(sdag_record), (sdag_record[]){__VA_ARGS__}})

static sdag_val emit(sdag_build *s, sdag_program *p, sdag_log *log, const batch *b, const sdag_records *ops,
                     sdag_val in[3])
{
    sdag_build_init(s, a, log, p);
    s->node_name = "views";
    sdag_shape shape = b->dims ? SDAG_SHAPE(b->n, b->h * b->w * b->c) : SDAG_SHAPE(b->n, b->h, b->w, b->c);
    in[0] = sdag_input(s, b->floats ? SDAG_DT_F32 : SDAG_DT_U8, shape);
    in[1] = b->dims ? sdag_input(s, SDAG_DT_I32, SDAG_SHAPE(b->n, 2)) : 0;
    in[2] = b->ids ? sdag_input(s, SDAG_DT_I32, SDAG_SHAPE(b->n)) : 0;
    return sdag_op_augment(s, in[0], in[1], b->c, in[2], ops, b->stream);
}

static sdag_tensor run(const batch *b, sdag_records ops)
{
    sdag_program *p = SDAG_NEW(a, sdag_program);
    sdag_build s;
    sdag_val in[3], y = emit(&s, p, NULL, b, &ops, in);
    assert_false(sdag_build_failed(&s));
    sdag_interp t;
    sdag_interp_init(&t, a, p);
    t.step = b->step;
    size_t count = (size_t)(b->n * b->h * b->w * b->c);
    if (b->floats) memcpy(t.at[in[0]].data, b->floats, count * sizeof(float));
    else memcpy(t.at[in[0]].data, b->pixels, count);
    if (b->dims) memcpy(t.at[in[1]].data, b->dims, (size_t)b->n * 2 * sizeof *b->dims);
    if (b->ids) memcpy(t.at[in[2]].data, b->ids, (size_t)b->n * sizeof *b->ids);
    if (sdag_interp_run(&t)) fail_msg("%s%s", t.wrong, t.fault.text);
    return t.at[y];
}

static uint8_t *noise_pixels(int64_t n, uint32_t seed)
{
    uint8_t *p = sdag_arena_get(a, (size_t)n);
    sdag_rng r = sdag_rng_at(seed, 1, 2, 3);
    for (int64_t i = 0; i < n; i++) p[i] = (uint8_t)sdag_rng_u32(&r);
    return p;
}

/* ---- against torchvision ---- */

/* The picture of tests/parity/augment_values.py. */
static batch picture(int64_t c)
{
    uint8_t *p = sdag_arena_get(a, (size_t)(9 * 7 * c));
    for (int64_t i = 0; i < 9 * 7 * c; i++) p[i] = (uint8_t)((i * 37 + i * i * 11 + 5) % 256);
    return (batch){.n = 1, .h = 9, .w = 7, .c = c, .pixels = p};
}

static void compare(const char *name, sdag_tensor y, double tolerance)
{
    const augment_value *v = augment_values;
    while (v->name && strcmp(v->name, name)) v++;
    assert_non_null(v->name);
    assert_true(sdag_shape_equal(y.shape, SDAG_SHAPE(1, v->h, v->w, v->c)));
    for (int64_t i = 0; i < v->h * v->w * v->c; i++) {
        double got = SDAG_DATA_F32(y)[i];
        if (!(fabs(got - (double)v->at[i]) <= tolerance * (1 + fabs(got))))
            fail_msg("%s[%d] is %.6g, torchvision has %.6g", name, (int)i, got, (double)v->at[i]);
    }
}

static void test_values(void **state)
{
    (void)state;
    batch x = picture(3), g = picture(1);
    const double near = 4e-6, luma = 2e-4; /* torchvision's weight of red is 0.2989 */
    compare("resize_5x4", RUN(&x, R("resize", "size", "[5, 4]")), near);
    compare("resize_13x10", RUN(&x, R("resize", "size", "[13, 10]")), near);
    compare("resize_5x4_cubic", RUN(&x, R("resize", "size", "[5, 4]", "interpolation", "bicubic")), near);
    compare("resize_13x10_cubic", RUN(&x, R("resize", "size", "[13, 10]", "interpolation", "bicubic")), near);
    compare("resize_shorter_5", RUN(&x, R("resize", "size", "5")), near);
    compare("resize_crop", RUN(&x, R("resize", "size", "6"), R("center_crop", "size", "[5, 4]")), near);
    compare("center_crop_4x5", RUN(&x, R("center_crop", "size", "[4, 5]")), near);
    compare("center_crop_12x4", RUN(&x, R("center_crop", "size", "[12, 4]")), near);
    compare("horizontal_flip", RUN(&x, R("horizontal_flip", "p", "1")), near);
    compare("vertical_flip", RUN(&x, R("vertical_flip", "p", "1")), near);
    compare("brightness", RUN(&x, R("color_jitter", "brightness", "[1.7, 1.7]")), near);
    compare("contrast", RUN(&x, R("color_jitter", "contrast", "[0.4, 0.4]")), luma);
    compare("contrast_gray", RUN(&g, R("color_jitter", "contrast", "[1.6, 1.6]", "hue", "0.5")), near);
    compare("saturation", RUN(&x, R("color_jitter", "saturation", "[1.8, 1.8]")), luma);
    compare("hue_up", RUN(&x, R("color_jitter", "hue", "[0.3, 0.3]")), near);
    compare("hue_down", RUN(&x, R("color_jitter", "hue", "[-0.45, -0.45]")), near);
    compare("grayscale", RUN(&x, R("grayscale", "p", "1")), luma);
    compare("blur_5", RUN(&x, R("gaussian_blur", "p", "1", "sigma", "[1.3, 1.3]", "kernel", "5")), near);
    compare("blur_auto", RUN(&x, R("gaussian_blur", "p", "1", "sigma", "[1.3, 1.3]")), near);
    compare("solarize", RUN(&x, R("solarize", "p", "1", "threshold", "0.4")), near);
    compare("normalize", RUN(&x, R("normalize", "mean", "[0.5, 0.4, 0.3]", "std", "[0.2, 0.3, 0.4]")), near);
    sdag_record affine = R("random_affine", "degrees", "[20, 20]", "scale", "[1.2, 1.2]", "shear", "[10, 10]");
    compare("affine", RUN(&x, affine), near);
    compare("affine_gray",
            RUN(&g, R("random_affine", "degrees", "[-35, -35]", "scale", "[0.8, 0.8]", "shear", "[5, 5, -12, -12]")),
            near);
    compare("affine_nearest",
            RUN(&x, R("random_affine", "degrees", "[20, 20]", "scale", "[1.2, 1.2]", "shear", "[10, 10]",
                      "interpolation", "nearest")),
            near);
}

/* ---- the laws of chance ---- */

enum { MANY = 2000 };

/* Red grows along x, green along y, by one step a pixel: a linear picture, from which a crop can be read back. */
static batch ramp(int64_t n, int64_t h, int64_t w)
{
    uint8_t *p = sdag_arena_get(a, (size_t)(n * h * w * 3));
    for (int64_t i = 0; i < n * h * w; i++) {
        p[3 * i] = (uint8_t)(i % w);
        p[3 * i + 1] = (uint8_t)(i / w % h);
    }
    return (batch){.n = n, .h = h, .w = w, .c = 3, .pixels = p};
}

/* Height, width and centre of the crop that was enlarged to 64x64: interpolation keeps a ramp a ramp. */
static void read_box(double *h, double *w, double *y, const float *p)
{
    const float *a_row = p + 31 * 64 * 3 + 31 * 3, *next_row = a_row + 64 * 3;
    *w = 64 * 255 * (double)(a_row[3] - a_row[0]);
    *h = 64 * 255 * (double)(next_row[1] - a_row[1]);
    *y = 127.5 * (double)(next_row[1] + a_row[1]);
}

static void test_resized_crop(void **state)
{
    (void)state;
    enum { N = 400 };
    batch b = ramp(N, 64, 64);
    sdag_tensor y = RUN(&b, R("random_resized_crop", "size", "64", "scale", "[0.2, 0.6]"));
    double sum = 0, log_ratio = 0, side = 0;
    for (int i = 0; i < N; i++) {
        double h, w, center;
        read_box(&h, &w, &center, SDAG_DATA_F32(y) + i * 64 * 64 * 3);
        if (!(fabs(h - rint(h)) < 0.01 && fabs(w - rint(w)) < 0.01)) fail_msg("%d: box %g x %g", i, h, w);
        assert_true(h * w > (0.2 * 64 - 1.5) * 64 && h * w < (0.6 * 64 + 1.5) * 64);
        assert_true(w / h > 0.7 && w / h < 1.43);
        sum += h * w / 4096;
        log_ratio += log(w / h);
        side += center;
    }
    assert_true(fabs(sum / N - 0.4) < 0.026); /* 4.5 deviations of a mean of U(0.2, 0.6) */
    assert_true(fabs(log_ratio / N) < 0.04);
    assert_true(fabs(side / N - 31.5) < 1.5);
}

static void test_resized_crop_fallback(void **state)
{
    (void)state;
    batch b = ramp(3, 64, 64);
    sdag_tensor y = RUN(&b, R("random_resized_crop", "size", "64", "scale", "[1, 1]", "ratio", "[2, 2]"));
    double h, w, center;
    read_box(&h, &w, &center, SDAG_DATA_F32(y));
    assert_true(fabs(h - 32) < 0.01 && fabs(w - 64) < 0.01 && fabs(center - 31.5) < 0.01);
}

static void test_shifts(void **state)
{
    (void)state;
    batch b = ramp(MANY, 16, 16);
    sdag_tensor y = RUN(&b, R("random_affine", "translate", "[0.25, 0.125]", "fill", "1"));
    bool seen[9] = {0};
    for (int i = 0; i < MANY; i++) {
        const float *p = SDAG_DATA_F32(y) + i * 16 * 16 * 3 + (8 * 16 + 8) * 3;
        double dx = 8 - 255 * (double)p[0], dy = 8 - 255 * (double)p[1];
        assert_true(fabs(dx - rint(dx)) < 1e-4 && fabs(dy - rint(dy)) < 1e-4 && fabs(dx) < 2.1 && fabs(dy) < 4.1);
        seen[lrint(dy) + 4] = true;
        if (dx > 0.5) assert_true(p[-8 * 3] == 1); /* column 0 lies outside */
    }
    for (int i = 0; i < 9; i++) assert_true(seen[i]);
}

static void test_padded_crop(void **state)
{
    (void)state;
    batch b = ramp(MANY, 16, 16);
    sdag_tensor y = RUN(&b, R("random_crop", "size", "16", "padding", "3"));
    bool seen[7] = {0};
    for (int i = 0; i < MANY; i++) {
        const float *p = SDAG_DATA_F32(y) + i * 16 * 16 * 3;
        double dx = 8 - 255 * (double)p[(8 * 16 + 8) * 3], dy = 8 - 255 * (double)p[(8 * 16 + 8) * 3 + 1];
        assert_true(fabs(dx) < 3.01 && fabs(dy) < 3.01);
        if (dy > 0.5) assert_true(p[1] == 0 && p[15 * 3] == 0);
        seen[lrint(dx) + 3] = true;
    }
    for (int i = 0; i < 7; i++) assert_true(seen[i]);
}

static void test_probability(void **state)
{
    (void)state;
    batch b = ramp(MANY, 2, 2);
    sdag_tensor y = RUN(&b, R("horizontal_flip", "p", "0.3"));
    int n = 0;
    for (int i = 0; i < MANY; i++) n += SDAG_DATA_F32(y)[i * 12] > 0;
    assert_in_range(n, (int)(MANY * 0.3) - 92, (int)(MANY * 0.3) + 92); /* 4.5 deviations */
}

static void test_noise(void **state)
{
    (void)state;
    float *grey = SDAG_NEWS(a, float, 50 * 32 * 32);
    batch b = {.n = 50, .h = 32, .w = 32, .c = 1, .floats = grey};
    sdag_tensor y = RUN(&b, R("noise", "std", "0.5", "clip", "false"));
    double n = 50 * 32 * 32, s1 = 0, s2 = 0, s4 = 0, next = 0, pair = 0;
    for (int i = 0; i < (int)n; i++) {
        double z = 2 * (double)SDAG_DATA_F32(y)[i];
        s1 += z, s2 += z * z, s4 += z * z * z * z;
        next += i ? z * 2 * (double)SDAG_DATA_F32(y)[i - 1] : 0;
        pair += i >= 128 ? z * 2 * (double)SDAG_DATA_F32(y)[i - 128] : 0; /* the two numbers of one pair of words */
    }
    double tol = 4.5 / sqrt(n);
    assert_true(fabs(s1 / n) < tol && fabs(s2 / n - 1) < tol * sqrt(2) && fabs(s4 / n - 3) < tol * sqrt(96));
    assert_true(fabs(next / n) < tol && fabs(pair / n) < tol);
    y = RUN(&b, R("noise", "std", "0.5"));
    for (int i = 0; i < (int)n; i++) assert_true(SDAG_DATA_F32(y)[i] >= 0 && SDAG_DATA_F32(y)[i] <= 1);
}

static void test_jitter_range(void **state)
{
    (void)state;
    float *grey = SDAG_NEWS(a, float, MANY * 2);
    for (int i = 0; i < MANY; i++) grey[2 * i] = 0.2f, grey[2 * i + 1] = 0.6f;
    batch b = {.n = MANY, .h = 1, .w = 2, .c = 1, .floats = grey};
    sdag_tensor y = RUN(&b, R("color_jitter", "brightness", "0.5"));
    double lo = 9, hi = 0, sum = 0;
    for (int i = 0; i < MANY; i++) {
        double f = (double)SDAG_DATA_F32(y)[2 * i] / 0.2;
        lo = fmin(lo, f), hi = fmax(hi, f), sum += f;
    }
    assert_true(lo >= 0.5 && lo < 0.51 && hi <= 1.5 + 1e-6 && hi > 1.49 && fabs(sum / MANY - 1) < 0.03);
    /* Brightness 2 then contrast 0 is the mean of (0.4, 1), the other way round it is 2 * 0.4: the order is random. */
    y = RUN(&b, R("color_jitter", "brightness", "[2, 2]", "contrast", "[0, 0]"));
    int first = 0;
    for (int i = 0; i < MANY; i++) {
        double v = (double)SDAG_DATA_F32(y)[2 * i];
        assert_true(fabs(v - 0.7) < 1e-6 || fabs(v - 0.8) < 1e-6);
        first += v < 0.75;
    }
    assert_in_range(first, MANY / 2 - 100, MANY / 2 + 100);
}

/* ---- what random numbers hang on ---- */

static sdag_tensor simclr(const batch *b)
{
    return RUN(b, R("random_resized_crop", "size", "12"), R("horizontal_flip"),
               R("color_jitter", "brightness", "0.4", "contrast", "0.4", "saturation", "0.4", "hue", "0.1", "p", "0.8"),
               R("grayscale"), R("gaussian_blur"), R("solarize"), R("noise", "p", "0.5"),
               R("normalize", "mean", "0.5", "std", "[0.2, 0.2, 0.2]"));
}

static bool same(sdag_tensor x, sdag_tensor y, int64_t i, int64_t j)
{
    int64_t n = sdag_elems(&x.shape) / x.shape.d[0];
    return memcmp(SDAG_DATA_F32(x) + i * n, SDAG_DATA_F32(y) + j * n, (size_t)n * sizeof(float)) == 0;
}

static void test_streams(void **state)
{
    (void)state;
    enum { N = 40 };
    int32_t ids[N], swapped[N];
    for (int i = 0; i < N; i++) ids[i] = 100 + i, swapped[i] = 100 + N - 1 - i;
    uint8_t *px = noise_pixels(N * 20 * 20 * 3, 1), *turned = sdag_arena_get(a, N * 20 * 20 * 3);
    for (int i = 0; i < N; i++) memcpy(turned + i * 1200, px + (N - 1 - i) * 1200, 1200);
    batch b = {.n = N,
               .h = 20,
               .w = 20,
               .c = 3,
               .pixels = px,
               .ids = ids,
               .stream = 5,
               .step = {.seed = 9, .epoch = 3, .step = 77, .training = 1}};
    sdag_tensor y = simclr(&b);
    batch place = b;
    place.pixels = turned, place.ids = swapped, place.step.step = 5;
    sdag_tensor z = simclr(&place); /* neither the place in the batch nor the step matters */
    for (int i = 0; i < N; i++) assert_true(same(y, z, i, N - 1 - i));

    batch other[5] = {b, b, b, b, b};
    other[0].step.seed = 10, other[1].step.epoch = 4, other[2].stream = 6, other[3].ids = swapped;
    other[4].step.training = 0;
    for (int k = 0; k < 5; k++) {
        int n = 0;
        z = simclr(&other[k]);
        for (int i = 0; i < N; i++) n += same(y, z, i, i);
        assert_true(n < 2);
    }
    other[4].step.epoch = 8; /* without training the epoch does not matter */
    sdag_tensor w = simclr(&other[4]);
    for (int i = 0; i < N; i++) assert_true(same(z, w, i, i));
    other[0] = b, other[0].ids = NULL; /* by place: other steps draw other numbers */
    other[1] = other[0], other[1].step.step++;
    assert_false(same(simclr(&other[0]), simclr(&other[1]), 0, 0));
}

static void test_mixed_sizes(void **state)
{
    (void)state;
    uint8_t *px = noise_pixels(2 * 300, 7);
    int32_t ids[2] = {4, 5}, dims[4] = {10, 10, 4, 25};
    batch mixed = {.n = 2, .h = 10, .w = 10, .c = 3, .pixels = px, .ids = ids, .dims = dims};
    batch plain = {.n = 1, .h = 4, .w = 25, .c = 3, .pixels = px + 300, .ids = ids + 1};
    assert_true(same(simclr(&mixed), simclr(&plain), 1, 0));
    sdag_record shorter = R("resize", "size", "6"), crop = R("center_crop", "size", "[5, 6]");
    assert_true(same(RUN(&mixed, shorter, crop), RUN(&plain, shorter, crop), 1, 0));
    sdag_record blur = R("gaussian_blur", "p", "1"), affine = R("random_affine", "degrees", "30");
    assert_true(same(RUN(&mixed, blur, affine, crop), RUN(&plain, blur, affine, crop), 1, 0));
    sdag_record pad = R("random_crop", "size", "[30, 3]", "padding", "2"), flip = R("horizontal_flip", "p", "1");
    assert_true(same(RUN(&mixed, pad, flip), RUN(&plain, pad, flip), 1, 0));
}

/* A chain on floats gives what it gives on the bytes that they stand for. */
static void test_floats(void **state)
{
    (void)state;
    uint8_t *px = noise_pixels(300, 8);
    float *x = SDAG_NEWS(a, float, 300);
    for (int i = 0; i < 300; i++) x[i] = (float)px[i] / 255;
    batch bytes = {.n = 1, .h = 10, .w = 10, .c = 3, .pixels = px}, floats = bytes;
    floats.floats = x;
    sdag_tensor y = simclr(&bytes), z = simclr(&floats);
    for (int i = 0; i < 12 * 12 * 3; i++) assert_true(fabsf(SDAG_DATA_F32(y)[i] - SDAG_DATA_F32(z)[i]) < 1e-4f);
}

/* ---- what cannot be done ---- */

static void refuse(const batch *b, sdag_records ops, const char *message)
{
    sdag_log *log = sdag_log_create(NULL);
    sdag_program *p = SDAG_NEW(a, sdag_program);
    sdag_build s;
    sdag_val in[3];
    emit(&s, p, log, b, &ops, in);
    assert_true(sdag_build_failed(&s));
    assert_int_equal(sdag_log_count(log), 1);
    assert_string_equal(sdag_log_at(log, 0)->text, message);
    sdag_log_destroy(log);
}

#define REFUSE(b, message, ...)                                                                                      \
    refuse(b,                                                                                                        \
           (sdag_records){sizeof((sdag_record[]){__VA_ARGS__}) / sizeof(sdag_record), (sdag_record[]){__VA_ARGS__}}, \
           message)

static void test_refused(void **state)
{
    (void)state;
    int32_t dims[2] = {5, 5};
    batch mixed = {.n = 1, .h = 5, .w = 5, .c = 3, .dims = dims}, grey = {.n = 1, .h = 5, .w = 5, .c = 1};
    sdag_record flip = R("horizontal_flip"), six = R("resize", "size", "6"), crop = R("center_crop", "size", "7");
    REFUSE(&mixed, "views: images have different sizes: add a transform that fixes it (random_resized_crop, resize)",
           flip);
    REFUSE(&mixed, "views: sizes still differ after resize to one number: center_crop or random_crop must follow", six,
           flip);
    REFUSE(&mixed, "views: images of mixed sizes whose shorter side becomes 6 cannot be padded to a crop", six, crop);
    REFUSE(&grey, "views: 3 means and 1 stds for images of 1 channel", R("normalize", "mean", "[0, 0, 0]", "std", "1"));
}

static void test_checks(void **state)
{
    (void)state;
    sdag_record r = R("random_resized_crop", "size", "8", "scale", "[0.5, 0.4]");
    assert_string_equal(r.type->check(r.opts), "a range [from, to] begins with the smaller number");
    r = R("center_crop", "size", "[1, 2, 3]");
    assert_string_equal(r.type->check(r.opts), "size is one number or [height, width]");
    r = R("gaussian_blur", "kernel", "4");
    assert_string_equal(r.type->check(r.opts), "kernel is odd, or 0");
    r = R("color_jitter", "hue", "-0.1");
    assert_string_equal(r.type->check(r.opts), "hue is a turn to both sides, so not below 0");
    for (int i = 0; sdag_transforms[i]; i++) assert_non_null(sdag_transforms[i]->example);
}

static sdag_status build_simclr(void *arg)
{
    (void)arg;
    batch b = {.n = 2, .h = 8, .w = 8, .c = 3};
    sdag_records ops = {1, (sdag_record[]){R("random_resized_crop", "size", "4")}};
    sdag_program *p = SDAG_NEW(a, sdag_program);
    sdag_build s;
    sdag_val in[3];
    emit(&s, p, NULL, &b, &ops, in);
    return s.status;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    sdag_status s = SDAG_NOMEM;
    for (int n = 1; s != SDAG_OK && n < 100; n++) {
        sdag_arena_free(a);
        sdag_arena_init(a);
        sdag_alloc_fail((uint64_t)n, false);
        s = sdag_arena_try(a, build_simclr, NULL);
        sdag_alloc_fail(0, false);
        assert_true(s == SDAG_OK || s == SDAG_NOMEM);
    }
    assert_int_equal(s, SDAG_OK);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_values),      T(test_resized_crop),  T(test_resized_crop_fallback),
        T(test_shifts),      T(test_padded_crop),   T(test_probability),
        T(test_noise),       T(test_jitter_range),  T(test_streams),
        T(test_mixed_sizes), T(test_floats),        T(test_refused),
        T(test_checks),      T(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
