/* Parts of what a run keeps for its report: grids of images, counts of classes, limits of control groups, the command
 * line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/io/image.h"
#include "core/node/collector.h"
#include "runtime/records/env.h"
#include "runtime/records/grid.h"
#include "tests/support/temp.h"

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

/* ---- grids */

enum { H = 6, W = 4, B = 5 };

static float a[B * H * W], b[B * H * W];
static uint8_t colour[B * W * W * 3];

static sdag_tensor f32(float *x) { return (sdag_tensor){x, SDAG_DT_F32, SDAG_SHAPE(B, H, W, 1)}; }

/* The pixels of a.png as RGB. */
static uint8_t *read_grid(int *h, int *w)
{
    size_t n;
    char why[SDAG_WHY];
    uint8_t *file = temp_read(&n, "a.png"), *pixels = calloc(1 << 20, 1);
    sdag_decoder *d = sdag_decoder_create();
    assert_true(file && pixels && d);
    assert_int_equal(sdag_image_decode(d, pixels, 1 << 20, h, w, file, n, 3, 0, why), SDAG_OK);
    sdag_decoder_destroy(d);
    free(file);
    return pixels;
}

/* Row and column of the first pixel of tile k. */
static const uint8_t *corner(const sdag_grid *g, const uint8_t *pixels, int w, int64_t k)
{
    const int64_t block = g->side + SDAG_GRID_GAP;
    return pixels + ((SDAG_GRID_GAP + k / g->columns * block) * w + SDAG_GRID_GAP + k % g->columns * block) * 3;
}

static void test_grid(void **state)
{
    (void)state;
    int h, w;
    for (int i = 0; i < B * H * W; i++) a[i] = b[i] = 0.5f;
    for (int k = 0; k < B; k++) a[k * H * W] = (float)k / 10, b[k * H * W] = 1.2f - (float)k; /* first pixels */
    for (size_t i = 0; i < sizeof colour; i++) colour[i] = (uint8_t)(i % 3 * 100);
    sdag_grid g = {.n = 3, .samples = B};
    g.tiles[0] = f32(a);
    g.tiles[1] = (sdag_tensor){b, SDAG_DT_F32, SDAG_SHAPE(B, H * W)}; /* flat: as the first */
    g.tiles[2] = (sdag_tensor){colour, SDAG_DT_U8, SDAG_SHAPE(B, W, W, 3)};
    assert_true(sdag_grid_write(&g, NULL, temp_path("a.png")));
    assert_int_equal(g.side, 48);
    assert_true(g.columns == 9 && g.rows == 2);
    uint8_t *p = read_grid(&h, &w);
    assert_int_equal(w, 9 * 50 + 2);
    assert_int_equal(h, 2 * 50 + 2);
    for (int k = 0; k < B; k++) {
        assert_int_equal(corner(&g, p, w, 3 * k)[0], (int)(255 * a[k * H * W] + 0.5f));
        /* b reaches from -2.8 to 1.2: stretched to what it spans */
        const int want = (int)(255 * (b[k * H * W] + 2.8f) / 4 + 0.5f);
        assert_true(abs(corner(&g, p, w, 3 * k + 1)[1] - want) <= 1);
        const uint8_t *c = corner(&g, p, w, 3 * k + 2);
        assert_true(c[0] == 0 && c[1] == 100 && c[2] == 200);
    }
    assert_int_equal(corner(&g, p, w, 0)[8 * 3], 128); /* the second pixel, 8 pixels to the right: 0.5 */
    assert_int_equal(corner(&g, p, w, 3 * B)[0], 255); /* behind the last: paper */
    free(p);
}

static void test_grid_refused(void **state)
{
    (void)state;
    sdag_log *log = sdag_log_create(NULL);
    sdag_grid g = {.n = 1, .samples = B};
    g.tiles[0] = (sdag_tensor){a, SDAG_DT_F32, SDAG_SHAPE(B, H, 2, 2)}; /* two channels */
    assert_false(sdag_grid_write(&g, log, temp_path("b.png")));
    g.tiles[0] = (sdag_tensor){a, SDAG_DT_F32, SDAG_SHAPE(B, H * W)}; /* flat alone */
    assert_false(sdag_grid_write(&g, log, temp_path("b.png")));
    g.tiles[0] = f32(NULL);
    assert_false(sdag_grid_write(&g, log, temp_path("b.png")));
    g.tiles[0] = f32(a);
    g.samples = B + 1;
    assert_false(sdag_grid_write(&g, log, temp_path("b.png")));
    g.samples = B;
    assert_false(sdag_grid_write(&g, log, temp_path("no/folder/b.png")));
    assert_false(temp_exists("b.png"));
    sdag_log_destroy(log);
}

/* ---- counts */

static void test_confused(void **state)
{
    (void)state;
    sdag_confusion m = {0};
    sdag_collector c = {0};
    sdag_confused(&c, 3, 0, 1); /* nobody asks */
    c.confusion = &m;
    sdag_confused(&c, 3, 0, 1);
    sdag_confused(&c, 3, 0, 1);
    sdag_confused(&c, 3, 2, 2);
    assert_true(m.classes == 3 && !m.full);
    for (int i = 0; i < 9; i++) assert_int_equal(m.counts[i], i == 1 ? 2 : i == 8);
    sdag_confused(&c, 4, 0, 0); /* another number of classes */
    assert_true(m.full);
    sdag_confusion_clear(&m);
    sdag_confused(&c, 3, 3, 0); /* a class that there is not */
    assert_true(m.full);
    sdag_confusion_clear(&m);
    sdag_confused(&c, SDAG_CONFUSION_MAX + 1, 0, 0); /* a vocabulary */
    assert_true(m.full && !m.classes && !m.counts);
    sdag_confusion_clear(&m);
    assert_true(!m.full);
}

/* ---- the machine */

static void put(const char *name, const char *text) { temp_write(name, text, strlen(text)); }

static void test_memory_limit(void **state)
{
    (void)state;
    char root[256], self[256];
    strcpy(root, temp_path("groups"));
    strcpy(self, temp_path("self"));
    put("self", "12:cpu:/other\n0::/a/b\n");
    assert_int_equal(sdag_env_memory_limit(root, self), 0);
    put("groups/memory.max", "max\n");
    put("groups/a/memory.max", "3000000000\n");
    put("groups/a/b/memory.max", "max\n");
    assert_int_equal(sdag_env_memory_limit(root, self), 3000000000);
    put("groups/a/b/memory.max", "1048576\n");
    assert_int_equal(sdag_env_memory_limit(root, self), 1048576);
    put("groups/a/b/memory.max", "nonsense");
    assert_int_equal(sdag_env_memory_limit(root, self), 3000000000);
    assert_int_equal(sdag_env_memory_limit(root, "nowhere"), 0);
}

static void test_env(void **state)
{
    (void)state;
    json_t *env = sdag_env_json(temp_path("")), *bare = sdag_env_json(NULL), *command = sdag_env_command();
    assert_true(env && bare);
    assert_true(json_integer_value(json_object_get(json_object_get(env, "disk"), "free")) > 0);
    assert_true(json_integer_value(json_object_get(json_object_get(env, "memory"), "bytes")) > 1 << 20);
    assert_null(json_object_get(bare, "disk"));
    assert_null(json_object_get(bare, "memory"));
    assert_true(json_integer_value(json_object_get(json_object_get(env, "cpu"), "allowed")) >= 1);
    const char *threads = json_string_value(json_object_get(json_object_get(env, "openblas"), "threads"));
    assert_true(!strcmp(threads, "pthread") || !strcmp(threads, "openmp") || !strcmp(threads, "none"));
    assert_non_null(strstr(json_string_value(command), "test_records"));
    json_decref(env);
    json_decref(bare);
    json_decref(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grid),         cmocka_unit_test(test_grid_refused), cmocka_unit_test(test_confused),
        cmocka_unit_test(test_memory_limit), cmocka_unit_test(test_env),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
