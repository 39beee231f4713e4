/* Text: nearest names, numbers whatever the locale, UTF-8. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/rng.h"
#include "core/base/str.h"

static void test_growing(void **state)
{
    (void)state;
    sdag_arena a;
    sdag_arena_init(&a);
    sdag_str s = {.a = &a};
    sdag_str_add(&s, "");
    assert_string_equal(s.at, "");
    for (int i = 0; i < 500; i++) sdag_str_addf(&s, "%d,", i);
    sdag_str_addn(&s, "xyz", 2);
    assert_int_equal(strlen(s.at), s.n);
    assert_memory_equal(s.at, "0,1,2,", 6);
    assert_string_equal(s.at + s.n - 6, "499,xy");
    sdag_arena_free(&a);
}

static const char *each(const void *ctx, int i) { return ((const char *const *)ctx)[i]; }

static void test_nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"projector", "encoder", "loss", "optimizer", "in", "view_i", "view_j", NULL};
    static const char *const none[] = {NULL};
    assert_string_equal(sdag_nearest("projectr", each, names), "projector");
    assert_string_equal(sdag_nearest("porjector", each, names), "projector");
    assert_string_equal(sdag_nearest("lsos", each, names), "loss");
    assert_string_equal(sdag_nearest("encoder", each, names), "encoder");
    assert_string_equal(sdag_nearest("view_k", each, names), "view_i"); /* the first of equals */
    assert_string_equal(sdag_nearest("ni", each, names), "in");
    assert_null(sdag_nearest("banana", each, names));
    assert_null(sdag_nearest("", each, names));
    assert_null(sdag_nearest("loss", each, none));
    char longest[200];
    memset(longest, 'a', sizeof longest - 1);
    longest[199] = 0;
    assert_null(sdag_nearest(longest, each, names));
}

static void test_i64(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t v;
    } good[] = {
        {"0", 0},
        {"42", 42},
        {"+7", 7},
        {"-7", -7},
        {"007", 7},
        {"0x1F", 31},
        {"0o17", 15},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"0x7fffffffffffffff", INT64_MAX},
    };
    static const char *const bad[] = {"",
                                      "+",
                                      "-",
                                      "1_000",
                                      "0x",
                                      "0o",
                                      "0o8",
                                      "0xg",
                                      "-0x1",
                                      "0b1",
                                      "1.0",
                                      " 1",
                                      "1 ",
                                      "1e3",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "0x8000000000000000",
                                      "0X1",
                                      "one",
                                      "--1",
                                      "1,000"};
    int64_t v;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(sdag_parse_i64(&v, good[i].text));
        assert_true(v == good[i].v);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(sdag_parse_i64(&v, bad[i]));
}

static void check_f64(void)
{
    static const struct {
        const char *text;
        double v;
    } good[] = {
        {"0", 0},    {"1e-3", 1e-3},   {"1E+3", 1000}, {".5", 0.5},
        {"5.", 5},   {"-0.25", -0.25}, {"+1.5", 1.5},  {"0x10", 16},
        {"0o10", 8}, {"012", 12},      {"1e-400", 0},  {"1.7976931348623157e308", 1.7976931348623157e308},
    };
    static const char *const bad[] = {"",    ".",        "-",       "+.",    "e3",    "1e",   "1e+",   ".e1",
                                      "1,5", "1_0.0",    "1e400",   ".inf",  "-.inf", ".nan", "inf",   "nan",
                                      "NaN", "infinity", "0x1.8p1", "0x1p3", " 1",    "1 ",   "1.2.3", "1f"};
    double v;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(sdag_parse_f64(&v, good[i].text));
        assert_true(v == good[i].v);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(sdag_parse_f64(&v, bad[i]));

    static const struct {
        double v;
        const char *text;
    } texts[] = {
        {0, "0"},
        {-0.0, "-0"},
        {0.1, "0.1"},
        {1e-3, "1e-3"},
        {3, "3"},
        {0.05, "0.05"},
        {0.0125, "0.0125"},
        {1.5e-3, "1.5e-3"},
        {100, "100"},
        {30000, "30000"},
        {12.25, "12.25"},
        {-1.5, "-1.5"},
        {1e15, "1000000000000000"},
        {1e16, "1e16"},
        {0.99, "0.99"},
        {1.0 / 3, "0.3333333333333333"},
        {123456789012345.6, "123456789012345.6"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e308"},
        {(double)INFINITY, ".inf"},
        {-(double)INFINITY, "-.inf"},
        {(double)NAN, ".nan"},
    };
    char buf[32];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_string_equal(sdag_f64_text(buf, texts[i].v), texts[i].text);
    assert_string_equal(sdag_f32_text(buf, 0.1f), "0.1");
    assert_string_equal(sdag_f32_text(buf, 1e-3f), "1e-3");
    assert_string_equal(sdag_f32_text(buf, 16777216.0f), "16777216");

    sdag_rng r = sdag_rng_at(1, 1, 1, 1);
    for (int i = 0; i < 20000; i++) { /* any bits come back */
        uint64_t bits = (uint64_t)sdag_rng_u32(&r) << 32 | sdag_rng_u32(&r);
        double d;
        memcpy(&d, &bits, sizeof d);
        if (!isfinite(d)) continue;
        assert_true(sdag_parse_f64(&v, sdag_f64_text(buf, d)));
        assert_memory_equal(&v, &d, sizeof v);
    }
}

static void test_f64(void **state)
{
    (void)state;
    check_f64();
    /* A locale with a decimal comma must change nothing; where none is installed the first pass stands. */
    static const char *const commas[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "nl_NL.UTF-8"};
    for (size_t i = 0; i < sizeof commas / sizeof commas[0]; i++)
        if (setlocale(LC_ALL, commas[i])) check_f64();
    setlocale(LC_ALL, "C");
}

static void test_utf8(void **state)
{
    (void)state;
    uint32_t c;
    assert_int_equal(sdag_utf8(&c, "a", 1), 1);
    assert_int_equal(sdag_utf8(&c, "\xc3\xa4", 2), 2);
    assert_int_equal(c, 0xe4);
    assert_int_equal(sdag_utf8(&c, "\xe2\x82\xac", 3), 3);
    assert_int_equal(c, 0x20ac);
    assert_int_equal(sdag_utf8(&c, "\xf0\x9f\x98\x80", 4), 4);
    assert_int_equal(c, 0x1f600);
    assert_int_equal(sdag_utf8(&c, "", 0), 0);
    assert_int_equal(sdag_utf8(&c, "\xe2\x82", 2), 0); /* cut off */
    assert_int_equal(sdag_utf8(&c, "\x80", 1), 0);     /* a middle byte */
    assert_int_equal(sdag_utf8(&c, "\xc0\xaf", 2), 0); /* too long a form */
    assert_int_equal(sdag_utf8(&c, "\xe0\x80\xaf", 3), 0);
    assert_int_equal(sdag_utf8(&c, "\xed\xa0\x80", 3), 0);     /* a surrogate */
    assert_int_equal(sdag_utf8(&c, "\xf4\x90\x80\x80", 4), 0); /* past U+10FFFF */
    assert_int_equal(sdag_utf8(&c, "\xff", 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growing), cmocka_unit_test(test_nearest), cmocka_unit_test(test_i64),
        cmocka_unit_test(test_f64),     cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
