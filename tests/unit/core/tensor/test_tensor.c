/* Shapes: sizes, broadcasting, text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/tensor/tensor.h"

static void test_dtypes(void **state)
{
    (void)state;
    const struct {
        sdag_dtype t;
        const char *name;
        size_t size;
    } all[] = {{SDAG_DT_F32, "f32", 4}, {SDAG_DT_I32, "i32", 4}, {SDAG_DT_U8, "u8", 1}};
    assert_int_equal(sizeof all / sizeof *all, SDAG_DT_COUNT);
    for (int i = 0; i < SDAG_DT_COUNT; i++) {
        assert_string_equal(sdag_dtype_name(all[i].t), all[i].name);
        assert_int_equal(sdag_dtype_size(all[i].t), all[i].size);
    }
}

static void test_sizes(void **state)
{
    (void)state;
    int64_t n;
    size_t bytes;
    sdag_shape s = SDAG_SHAPE(2, 3, 4), scalar = SDAG_SCALAR, empty = SDAG_SHAPE(3, 0, 2), row = SDAG_SHAPE(7);
    assert_int_equal(s.rank, 3);
    assert_true(sdag_shape_count(&n, s) && n == 24);
    assert_true(sdag_shape_bytes(&bytes, SDAG_DT_F32, s) && bytes == 96);
    assert_true(sdag_shape_bytes(&bytes, SDAG_DT_U8, s) && bytes == 24);
    assert_true(sdag_shape_count(&n, scalar) && n == 1);
    assert_true(sdag_shape_count(&n, empty) && n == 0);
    assert_int_equal(sdag_elems(&s), 24);
    assert_int_equal(sdag_last(&s), 4);
    assert_int_equal(sdag_rows(&s), 6);
    assert_int_equal(sdag_elems(&scalar), 1);
    assert_int_equal(sdag_last(&scalar), 1);
    assert_int_equal(sdag_rows(&scalar), 1);
    assert_int_equal(sdag_rows(&row), 1);
    assert_int_equal(sdag_last(&row), 7);
    assert_int_equal(sdag_elems(&empty), 0);
}

static void test_sizes_that_do_not_fit(void **state)
{
    (void)state;
    int64_t n;
    size_t bytes;
    assert_false(sdag_shape_count(&n, SDAG_SHAPE(-1)));
    assert_false(sdag_shape_count(&n, SDAG_SHAPE(INT64_MAX, 2)));
    assert_false(sdag_shape_count(&n, SDAG_SHAPE(1LL << 32, 1LL << 32)));
    assert_true(sdag_shape_count(&n, SDAG_SHAPE(INT64_MAX)) && n == INT64_MAX);
    assert_false(sdag_shape_bytes(&bytes, SDAG_DT_F32, SDAG_SHAPE(INT64_MAX / 2)));
    assert_true(sdag_shape_bytes(&bytes, SDAG_DT_U8, SDAG_SHAPE(INT64_MAX / 2)));
}

static void test_equal_and_axis(void **state)
{
    (void)state;
    sdag_shape s = SDAG_SHAPE(2, 3), longer = s;
    longer.d[5] = 9; /* sizes past the rank do not count */
    assert_true(sdag_shape_equal(s, longer));
    assert_false(sdag_shape_equal(s, SDAG_SHAPE(2, 4)));
    assert_false(sdag_shape_equal(s, SDAG_SHAPE(2, 3, 1)));
    assert_true(sdag_shape_equal(SDAG_SCALAR, SDAG_SCALAR));
    assert_int_equal(sdag_axis(&s, 1), 1);
    assert_int_equal(sdag_axis(&s, -1), 1);
    assert_int_equal(sdag_axis(&s, -2), 0);
    assert_int_equal(sdag_axis(&s, 2), -1);
    assert_int_equal(sdag_axis(&s, -3), -1);
    assert_int_equal(sdag_axis(&SDAG_SCALAR, 0), -1);
}

static void test_broadcast(void **state)
{
    (void)state;
    const struct {
        const char *a, *b, *out;
    } rows[] = {
        {"[2,3]", "[2,3]", "[2,3]"},     {"[2,3]", "[3]", "[2,3]"}, {"[3]", "[2,1]", "[2,3]"}, {"[]", "[4]", "[4]"},
        {"[4,1,6]", "[5,1]", "[4,5,6]"}, {"[1]", "[0]", "[0]"},     {"[]", "[]", "[]"},        {"[2]", "[3]", NULL},
        {"[2,3]", "[2]", NULL},          {"[0]", "[2]", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int swap = 0; swap < 2; swap++) {
            sdag_shape a, b, out, want;
            assert_true(sdag_shape_parse(&a, swap ? rows[i].b : rows[i].a));
            assert_true(sdag_shape_parse(&b, swap ? rows[i].a : rows[i].b));
            assert_int_equal(sdag_shape_broadcast(&out, a, b), rows[i].out != NULL);
            if (!rows[i].out) continue;
            assert_true(sdag_shape_parse(&want, rows[i].out));
            assert_true(sdag_shape_equal(out, want));
        }
}

static void test_text(void **state)
{
    (void)state;
    char buf[SDAG_SHAPE_TEXT];
    assert_string_equal(sdag_shape_text(buf, SDAG_DT_F32, SDAG_SHAPE(2, 3)), "f32[2,3]");
    assert_string_equal(sdag_shape_text(buf, SDAG_DT_I32, SDAG_SCALAR), "i32[]");
    assert_string_equal(sdag_shape_text(buf, SDAG_DT_U8, SDAG_SHAPE(INT64_MAX)), "u8[9223372036854775807]");
    int64_t d[SDAG_RANK_MAX];
    for (int i = 0; i < SDAG_RANK_MAX; i++) d[i] = INT64_MAX;
    sdag_shape_text(buf, SDAG_DT_F32, sdag_shape_of(SDAG_RANK_MAX, d)); /* does not fit, and is cut */
    assert_int_equal(strlen(buf), SDAG_SHAPE_TEXT - 1);
}

static void test_parse(void **state)
{
    (void)state;
    sdag_shape s;
    assert_true(sdag_shape_parse(&s, "[]"));
    assert_int_equal(s.rank, 0);
    assert_true(sdag_shape_parse(&s, "[2,30,0]"));
    assert_true(sdag_shape_equal(s, SDAG_SHAPE(2, 30, 0)));
    assert_true(sdag_shape_parse(&s, "[1,2,3,4,5,6,7,8]"));
    assert_int_equal(s.rank, SDAG_RANK_MAX);
    const char *bad[] = {"",
                         "2",
                         "[",
                         "[2",
                         "[2,",
                         "[2,]",
                         "[,2]",
                         "[2 3]",
                         "[-1]",
                         "[2]x",
                         "[1,2,3,4,5,6,7,8,9]",
                         "[99999999999999999999]",
                         "[ 2]",
                         "[+2]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (sdag_shape_parse(&s, bad[i])) fail_msg("'%s' is taken for a shape", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dtypes),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_sizes_that_do_not_fit),
        cmocka_unit_test(test_equal_and_axis),
        cmocka_unit_test(test_broadcast),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
