/* The embedded digits: their content and, for ever, their split. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/io/digits.h"

static uint32_t fnv(uint32_t h, int v) { return (h ^ (uint32_t)v) * 16777619u; }

static void content(void **state)
{
    (void)state;
    static const int count[10] = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
    static const int first[64] = {0, 0,  5, 13, 9,  1, 0,  0, 0,  0,  13, 15, 10, 15, 5, 0,  0,  3, 15, 2, 0,  11,
                                  8, 0,  0, 4,  12, 0, 0,  8, 8,  0,  0,  5,  8,  0,  0, 9,  8,  0, 0,  4, 11, 0,
                                  1, 12, 7, 0,  0,  2, 14, 5, 10, 12, 0,  0,  0,  0,  6, 13, 10, 0, 0,  0};
    sdag_digits d;
    int seen[10] = {0}, histogram[17] = {0};
    assert_int_equal(sdag_digits_load(&d, NULL), SDAG_OK);
    for (int i = 0; i < SDAG_DIGITS; i++) {
        seen[d.label[i]]++;
        for (int k = 0; k < 64; k++) {
            int v = sdag_digits_value(d.pixels[i][k]);
            assert_in_range(v, 0, 16);
            assert_int_equal(d.pixels[i][k], (v * 255 + 8) / 16);
            histogram[v]++;
        }
    }
    for (int c = 0; c < 10; c++) assert_int_equal(seen[c], count[c]);
    for (int k = 0; k < 64; k++) assert_int_equal(sdag_digits_value(d.pixels[0][k]), first[k]);
    assert_int_equal(d.label[0], 0);
    assert_int_equal(d.label[SDAG_DIGITS - 1], 8);
    assert_true(histogram[0] > histogram[16] && histogram[16] > histogram[8]);
    sdag_digits_free(&d);
    sdag_digits_free(&d); /* twice is fine */
}

/* Whoever compares results relies on it: the hash may never change. */
static void split(void **state)
{
    (void)state;
    static const int test_count[10] = {50, 51, 49, 51, 50, 51, 50, 50, 48, 50};
    sdag_digits d;
    int seen[10] = {0}, rows[SDAG_DIGITS] = {0};
    uint32_t h = 2166136261u;
    assert_int_equal(sdag_digits_load(&d, NULL), SDAG_OK);
    assert_int_equal(d.n_train, 1297);
    assert_int_equal(d.n_test, 500);
    for (int i = 0; i < d.n_test; i++) {
        if (i) assert_true(d.test[i] > d.test[i - 1]);
        rows[d.test[i]]++;
        seen[d.label[d.test[i]]]++;
        h = fnv(h, d.test[i]);
    }
    for (int i = 0; i < d.n_train; i++) {
        if (i) assert_true(d.train[i] > d.train[i - 1]);
        rows[d.train[i]]++;
    }
    for (int i = 0; i < SDAG_DIGITS; i++) assert_int_equal(rows[i], 1);
    for (int c = 0; c < 10; c++) assert_int_equal(seen[c], test_count[c]);
    assert_int_equal(h, 0x276359f3);
    sdag_digits_free(&d);
}

static void out_of_memory(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 5; n++) {
        sdag_digits d;
        sdag_alloc_fail(n, n % 2);
        assert_int_equal(sdag_digits_load(&d, NULL), SDAG_NOMEM);
        sdag_alloc_fail(0, false);
        assert_null(d.pixels);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content),
        cmocka_unit_test(split),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
