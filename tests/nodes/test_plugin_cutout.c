/* examples/plugin/cutout.c: what is hidden is squares of the size, cut off at the edge, of every pixel's chance; the
 * rest stays as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "examples/plugin/cutout.c"
#include "nodes/augment/image.h"

enum { H = 9, W = 7, C = 3, N = H * W * C };

/* One image of ones through the transform; hidden[H*W]: 1 where it is 0 now. The number of them. */
static int run(float *hidden, const cutout *o, uint32_t sample)
{
    float px[N], buf0[N + SDAG_IMAGE_PAD], buf1[N + SDAG_IMAGE_PAD], out[N];
    sdag_image im;
    sdag_rng r = sdag_rng_at(1, 2, 3, sample);
    const sdag_transform *t = sdag_plugin_get()->records[0].record->type;
    int n = 0;
    for (int i = 0; i < N; i++) px[i] = 1;
    sdag_image_begin(&im, (sdag_raster){.at = px, .h = H, .w = W, .c = C, .stride = W * C}, buf0, buf1, NULL);
    t->apply(&im, o, &r);
    sdag_image_finish(&im, out);
    for (int i = 0; i < H * W; i++) {
        hidden[i] = out[i * C] == o->fill;
        assert_true(out[i * C] == out[i * C + 1] && out[i * C] == out[i * C + 2]);
        assert_true(out[i * C] == 1 || out[i * C] == o->fill);
        n += hidden[i] != 0;
    }
    for (int i = 0; i < N; i++) assert_true(px[i] == 1); /* the source is not written */
    return n;
}

static void test_one_hole(void **state)
{
    (void)state;
    const cutout o = {.size = 4, .holes = 1, .p = 1, .fill = -2};
    float hidden[H * W], often[H * W] = {0};
    for (uint32_t s = 0; s < 4000; s++) {
        int y0 = H, y1 = -1, x0 = W, x1 = -1, n = run(hidden, &o, s);
        for (int i = 0; i < H * W; i++) {
            often[i] += hidden[i] / 4000;
            if (hidden[i] == 0) continue;
            y0 = i / W < y0 ? i / W : y0, y1 = i / W > y1 ? i / W : y1;
            x0 = i % W < x0 ? i % W : x0, x1 = i % W > x1 ? i % W : x1;
        }
        int h = y1 - y0 + 1, w = x1 - x0 + 1;
        assert_int_equal(n, h * w); /* a rectangle, whole where it does not touch the edge */
        assert_true(h <= 4 && w <= 4 && (h == 4 || y0 == 0 || y1 == H - 1) && (w == 4 || x0 == 0 || x1 == W - 1));
    }
    for (int y = 0; y < H; y++) /* the centres that hide pixel (y, x) lie in (y - 2, y + 2] x (x - 2, x + 2] */
        for (int x = 0; x < W; x++) {
            int ny = 0, nx = 0;
            for (int c = 0; c < H; c++) ny += y >= c - 2 && y < c + 2;
            for (int c = 0; c < W; c++) nx += x >= c - 2 && x < c + 2;
            assert_true(fabsf(often[y * W + x] - (float)(ny * nx) / (H * W)) < 0.035f);
        }
}

static void test_options(void **state)
{
    (void)state;
    float hidden[H * W];
    int some = 0;
    for (uint32_t s = 0; s < 1000; s++) some += run(hidden, &(cutout){.size = 2, .holes = 1, .p = 0.25f}, s) > 0;
    assert_in_range(some, 200, 300);
    int most = 0;
    for (uint32_t s = 0; s < 200; s++) {
        int n = run(hidden, &(cutout){.size = 2, .holes = 3, .p = 1}, s);
        most = n > most ? n : most;
    }
    assert_int_equal(most, 12);
    assert_int_equal(run(hidden, &(cutout){.size = 100, .holes = 1, .p = 1}, 5), H * W);
    const sdag_opt *o = sdag_plugin_get()->records[0].record->opts;
    assert_string_equal(o[0].name, "size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_hole), cmocka_unit_test(test_options)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
