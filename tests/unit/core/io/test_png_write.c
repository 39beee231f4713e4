/* PNG files that are written: the same pixels when decoded again, whole files or none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/io/image.h"
#include "core/io/png_write.h"
#include "tests/support/temp.h"

static sdag_log *logs;

static int set_up(void **state)
{
    (void)state;
    logs = sdag_log_create(NULL);
    return logs == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    sdag_log_destroy(logs);
    temp_clear();
    return 0;
}

static uint8_t *pattern(int h, int w, int c)
{
    uint8_t *p = malloc((size_t)(h * w * c));
    for (int i = 0; i < h * w * c; i++) p[i] = (uint8_t)(i * 37 + i / 7);
    return p;
}

static void round_trip(int h, int w, int c)
{
    uint8_t *pixels = pattern(h, w, c), *again = malloc((size_t)(h * w * c));
    char why[SDAG_WHY];
    size_t n;
    int got_h, got_w;
    sdag_image_head head;
    assert_int_equal(sdag_png_write(logs, temp_path("a.png"), pixels, h, w, c), SDAG_OK);
    uint8_t *file = temp_read(&n, "a.png");
    assert_int_equal(sdag_image_read_head(&head, file, n, why), SDAG_OK);
    assert_true(head.format == SDAG_PNG && head.height == h && head.width == w && head.channels == c);
    sdag_decoder *d = sdag_decoder_create();
    assert_non_null(d);
    assert_int_equal(sdag_image_decode(d, again, (size_t)(h * w * c), &got_h, &got_w, file, n, c, 0, why), SDAG_OK);
    assert_memory_equal(again, pixels, (size_t)(h * w * c));
    sdag_decoder_destroy(d);
    free(file);
    free(again);
    free(pixels);
}

static void test_round_trip(void **state)
{
    (void)state;
    round_trip(1, 1, 1);
    round_trip(5, 9, 3);
    round_trip(300, 401, 3);
    round_trip(2, 3000, 1);
}

static void test_refused(void **state)
{
    (void)state;
    static const uint8_t pixels[12];
    static const struct {
        int64_t h, w;
        int c;
    } rows[] = {{0, 1, 1}, {1, 0, 1}, {-1, 1, 1}, {1, 1, 2}, {1, 1, 4}, {100001, 1000, 1}, {INT64_MAX, 2, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(sdag_png_write(logs, temp_path("a.png"), pixels, rows[i].h, rows[i].w, rows[i].c),
                         SDAG_FAILED);
        assert_true(temp_says(logs, "a.png"));
    }
    assert_int_equal(sdag_png_write(logs, temp_path("no/folder/a.png"), pixels, 1, 1, 3), SDAG_IO);
    assert_int_equal(sdag_png_write(logs, "/dev/full", pixels, 2, 2, 3), SDAG_IO);
    assert_int_equal(temp_count(), 0);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    uint8_t *pixels = pattern(40, 30, 3);
    const char *path = temp_path("a.png");
    int failed = 0;
    for (uint64_t nth = 1;; nth++) {
        sdag_alloc_fail(nth, false);
        sdag_status s = sdag_png_write(logs, path, pixels, 40, 30, 3);
        sdag_alloc_fail(0, false);
        if (s == SDAG_OK) break;
        assert_int_equal(s, SDAG_NOMEM);
        assert_int_equal(temp_count(), 0);
        failed++;
    }
    assert_true(failed >= 5); /* the file's, libpng's and zlib's */
    free(pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_out_of_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
